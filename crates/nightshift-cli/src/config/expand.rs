//! `${NAME}`, `${NAME:-default}` and `${file:/path}`, filled in on values: what comes in can
//! never become YAML. `$${` stands for `${`; so that the guide's shell text works as it is
//! printed there, `\${` is read as `${`.

use std::collections::BTreeMap;

pub(crate) type Environment = BTreeMap<String, String>;

/// Reads the file of a `${file:…}`.
pub(crate) type ReadFile<'a> = &'a dyn Fn(&str) -> std::io::Result<String>;

/// A text with everything filled in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Expanded {
    pub(crate) text: String,
    /// What came from a file: always a secret.
    pub(crate) from_files: Vec<String>,
    /// What came from variables: a secret by where it stands.
    pub(crate) from_variables: Vec<String>,
}

/// Why a text cannot be filled in. The sentence is complete and holds no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Gap {
    /// Counts as absent where the part is not used.
    Missing(String),
    Malformed(String),
}

/// Whether there is anything to fill in.
pub(crate) fn is_template(text: &str) -> bool {
    text.contains("${")
}

pub(crate) fn expand(
    text: &str,
    environment: &Environment,
    read_file: ReadFile<'_>,
) -> Result<Expanded, Gap> {
    let mut done = Expanded::default();
    let mut rest = text;
    while let Some(open) = rest.find("${") {
        let before = &rest[..open];
        if let Some(before) = before.strip_suffix('$') {
            done.text.push_str(before);
            done.text.push_str("${");
            rest = &rest[open + 2..];
            continue;
        }
        done.text
            .push_str(before.strip_suffix('\\').unwrap_or(before));
        let tail = &rest[open + 2..];
        let close = tail
            .find('}')
            .ok_or_else(|| Gap::Malformed("`${` is not closed; write `$${` for the text".into()))?;
        fill(&tail[..close], environment, read_file, &mut done)?;
        rest = &tail[close + 1..];
    }
    done.text.push_str(rest);
    Ok(done)
}

fn fill(
    inside: &str,
    environment: &Environment,
    read_file: ReadFile<'_>,
    done: &mut Expanded,
) -> Result<(), Gap> {
    if let Some(path) = inside.strip_prefix("file:") {
        let text = read_secret(path, read_file)?;
        done.text.push_str(&text);
        done.from_files.push(text);
        return Ok(());
    }
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    if !is_name(name) {
        let message = "expected `${NAME}`, `${NAME:-default}` or `${file:/path}`";
        return Err(Gap::Malformed(message.into()));
    }
    // As in a shell: `:-` also stands in for an empty variable.
    let set = environment
        .get(name)
        .filter(|value| default.is_none() || !value.is_empty());
    match (set, default) {
        (Some(value), _) => {
            done.text.push_str(value);
            done.from_variables.push(value.clone());
        }
        (None, Some(default)) => done.text.push_str(default),
        (None, None) => return Err(Gap::Missing(format!("the variable {name} is not set"))),
    }
    Ok(())
}

fn read_secret(path: &str, read_file: ReadFile<'_>) -> Result<String, Gap> {
    if !path.starts_with('/') {
        let message = "expected an absolute path after `${file:`";
        return Err(Gap::Malformed(message.into()));
    }
    let text = read_file(path).map_err(|error| {
        Gap::Missing(format!("the file {path} cannot be read ({})", error.kind()))
    })?;
    // Editors and `echo` end a file with a newline that is no part of the secret.
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn is_name(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn try_expand(text: &str) -> Result<String, Gap> {
        let environment = [("NAME", "value"), ("EMPTY", ""), ("YAML", "a: [b")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let read = |path: &str| match path {
            "/run/secret" => Ok("s3cret\n".to_owned()),
            _ => Err(std::io::ErrorKind::NotFound.into()),
        };
        expand(text, &environment.into(), &read).map(|done| done.text)
    }

    #[test]
    fn variables_defaults_and_files_are_filled_in() {
        for (text, expected) in [
            ("plain $NAME {x}", "plain $NAME {x}"),
            ("${NAME}", "value"),
            ("a${NAME}b${NAME}", "avaluebvalue"),
            ("${OTHER:-default}", "default"),
            ("${EMPTY:-default}", "default"),
            ("${EMPTY}", ""),
            ("${OTHER:-}", ""),
            ("${file:/run/secret}", "s3cret"),
            ("$${NAME}", "${NAME}"),
            ("\\${NAME}", "value"),
            ("${YAML}", "a: [b"),
        ] {
            assert_eq!(try_expand(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_missing_or_malformed_is_said_without_the_text() {
        let said = |text: &str| match try_expand(text).unwrap_err() {
            Gap::Missing(sentence) | Gap::Malformed(sentence) => sentence,
        };
        assert_eq!(said("${OTHER}"), "the variable OTHER is not set");
        assert_eq!(
            said("${file:/run/none}"),
            "the file /run/none cannot be read (entity not found)"
        );
        assert_eq!(
            said("${file:run/none}"),
            "expected an absolute path after `${file:`"
        );
        assert_eq!(
            said("${NAME"),
            "`${` is not closed; write `$${` for the text"
        );
        assert_eq!(
            said("${a b}"),
            "expected `${NAME}`, `${NAME:-default}` or `${file:/path}`"
        );
    }
}
