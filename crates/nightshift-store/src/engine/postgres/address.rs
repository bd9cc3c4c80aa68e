//! Where the server is and how to log in: by a URL, with a password in a file or from a command.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use nightshift_core::secret::Secret;
use sqlx::any::AnyConnectOptions;
use url::Url;

use super::explain;
use crate::engine::OpenError;

/// Which server, as the configuration names it.
#[derive(Debug, Clone)]
pub struct Server {
    /// `postgres://user[:password]@host[:port]/database[?parameters]`.
    pub url: Secret,
    pub login: Login,
    /// A provider's: encrypted, unless the URL says otherwise.
    pub managed: bool,
}

/// Where the password is.
#[derive(Debug, Clone, Default)]
pub enum Login {
    /// In the URL, or none is needed.
    #[default]
    Url,
    /// Read for each new connection: whoever changes it need not restart us.
    File(PathBuf),
    /// Prints a token that is good for some minutes, as `aws rds generate-db-auth-token` does.
    Command(Vec<String>),
}

/// A token comes from a provider on the network.
const COMMAND_WITHIN: Duration = Duration::from_secs(20);

pub(crate) struct Address {
    base: AnyConnectOptions,
    login: Login,
    /// For people: without the password.
    shown: String,
    pooled: bool,
}

impl Address {
    pub(crate) fn of(server: Server) -> Result<Self, OpenError> {
        let parsed: Result<AnyConnectOptions, _> = server.url.expose().parse();
        let mut base = parsed.map_err(|_| explain::no_url())?;
        let url = &mut base.database_url;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(explain::no_url());
        }
        let shown = shown(url);
        let pooled = given(url, &["statement-cache-capacity"]).as_deref() == Some("0");
        if server.managed && given(url, &["sslmode", "ssl-mode"]).is_none() {
            url.query_pairs_mut().append_pair("sslmode", "require");
        }
        if given(url, &["application_name"]).is_none() {
            url.query_pairs_mut()
                .append_pair("application_name", "nightshift");
        }
        Ok(Self {
            base,
            login: server.login,
            shown,
            pooled,
        })
    }

    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// A pooler is between us and the server.
    pub(super) fn pooled(&self) -> bool {
        self.pooled
    }

    /// Whether the password is another one after a while.
    pub(super) fn changes(&self) -> bool {
        !matches!(self.login, Login::Url)
    }

    /// What a new connection is made with.
    pub(super) async fn options(&self) -> Result<AnyConnectOptions, OpenError> {
        let password = match &self.login {
            Login::Url => return Ok(self.base.clone()),
            Login::File(path) => tokio::fs::read_to_string(path)
                .await
                .map(Secret::new)
                .map_err(|error| explain::no_password_file(path, error))?,
            Login::Command(words) => token(words).await?,
        };
        let mut options = self.base.clone();
        let url = &mut options.database_url;
        url.set_password(Some(password.expose().trim_end()))
            .map_err(|()| explain::no_url())?;
        Ok(options)
    }
}

fn given(url: &Url, names: &[&str]) -> Option<String> {
    url.query_pairs()
        .find(|(name, _)| names.contains(&&**name))
        .map(|(_, value)| value.into_owned())
}

/// `user@host:port/database`.
fn shown(url: &Url) -> String {
    let host = given(url, &["host", "hostaddr"])
        .or_else(|| url.host_str().map(str::to_owned))
        .unwrap_or_else(|| "localhost".to_owned())
        .replace("%2F", "/");
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    let user = match given(url, &["user"]).unwrap_or_else(|| url.username().to_owned()) {
        user if user.is_empty() => user,
        user => format!("{user}@"),
    };
    let database = given(url, &["dbname"]);
    let database = database.unwrap_or_else(|| url.path().trim_start_matches('/').to_owned());
    format!("{user}{host}{port}/{database}")
}

async fn token(words: &[String]) -> Result<Secret, OpenError> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(explain::no_token(words, "it is empty"));
    };
    let running = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let ended = tokio::time::timeout(COMMAND_WITHIN, running)
        .await
        .map_err(|_| explain::no_token(words, "it did not end in 20 s"))?
        .map_err(|error| explain::no_token(words, &error.to_string()))?;
    if !ended.status.success() {
        let said = String::from_utf8_lossy(&ended.stderr);
        let last = said.lines().last().unwrap_or_default();
        return Err(explain::no_token(
            words,
            &format!("{}; {last}", ended.status),
        ));
    }
    match String::from_utf8(ended.stdout) {
        Ok(token) if !token.trim().is_empty() => Ok(Secret::new(token.trim())),
        _ => Err(explain::no_token(words, "it printed no token")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str, managed: bool) -> Address {
        let server = Server {
            url: Secret::new(url),
            login: Login::Url,
            managed,
        };
        Address::of(server).ok().unwrap()
    }

    #[test]
    fn what_is_shown_has_no_password() {
        for (url, expected) in [
            (
                "postgres://me:geheim@db:6543/ns?sslmode=require",
                "me@db:6543/ns",
            ),
            ("postgresql://%2Frun%2Fpg/ns", "/run/pg/ns"),
            (
                "postgres:///ns?host=/run/pg&user=me&password=geheim",
                "me@/run/pg/ns",
            ),
        ] {
            assert_eq!(address(url, false).shown(), expected);
        }
    }

    #[test]
    fn a_providers_database_is_encrypted_unless_told_otherwise() {
        let query = |url: &str, managed| {
            let address = address(url, managed);
            given(&address.base.database_url, &["sslmode"])
        };
        assert_eq!(query("postgres://db/ns", true).as_deref(), Some("require"));
        assert_eq!(query("postgres://db/ns", false), None);
        let strict = "postgres://db/ns?sslmode=verify-full";
        assert_eq!(query(strict, true).as_deref(), Some("verify-full"));
    }

    #[test]
    fn another_databases_url_is_refused() {
        for url in ["mysql://db/ns", "nonsense", "sqlite:///tmp/x", ""] {
            let server = Server {
                url: Secret::new(url),
                login: Login::Url,
                managed: false,
            };
            assert!(Address::of(server).is_err(), "{url}");
        }
    }

    #[tokio::test]
    async fn a_password_comes_from_a_file_or_a_command() {
        let dir = tempfile::TempDir::new().unwrap();
        let file = dir.path().join("password");
        std::fs::write(&file, "ge/heim\n").unwrap();
        let command = ["cat", file.to_str().unwrap()].map(str::to_owned).to_vec();
        for login in [Login::File(file), Login::Command(command)] {
            let server = Server {
                url: Secret::new("postgres://me@db/ns"),
                login,
                managed: false,
            };
            let options = Address::of(server)
                .ok()
                .unwrap()
                .options()
                .await
                .ok()
                .unwrap();
            assert_eq!(options.database_url.password(), Some("ge%2Fheim"));
        }
    }

    #[tokio::test]
    async fn a_command_that_fails_is_named() {
        let error = token(&["false".to_owned()]).await.unwrap_err();
        assert!(error.message.contains("storage.token_command"), "{error}");
    }
}
