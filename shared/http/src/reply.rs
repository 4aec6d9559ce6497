//! What a handler answers: what was done and the data, not how HTTP says it.

use std::fmt;

use hb_domain::{Error, Result};
use serde::Serialize;

/// What a handler comes to.
pub type Outcome = Result<Reply>;

/// A good answer. Its `Debug` leaves out the data, which may hold a secret.
#[derive(Clone)]
pub struct Reply {
    pub(crate) data: String,
    pub(crate) created: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) secret: bool,
}

impl Reply {
    /// Here is what was asked for.
    ///
    /// # Errors
    /// [`Error::Internal`] when `data` cannot be written as JSON.
    pub fn ok(data: &impl Serialize) -> Outcome {
        let data = serde_json::to_string(data).map_err(|error| Error::Internal(format!("reply: {error}")))?;
        Ok(Self { data, created: None, version: None, secret: false })
    }

    /// Something was created, which from now on is at `location`.
    ///
    /// # Errors
    /// As [`ok`](Self::ok).
    pub fn created(location: String, data: &impl Serialize) -> Outcome {
        Ok(Self { created: Some(location), ..Self::ok(data)? })
    }

    /// Names the version of the data, for requests that depend on it.
    #[must_use]
    pub fn of_version(self, version: String) -> Self {
        Self { version: Some(version), ..self }
    }

    /// The data holds a secret that nobody may keep for others.
    #[must_use]
    pub fn with_secret(self) -> Self {
        Self { secret: true, ..self }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("created", &self.created)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
