//! Where the file is looked for.

use std::path::{Path, PathBuf};

use super::Loaded;
use super::expand::Environment;
use super::load::{Text, load_text_from};
use super::problem::{Place, Problem, Problems};

/// Finds and loads the configuration: `file` (`--config`), `$NIGHTSHIFT_CONFIG`,
/// `.nightshift/config.yaml` in `home`. Only the last may be missing: then the defaults hold.
pub(crate) fn load(
    file: Option<&Path>,
    home: &Path,
    environment: &Environment,
) -> Result<Loaded, Problems> {
    let variable = environment.get("NIGHTSHIFT_CONFIG");
    let variable = variable.filter(|file| !file.is_empty());
    let named = file
        .map(Path::to_owned)
        .or_else(|| variable.map(PathBuf::from));
    let file = named
        .clone()
        .unwrap_or_else(|| home.join(".nightshift/config.yaml"));
    match std::fs::read(&file) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => load_text_from(&Text::of_file(text, file), environment),
            Err(_) => Err(refuse(&file, "expected text in UTF-8".into())),
        },
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            load_text_from(&Text::none(), environment)
        }
        Err(error) => Err(refuse(&file, format!("cannot be read: {}", error.kind()))),
    }
}

fn refuse(file: &Path, message: String) -> Problems {
    Problems {
        file: Some(file.display().to_string()),
        list: vec![Problem::of_file(Place::Nowhere, message)],
    }
}
