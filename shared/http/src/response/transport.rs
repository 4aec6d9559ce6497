//! `Strict-Transport-Security`: browsers use only HTTPS for the API's host (RFC 6797).

use http::header::{HeaderMap, HeaderValue, STRICT_TRANSPORT_SECURITY};

/// The variable that has the number of seconds.
const VARIABLE: &str = "HSTS_MAX_AGE";

/// The header of a deployment that is reached by HTTPS only.
///
/// The template sets the variable, so that a deployed function sends the header and a local one, which is reached by HTTP,
/// does not. An event is no evidence of HTTPS: local gateways send the same. Subdomains belong to others, and are left out.
#[derive(Clone, Debug)]
pub struct StrictTransport(HeaderValue);

impl StrictTransport {
    /// The header that the environment describes; `None` if the variable is not set.
    ///
    /// # Errors
    /// If the variable is not a number of seconds.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        let Some(value) = variable(VARIABLE) else { return Ok(None) };
        let problem = || format!("{VARIABLE} is not a number of seconds: {value:?}");
        let seconds: u32 = value.parse().map_err(|_| problem())?;
        HeaderValue::try_from(format!("max-age={seconds}"))
            .map(|value| Some(Self(value)))
            .map_err(|_| problem())
    }

    /// Adds the header.
    pub(crate) fn add_to(&self, headers: &mut HeaderMap) {
        headers.insert(STRICT_TRANSPORT_SECURITY, self.0.clone());
    }
}
