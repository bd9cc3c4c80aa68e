//! The steps from a text to a typed configuration.

use std::path::PathBuf;

use nightshift_core::secret::{Scrubber, Secret};
use serde_yaml::{Mapping, Value};

use super::check::Check;
use super::document::{get, parse, set};
use super::environment::{FromVariables, fill_keys, override_keys};
use super::expand::Environment;
use super::fill::Fill;
use super::key::KeyPath;
use super::locate::locate;
use super::parts::Parts;
use super::problem::{Findings, Found, Place, Problem, Problems};
use super::rules;
use super::section::Config;
use super::{Loaded, Sources};

/// A text and the file it stands in.
pub(crate) struct Text {
    text: String,
    file: Option<PathBuf>,
}

impl Text {
    pub(crate) fn none() -> Self {
        Self {
            text: String::new(),
            file: None,
        }
    }

    pub(crate) fn of_file(text: String, file: PathBuf) -> Self {
        Self {
            text,
            file: Some(file),
        }
    }
}

/// Loads a configuration that stands in no file.
pub(crate) fn load_text(text: &str, environment: &Environment) -> Result<Loaded, Problems> {
    let text = Text {
        text: text.to_owned(),
        file: None,
    };
    load_text_from(&text, environment)
}

pub(crate) fn load_text_from(text: &Text, environment: &Environment) -> Result<Loaded, Problems> {
    let name = text.file.as_ref().map(|file| file.display().to_string());
    let refuse = |list: Vec<Problem>| Problems {
        file: name.clone(),
        list,
    };
    let tree = parse(&text.text).map_err(|problem| refuse(vec![problem]))?;
    let mut work = Work {
        environment,
        found: Findings::default(),
        from: FromVariables::new(),
        secrets: Vec::new(),
        hidden: Vec::new(),
    };
    let config = work.typed(tree);
    if work.found.0.is_empty() {
        return Ok(work.loaded(config, text.file.clone()));
    }
    Err(refuse(work.problems(&text.text)))
}

/// What is gathered on the way.
struct Work<'a> {
    environment: &'a Environment,
    found: Findings,
    from: FromVariables,
    /// Everything that no message may contain.
    secrets: Vec<String>,
    hidden: Vec<String>,
}

impl Work<'_> {
    fn typed(&mut self, mut tree: Value) -> Config {
        if !tree.is_mapping() {
            let path = KeyPath::default();
            self.found
                .value(&path, "expected a mapping with the key `remote`");
            tree = Value::Mapping(Mapping::new());
        }
        self.from = override_keys(&mut tree, self.environment, &mut self.found);
        let parts = Parts::of(&tree, self.environment);
        let mut fill = Fill {
            environment: self.environment,
            read_file: &|path| std::fs::read_to_string(path),
            parts: &parts,
            found: &mut self.found,
            filled: self.from.keys().cloned().collect(),
            secrets: Vec::new(),
        };
        let mut tree = fill.tree(tree, &KeyPath::default());
        let mut filled = fill.filled;
        self.hidden = fill.secrets;
        fill_platform_secrets(&mut tree);
        fill_keys(&mut tree, self.environment, &mut self.from);
        filled.extend(self.from.keys().cloned());
        let mut check = Check {
            found: &mut self.found,
            filled: &filled,
            secrets: Vec::new(),
        };
        let tree = check.tree(tree);
        self.secrets = check.secrets;
        self.secrets.extend(self.hidden.iter().cloned());
        self.read(tree)
    }

    /// The table and the types agree (a test says so), so this refuses nothing that was accepted.
    fn read(&mut self, tree: Value) -> Config {
        let mut config: Config = match serde_path_to_error::deserialize(tree) {
            Ok(config) => config,
            Err(error) => {
                let path = KeyPath::of(&error.path().to_string());
                self.found.value(&path, "is not accepted here");
                return Config::default();
            }
        };
        let mut later = Findings::default();
        rules::check(&config, &mut later);
        self.found.add(later);
        self.settle_home(&mut config);
        config
    }

    /// `~/` is the home of whoever starts the server.
    fn settle_home(&mut self, config: &mut Config) {
        let execution = &mut config.remote.execution;
        let root = KeyPath::of("remote.execution");
        let mut paths = vec![(
            root.name("local").name("working_dir"),
            &mut execution.local.working_dir,
        )];
        if let Some(file) = &mut config.remote.storage.password_file {
            paths.push((KeyPath::of("remote.storage.password_file"), file));
        }
        for (name, project) in &mut execution.projects {
            let path = root.name("projects").name(name).name("path");
            paths.push((path, &mut project.path));
        }
        let home = self.environment.get("HOME").filter(|home| !home.is_empty());
        for (path, text) in paths {
            let Some(rest) = text.strip_prefix('~') else {
                continue;
            };
            match home {
                Some(home) => *text = format!("{}{rest}", home.trim_end_matches('/')),
                None => self
                    .found
                    .value(&path, "`~` stands for $HOME, which is not set"),
            }
        }
    }

    fn loaded(self, config: Config, file: Option<PathBuf>) -> Loaded {
        let variables = self.from.iter();
        let variables = variables.map(|(path, name)| (path.to_string(), name.clone()));
        Loaded {
            warnings: super::warnings::of(&config),
            config,
            sources: Sources {
                file,
                variables: variables.collect(),
            },
            hidden: self.hidden.into_iter().map(Secret::new).collect(),
        }
    }

    fn problems(self, text: &str) -> Vec<Problem> {
        let scrubber = Scrubber::new(self.secrets.iter().map(Secret::new));
        let problem = |found: &Found| Problem {
            path: scrubber.text(&found.path.to_string()),
            place: match self.variable(&found.path) {
                Some(variable) => Place::Variable(variable),
                None => locate(text, &found.path, found.on),
            },
            message: scrubber.text(&found.message),
        };
        let mut list: Vec<Problem> = self.found.0.iter().map(problem).collect();
        list.sort_by_key(|problem| match problem.place {
            Place::Line(line, column) => (line, column),
            _ => (usize::MAX, 0),
        });
        list
    }

    /// The variable that set this key, or what is around it.
    fn variable(&self, path: &KeyPath) -> Option<String> {
        let mut set = self.from.iter().rev();
        set.find(|(from, _)| path.starts_with(from))
            .map(|(_, name)| name.clone())
    }
}

/// `auth.platform_secrets.X` and the key of platform X that it fills.
const PLATFORM_SECRETS: [(&str, &str); 4] = [
    ("slack", "signing_secret"),
    ("whatsapp", "app_secret"),
    // The guide puts the bot's token there.
    ("telegram", "bot_token"),
    ("discord", "public_key"),
];

fn fill_platform_secrets(tree: &mut Value) {
    for (platform, key) in PLATFORM_SECRETS {
        let given = get(tree, &["remote", "auth", "platform_secrets", platform]).cloned();
        let own = ["remote", "trigger_service", "platforms", platform, key];
        let Some(given) = given.filter(Value::is_string) else {
            continue;
        };
        if get(tree, &own).is_none() {
            set(tree, &own.map(str::to_owned), given);
        }
    }
}
