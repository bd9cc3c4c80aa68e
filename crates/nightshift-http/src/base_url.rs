//! Where a service lives, and which addresses may be called on its behalf.

use std::fmt;

use url::{Host, Url};

/// The address of a service from the configuration: https, or plain http on this machine.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// A configured address cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct BadUrl {
    /// The configuration key that holds it.
    pub key: String,
    pub problem: &'static str,
}

impl BaseUrl {
    /// Checks the address that the configuration has under `key`.
    pub fn parse(key: &str, text: &str) -> Result<Self, BadUrl> {
        let bad = |problem| BadUrl {
            key: key.to_owned(),
            problem,
        };
        let url = Url::parse(text.trim()).map_err(|_| bad("expected an address, https://…"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("an address with a user or password is refused"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(bad("expected an address without ? and #"));
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_loopback(&url) => Ok(Self(url)),
            "http" => Err(bad("plain http is only for this machine; use https://")),
            _ => Err(bad("expected https://…")),
        }
    }

    /// The address of `path` below this one.
    pub fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        let base = self.0.path().trim_end_matches('/');
        url.set_path(&format!("{base}/{}", path.trim_start_matches('/')));
        url
    }

    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Which addresses may be called: the base's origin and, unless that is on this machine, https on
/// the listed hosts.
///
/// Addresses that arrive in a delivery (response and upload URLs) are written by whoever sent it:
/// without this list they would let a stranger aim our requests.
#[derive(Debug, Clone)]
pub struct Reach {
    base: BaseUrl,
    hosts: &'static [&'static str],
}

impl Reach {
    pub fn new(base: BaseUrl, hosts: &'static [&'static str]) -> Self {
        Self { base, hosts }
    }

    pub fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// Whether a request may go there.
    pub fn allows(&self, url: &Url) -> bool {
        if !url.username().is_empty() || url.password().is_some() {
            return false;
        }
        if url.origin() == self.base.0.origin() {
            return true;
        }
        // A base on this machine is a test or a proxy: then nothing outside is ever called.
        !self.base.is_loopback()
            && url.scheme() == "https"
            && url.port_or_known_default() == Some(443)
            && url
                .host_str()
                .is_some_and(|host| self.hosts.contains(&host))
    }

    /// Whether a WebSocket may be opened there: TLS outside, or any port of this machine when the
    /// base is there. The caller has the address from the service itself, over TLS.
    pub fn allows_socket(&self, url: &Url) -> bool {
        match (self.base.is_loopback(), url.scheme()) {
            (true, "ws" | "wss") => is_loopback(url),
            (false, "wss") => url.host_str().is_some() && !is_loopback(url),
            _ => false,
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests;
