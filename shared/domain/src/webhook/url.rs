//! The URL of a webhook endpoint. The service connects to it, so it must not lead to a private network (server-side request
//! forgery): these rules hold when it is stored, and a delivery applies them to every address that its name resolves to.

#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};
use url::{Host, Url};

use super::address::is_public;

/// The longest URL, in characters, as it is given and as it is stored.
pub(crate) const MAX_URL: usize = 2_048;
/// The ports of a deployed service.
const PORTS: [u16; 2] = [443, 8443];
/// The longest name of a host and the longest label of one, in bytes (RFC 1035, section 2.3.4).
const MAX_HOST: usize = 253;
const MAX_LABEL: usize = 63;
/// The ends of names that only private networks resolve, or nobody: RFC 6761, RFC 6762 with its appendix G, RFC 7686, RFC 8375,
/// ICANN's `internal`, and the names of addresses.
const PRIVATE_NAMES: [&str; 15] = [
    "localhost",
    "localdomain",
    "local",
    "internal",
    "home.arpa",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "test",
    "invalid",
    "onion",
    "in-addr.arpa",
    "ip6.arpa",
];

/// Which URLs are accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UrlPolicy {
    /// `https` to public hosts.
    #[default]
    Public,
    /// Also `http` and `https` to loopback, on any port. Only for the local stack: a deployed function has no way to select it.
    Local,
}

/// A URL that [`UrlPolicy`] accepts, normalised: equal URLs have equal texts.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl(String);

impl WebhookUrl {
    /// Parses a URL.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with the field's name.
    pub fn parse(text: &str, policy: UrlPolicy) -> Result<Self, String> {
        if text.chars().count() > MAX_URL {
            return Err(too_long());
        }
        // The parser drops some of them and reads a backslash as a slash: what is shown must be what is called.
        if text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
            return Err("must not contain white space, control characters or backslashes".into());
        }
        let mut url = Url::parse(text).map_err(|_| "must be an absolute URL, https://…".to_owned())?;
        let is_local = policy == UrlPolicy::Local && url.host().is_some_and(|host| is_loopback(&host));
        match (url.scheme(), is_local) {
            ("https", _) | ("http", true) => {}
            _ => return Err("must be an https URL".into()),
        }
        // The parser also accepts `https:example.com` and an empty user name. It has dropped nothing before the scheme.
        let rest = text.get(url.scheme().len()..).and_then(|rest| rest.strip_prefix("://"));
        let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
        let authority = authority.filter(|authority| !authority.is_empty());
        let authority = authority.ok_or_else(|| "must be an absolute URL, https://…".to_owned())?;
        if authority.contains('@') {
            return Err("must not contain a user name or a password".into());
        }
        if url.fragment().is_some() {
            return Err("must not contain a fragment".into());
        }
        if let Some(name) = url.domain().and_then(|name| name.strip_suffix('.')).map(str::to_owned) {
            url.set_host(Some(&name)).map_err(|_| "must name a host".to_owned())?;
        }
        if !is_local && !url.port_or_known_default().is_some_and(|port| PORTS.contains(&port)) {
            return Err("must use port 443 or 8443".into());
        }
        check_host(&url, policy)?;
        if url.as_str().len() > MAX_URL {
            return Err(too_long());
        }
        Ok(Self(url.into()))
    }

    /// The URL of an item that was stored, which is not checked again.
    pub fn stored(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The URL as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A digest of the URL, in hexadecimal: of a fixed length, and different for every other URL.
    pub fn digest(&self) -> String {
        Sha256::digest(&self.0).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    }
}

fn too_long() -> String {
    format!("must have at most {MAX_URL} characters")
}

fn check_host(url: &Url, policy: UrlPolicy) -> Result<(), String> {
    let address = match url.host() {
        Some(Host::Domain(name)) => return check_name(name, policy),
        Some(Host::Ipv4(address)) => address.into(),
        Some(Host::Ipv6(address)) => std::net::IpAddr::V6(address),
        None => return Err("must name a host".into()),
    };
    let is_accepted = is_public(address) || (policy == UrlPolicy::Local && address.is_loopback());
    if is_accepted { Ok(()) } else { Err("must not lead to a private or reserved address".into()) }
}

/// Whether a host is this machine by its address or by its name (RFC 6761, section 6.3).
fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

fn check_name(name: &str, policy: UrlPolicy) -> Result<(), String> {
    let is_under =
        |suffix: &str| name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if policy == UrlPolicy::Local && is_under("localhost") {
        return Ok(());
    }
    let is_label = |label: &str| {
        (1..=MAX_LABEL).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
    };
    if name.len() > MAX_HOST || !name.split('.').all(is_label) {
        return Err("must name a host".into());
    }
    if !name.contains('.') || PRIVATE_NAMES.iter().any(|suffix| is_under(suffix)) {
        return Err("must not lead to a host of a private network".into());
    }
    Ok(())
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The path and the query may hold a secret of the receiver.
impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = Url::parse(&self.0).ok().and_then(|url| url.host_str().map(str::to_owned));
        write!(f, "WebhookUrl({})", host.unwrap_or_default())
    }
}

impl Serialize for WebhookUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
