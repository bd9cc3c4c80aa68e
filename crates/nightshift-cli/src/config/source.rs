//! Where the file is looked for.

use std::path::{Path, PathBuf};

use super::Loaded;
use super::expand::Environment;
use super::load::{Text, load_text_from};
use super::problem::{Place, Problem, Problems};

/// What the command line knows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    /// `--config`.
    pub(crate) file: Option<PathBuf>,
    /// The whole environment.
    pub(crate) environment: Environment,
}

/// Finds and loads the configuration: `--config`, `$NIGHTSHIFT_CONFIG`,
/// `~/.nightshift/config.yaml`. Only the last may be missing: then the defaults hold.
pub(crate) fn load(request: &Request) -> Result<Loaded, Problems> {
    let environment = &request.environment;
    let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    let named = request
        .file
        .clone()
        .or_else(|| set("NIGHTSHIFT_CONFIG").map(PathBuf::from));
    let standard = || {
        Path::new(set("HOME")?)
            .join(".nightshift/config.yaml")
            .into()
    };
    let Some(file) = named.clone().or_else(standard) else {
        return load_text_from(&Text::none(), environment);
    };
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
