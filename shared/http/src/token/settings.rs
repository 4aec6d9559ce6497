//! The Clerk settings of a deployment, from the environment of its functions.

use hb_domain::clerk::{ClerkRules, TenantOf};
use http::Uri;

use super::jwks::VerifyingKey;
use super::pem::key_of_pem;
use crate::address::{address, issuer_of, party_of};

/// The variables. All others need the first one.
const VARIABLES: [&str; 6] = [
    "CLERK_ISSUER",
    "CLERK_JWKS_URL",
    "CLERK_JWT_KEY",
    "CLERK_AUTHORIZED_PARTIES",
    "CLERK_AUDIENCE",
    "CLERK_TENANT",
];

const NOT_A_KEY: &str = "CLERK_JWT_KEY is not an RSA (2,048 bits or more) or P-256 public key in PEM";

/// How Clerk tokens are verified.
#[derive(Clone, Debug)]
pub struct ClerkSettings {
    /// Which tokens are accepted.
    pub rules: ClerkRules,
    /// The source of the keys.
    pub(crate) keys: KeySource,
}

/// The source of the issuer's keys.
#[derive(Clone, Debug)]
pub(crate) enum KeySource {
    /// A key set (JWKS) at this URL.
    Url(Uri),
    /// One configured key; nothing is fetched.
    Pem(VerifyingKey),
}

impl ClerkSettings {
    /// Tokens of `issuer`, whose keys are at its well-known URL. Any party is accepted, and each user is a tenant.
    ///
    /// # Errors
    /// When the issuer is neither an https URL nor on this machine.
    pub fn of_issuer(issuer: &str) -> Result<Self, String> {
        Self::from_env(|name| (name == "CLERK_ISSUER").then(|| issuer.to_owned()))?
            .ok_or_else(|| "CLERK_ISSUER is empty".to_owned())
    }

    /// Reads the variables; `None` when none of them is set.
    ///
    /// # Errors
    /// The name of the variable that is missing or invalid.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let Some(issuer) = variable("CLERK_ISSUER") else {
            return match VARIABLES.into_iter().find(|name| variable(name).is_some()) {
                None => Ok(None),
                Some(set) => Err(format!("CLERK_ISSUER is not set, but {set} is")),
            };
        };
        let issuer = issuer_of(&address("CLERK_ISSUER", &issuer)?)?;
        let keys = match variable("CLERK_JWT_KEY") {
            Some(pem) => KeySource::Pem(key_of_pem(&pem).ok_or(NOT_A_KEY)?),
            None => {
                let default = || format!("{issuer}/.well-known/jwks.json");
                KeySource::Url(address(
                    "CLERK_JWKS_URL",
                    &variable("CLERK_JWKS_URL").unwrap_or_else(default),
                )?)
            }
        };
        let list = |name: &str| entries(name, variable(name));
        let parties = list("CLERK_AUTHORIZED_PARTIES")?.into_iter().map(|party| party_of(&party));
        let parties = parties.collect::<Result<_, _>>()?;
        let audiences = list("CLERK_AUDIENCE")?;
        let tenant_of = match variable("CLERK_TENANT").as_deref().map(str::trim) {
            None | Some("user") => TenantOf::User,
            Some("organization") => TenantOf::Organization,
            Some(_) => return Err("CLERK_TENANT must be user or organization".into()),
        };
        Ok(Some(Self { rules: ClerkRules { issuer, parties, audiences, tenant_of }, keys }))
    }
}

/// The entries of a variable, separated by commas. A variable that is set without any entry is an error, because no
/// entry would mean any party.
fn entries(name: &str, value: Option<String>) -> Result<Vec<String>, String> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let entries = value.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let entries: Vec<_> = entries.map(str::to_owned).collect();
    if entries.is_empty() { Err(format!("{name} lists nothing")) } else { Ok(entries) }
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
    fn no_variables_are_no_settings_and_a_missing_issuer_is_reported() {
        assert!(read(&[]).expect("nothing").is_none());
        assert!(read(&[("CLERK_ISSUER", " "), ("CLERK_TENANT", "")]).expect("nothing").is_none());
        for name in &VARIABLES[1..] {
            let problem = read(&[(name, "x")]).expect_err("half");
            assert!(problem.contains("CLERK_ISSUER") && problem.contains(name), "{problem}");
        }
    }

    #[test]
    fn the_error_names_the_invalid_variable() {
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
            (vec![("CLERK_ISSUER", "https://clerk.example/?a=b")], "CLERK_ISSUER"),
            (vec![("CLERK_ISSUER", "https://me@clerk.example")], "CLERK_ISSUER"),
            (vec![issuer, ("CLERK_AUDIENCE", " , ")], "CLERK_AUDIENCE"),
            (vec![issuer, ("CLERK_AUTHORIZED_PARTIES", ",")], "CLERK_AUTHORIZED_PARTIES"),
            (vec![issuer, ("CLERK_AUTHORIZED_PARTIES", "app.example")], "CLERK_AUTHORIZED_PARTIES"),
            (vec![issuer, ("CLERK_AUTHORIZED_PARTIES", "https://a.example/app")], "CLERK_AUTHORIZED_PARTIES"),
            (vec![issuer, ("CLERK_AUTHORIZED_PARTIES", "https://a.example?b")], "CLERK_AUTHORIZED_PARTIES"),
            (vec![issuer, ("CLERK_AUTHORIZED_PARTIES", "native, *")], "CLERK_AUTHORIZED_PARTIES"),
        ] {
            let problem = read(&variables).expect_err("a problem");
            assert!(problem.starts_with(named), "{problem}");
        }
    }

    #[test]
    fn missing_variables_have_defaults() {
        let settings = read(&[
            ("CLERK_ISSUER", "https://clerk.example/"),
            ("CLERK_AUTHORIZED_PARTIES", "https://a.example, https://b.example,"),
            ("CLERK_AUDIENCE", "one, https://two.example/ ,"),
        ]);
        let settings = settings.expect("settings").expect("settings");
        assert_eq!(settings.rules.issuer, "https://clerk.example", "as it stands in tokens");
        assert_eq!(settings.rules.parties, ["https://a.example", "https://b.example"]);
        assert_eq!(settings.rules.audiences, ["one", "https://two.example/"], "as they stand in tokens");
        let KeySource::Url(url) = settings.keys else { panic!("a URL") };
        assert_eq!(url.to_string(), "https://clerk.example/.well-known/jwks.json");
    }
}
