//! Where the server is and how to log in: by a URL, with a password in a file or from a command.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
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
    /// The server itself where `url` names a pooler: hints need a session of their own.
    pub notify_url: Option<Secret>,
}

/// Where the password is.
#[derive(Debug, Clone, Default)]
pub enum Login {
    /// In the URL, or none is needed.
    #[default]
    Url,
    /// Read for each new connection: whoever changes it need not restart us.
    File(PathBuf),
    /// Asked for each time: a provider's token is good for some minutes.
    Asked(Arc<dyn Passwords>),
}

/// Who knows a password that changes.
#[async_trait]
pub trait Passwords: fmt::Debug + Send + Sync {
    /// The one that is good now, or a sentence that says what to repair.
    async fn password(&self) -> Result<Secret, String>;
}

pub(crate) struct Address {
    base: AnyConnectOptions,
    notify: Option<Url>,
    login: Login,
    /// For people: without the password.
    shown: String,
    pooled: bool,
}

impl Address {
    pub(crate) fn of(server: Server) -> Result<Self, OpenError> {
        let parsed: Result<AnyConnectOptions, _> = server.url.expose().parse();
        let mut base = parsed.map_err(|_| explain::no_url())?;
        let shown = shown(&base.database_url);
        let pooled =
            given(&base.database_url, &["statement-cache-capacity"]).as_deref() == Some("0");
        completed(&mut base.database_url, server.managed)?;
        let notify = server.notify_url.map(|url| -> Result<Url, OpenError> {
            let mut url = Url::parse(url.expose()).map_err(|_| explain::no_url())?;
            completed(&mut url, server.managed)?;
            Ok(url)
        });
        Ok(Self {
            base,
            notify: notify.transpose()?,
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
        let mut options = self.base.clone();
        self.log_in(&mut options.database_url).await?;
        Ok(options)
    }

    /// Whether there is a session that can wait for hints.
    pub(super) fn can_hear(&self) -> bool {
        self.notify.is_some() || !self.pooled
    }

    /// Where hints are heard.
    pub(super) async fn to_hear(&self) -> Result<Url, sqlx::Error> {
        let url = self.notify.as_ref().unwrap_or(&self.base.database_url);
        let mut url = url.clone();
        let logged_in = self.log_in(&mut url).await;
        logged_in.map_err(|error| sqlx::Error::Configuration(Box::new(error)))?;
        Ok(url)
    }

    async fn log_in(&self, url: &mut Url) -> Result<(), OpenError> {
        let password = match &self.login {
            Login::Url => return Ok(()),
            Login::File(path) => tokio::fs::read_to_string(path)
                .await
                .map(Secret::new)
                .map_err(|error| explain::no_password_file(path, error))?,
            Login::Asked(passwords) => passwords.password().await.map_err(explain::no_password)?,
        };
        url.set_password(Some(password.expose().trim_end()))
            .map_err(|()| explain::no_url())
    }
}

/// The URL with what goes without saying.
fn completed(url: &mut Url, managed: bool) -> Result<(), OpenError> {
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(explain::no_url());
    }
    if managed && given(url, &["sslmode", "ssl-mode"]).is_none() {
        url.query_pairs_mut().append_pair("sslmode", "require");
    }
    if given(url, &["application_name"]).is_none() {
        url.query_pairs_mut()
            .append_pair("application_name", "nightshift");
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str, managed: bool) -> Address {
        let server = Server {
            url: Secret::new(url),
            login: Login::Url,
            managed,
            notify_url: None,
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
                notify_url: None,
            };
            assert!(Address::of(server).is_err(), "{url}");
        }
    }

    #[derive(Debug)]
    struct Provider(Result<&'static str, &'static str>);

    #[async_trait]
    impl Passwords for Provider {
        async fn password(&self) -> Result<Secret, String> {
            self.0.map(Secret::new).map_err(str::to_owned)
        }
    }

    async fn options(login: Login) -> Result<AnyConnectOptions, OpenError> {
        let server = Server {
            url: Secret::new("postgres://me@db/ns"),
            login,
            managed: false,
            notify_url: None,
        };
        Address::of(server)?.options().await
    }

    #[tokio::test]
    async fn a_password_comes_from_a_file_or_a_provider() {
        let dir = tempfile::TempDir::new().unwrap();
        let file = dir.path().join("password");
        std::fs::write(&file, "ge/heim\n").unwrap();
        let provider = Login::Asked(Arc::new(Provider(Ok("ge/heim"))));
        for login in [Login::File(file), provider] {
            let options = options(login).await.unwrap();
            assert_eq!(options.database_url.password(), Some("ge%2Fheim"));
        }
    }

    #[tokio::test]
    async fn a_password_that_cannot_be_had_is_said_by_whoever_knows_it() {
        let provider = Login::Asked(Arc::new(Provider(Err("log in to the cloud again"))));
        let error = options(provider).await.unwrap_err();
        assert!(
            error.message.contains("log in to the cloud again"),
            "{error}"
        );
        let missing = Login::File(PathBuf::from("/nowhere/password"));
        let error = options(missing).await.unwrap_err();
        assert!(error.message.contains("/nowhere/password"), "{error}");
    }
}
