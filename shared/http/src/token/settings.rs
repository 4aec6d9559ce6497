//! What a deployment says of Clerk, in the environment of its functions.

use std::net::IpAddr;

use hb_domain::clerk::{ClerkRules, TenantOf};
use hb_domain::token::Algorithm;
use http::Uri;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::Jwk;

use super::jwks::{VerifyingKey, key_of};

/// The variables, the one that all others need first.
const VARIABLES: [&str; 5] =
    ["CLERK_ISSUER", "CLERK_JWKS_URL", "CLERK_JWT_KEY", "CLERK_AUTHORIZED_PARTIES", "CLERK_TENANT"];

/// How Clerk's tokens are verified.
#[derive(Clone, Debug)]
pub struct ClerkSettings {
    /// Which tokens are accepted.
    pub rules: ClerkRules,
    /// Where the keys come from.
    pub(crate) keys: KeySource,
}

/// Where the issuer's keys come from.
#[derive(Clone, Debug)]
pub(crate) enum KeySource {
    /// A set of keys at this address.
    Url(Uri),
    /// One key, known beforehand: nothing is asked.
    Pem(VerifyingKey),
}

impl ClerkSettings {
    /// Tokens of `issuer`, whose keys are at its well-known address; for any party, a user a tenant.
    ///
    /// # Errors
    /// When the issuer is not an address that can be trusted.
    pub fn of_issuer(issuer: &str) -> Result<Self, String> {
        Self::from_env(|name| (name == "CLERK_ISSUER").then(|| issuer.to_owned()))?
            .ok_or_else(|| "CLERK_ISSUER is empty".to_owned())
    }

    /// Reads the variables; `None` when none of them is set.
    ///
    /// # Errors
    /// Names the variable that is missing or cannot be read.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let Some(issuer) = variable("CLERK_ISSUER") else {
            return match VARIABLES.into_iter().find(|name| variable(name).is_some()) {
                None => Ok(None),
                Some(set) => Err(format!("CLERK_ISSUER is not set, but {set} is")),
            };
        };
        let issuer = issuer.trim().to_owned();
        address("CLERK_ISSUER", &issuer)?;
        let keys = match variable("CLERK_JWT_KEY") {
            Some(pem) => KeySource::Pem(key_of_pem(&pem)?),
            None => {
                let default = || format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/'));
                KeySource::Url(address(
                    "CLERK_JWKS_URL",
                    &variable("CLERK_JWKS_URL").unwrap_or_else(default),
                )?)
            }
        };
        let parties = variable("CLERK_AUTHORIZED_PARTIES").unwrap_or_default();
        let parties = parties.split(',').map(str::trim).filter(|party| !party.is_empty()).map(str::to_owned);
        let tenant_of = match variable("CLERK_TENANT").as_deref().map(str::trim) {
            None | Some("user") => TenantOf::User,
            Some("organization") => TenantOf::Organization,
            Some(_) => return Err("CLERK_TENANT must be user or organization".into()),
        };
        Ok(Some(Self { rules: ClerkRules { issuer, parties: parties.collect(), tenant_of }, keys }))
    }
}

/// An address over TLS, or on this very machine.
fn address(name: &str, text: &str) -> Result<Uri, String> {
    let uri: Uri = text.trim().parse().map_err(|_| format!("{name} is not a URL"))?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match uri.scheme_str() {
        Some("https") if !host.is_empty() => Ok(uri),
        Some("http") if is_local => Ok(uri),
        _ => Err(format!("{name} must be an https URL")),
    }
}

fn key_of_pem(pem: &str) -> Result<VerifyingKey, String> {
    // A variable of one line has its line ends written out.
    let pem = pem.replace("\\n", "\n");
    let problem = || "CLERK_JWT_KEY is not an RSA (2,048 bits or more) or P-256 public key in PEM".to_owned();
    if !pem.contains("PUBLIC KEY-----") {
        return Err(problem());
    }
    let rsa = DecodingKey::from_rsa_pem(pem.as_bytes()).map(|key| (Algorithm::Rs256, key));
    let (algorithm, key) = rsa
        .or_else(|_| DecodingKey::from_ec_pem(pem.as_bytes()).map(|key| (Algorithm::Es256, key)))
        .map_err(|_| problem())?;
    // Whether the key is one that a set of keys could have given.
    let jwk = Jwk::from_decoding_key(&key, None).ok().and_then(|jwk| serde_json::to_value(jwk).ok());
    jwk.and_then(|jwk| key_of(&jwk)).filter(|found| found.algorithm == algorithm).ok_or_else(problem)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<ClerkSettings>, String> {
        let variables: BTreeMap<_, _> = variables.iter().copied().collect();
        ClerkSettings::from_env(|name| variables.get(name).map(|value| (*value).to_owned()))
    }

    #[test]
    fn nothing_is_nothing_and_half_is_named() {
        assert!(read(&[]).expect("nothing").is_none());
        assert!(read(&[("CLERK_ISSUER", " "), ("CLERK_TENANT", "")]).expect("nothing").is_none());
        for name in &VARIABLES[1..] {
            let problem = read(&[(name, "x")]).expect_err("half");
            assert!(problem.contains("CLERK_ISSUER") && problem.contains(name), "{problem}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let issuer = ("CLERK_ISSUER", "https://clerk.example");
        for (variables, named) in [
            (vec![("CLERK_ISSUER", "clerk.example")], "CLERK_ISSUER"),
            (vec![("CLERK_ISSUER", "http://clerk.example")], "CLERK_ISSUER"),
            (vec![issuer, ("CLERK_JWKS_URL", "http://169.254.169.254/keys")], "CLERK_JWKS_URL"),
            (vec![issuer, ("CLERK_JWKS_URL", "not a url")], "CLERK_JWKS_URL"),
            (
                vec![issuer, ("CLERK_JWT_KEY", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----")],
                "CLERK_JWT_KEY",
            ),
            (vec![issuer, ("CLERK_TENANT", "team")], "CLERK_TENANT"),
        ] {
            let problem = read(&variables).expect_err("a problem");
            assert!(problem.starts_with(named), "{problem}");
        }
    }

    #[test]
    fn what_is_left_out_is_derived() {
        let settings = read(&[
            ("CLERK_ISSUER", "https://clerk.example/"),
            ("CLERK_AUTHORIZED_PARTIES", "https://a.example, https://b.example,"),
        ]);
        let settings = settings.expect("settings").expect("settings");
        assert_eq!(settings.rules.issuer, "https://clerk.example/", "as it stands in tokens");
        assert_eq!(settings.rules.parties, ["https://a.example", "https://b.example"]);
        let KeySource::Url(url) = settings.keys else { panic!("a URL") };
        assert_eq!(url.to_string(), "https://clerk.example/.well-known/jwks.json");
    }
}
