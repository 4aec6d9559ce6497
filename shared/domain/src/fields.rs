//! Taking the fields of a request one by one, and reporting everything wrong with them at once.

use serde_json::{Map, Value};

use crate::error::FieldError;
use crate::json::shown;
use crate::{Error, Result, TenantId};

/// What a rule says of a value: the parsed value, or the problem as the end of a sentence
/// (`"must be a string"`).
pub type Ruled<T> = std::result::Result<T, String>;

/// How many of the parameters that were given twice are named.
const MAX_REPEATED: usize = 20;

/// The fields of a JSON object or of a query string, as far as they have not been taken yet.
#[derive(Debug)]
pub struct Fields {
    values: Map<String, Value>,
    errors: Vec<FieldError>,
    foreign_tenant: bool,
}

impl Fields {
    /// The fields of a JSON body, which has to be an object.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is another kind of value.
    pub fn of_body(value: Value) -> Result<Self> {
        match value {
            Value::Object(values) => Ok(Self { values, errors: Vec::new(), foreign_tenant: false }),
            _ => Err(Error::Malformed("The body must be a JSON object".into())),
        }
    }

    /// The fields of one of many things, which has to be an object too.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is another kind of value.
    pub fn of_item(value: Value) -> Result<Self> {
        Self::of_body(value).map_err(|_| Error::Malformed("A memory must be a JSON object".into()))
    }

    /// The parameters of a query string, percent-decoded; one given twice is an error.
    pub fn of_query(parameters: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut fields = Self { values: Map::new(), errors: Vec::new(), foreign_tenant: false };
        for (name, value) in parameters {
            // Each name once, and no more of them than can be of use to anybody.
            if fields.values.insert(name.clone(), Value::String(value)).is_some()
                && fields.errors.len() < MAX_REPEATED
                && fields.errors.iter().all(|error| error.field != shown(&name))
            {
                fields.report(&shown(&name), "must be given once");
            }
        }
        fields
    }

    /// Takes an optional field. `None` when it is absent, or when `rule` refused it, which is reported.
    pub fn take<T>(&mut self, name: &str, rule: impl FnOnce(Value) -> Ruled<T>) -> Option<T> {
        match rule(self.values.remove(name)?) {
            Ok(parsed) => Some(parsed),
            Err(problem) => {
                self.report(name, problem);
                None
            }
        }
    }

    /// Takes a field that has to be there. `None` means that its absence or fault was reported.
    pub fn require<T>(&mut self, name: &str, rule: impl FnOnce(Value) -> Ruled<T>) -> Option<T> {
        if !self.values.contains_key(name) {
            self.report(name, "is required");
        }
        self.take(name, rule)
    }

    /// Takes the optional `tenantId`, which must be the caller's.
    pub fn check_tenant(&mut self, own: &TenantId) {
        match self.values.remove("tenantId") {
            None => {}
            Some(Value::String(named)) => self.foreign_tenant |= named != own.as_str(),
            Some(_) => self.report("tenantId", "must be a string"),
        }
    }

    /// Reports a problem of a field that was taken before.
    pub fn report(&mut self, name: &str, problem: impl std::fmt::Display) {
        self.errors.push(FieldError::new(name, problem));
    }

    /// Whether nothing has been wrong so far.
    pub const fn is_clean(&self) -> bool {
        self.errors.is_empty()
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`] when `tenantId` was somebody else's; otherwise [`Error::Validation`]
    /// with every problem reported and every field that was not taken, by name.
    pub fn finish(mut self) -> Result<()> {
        if self.foreign_tenant {
            return Err(Error::TenantMismatch);
        }
        let unknown: Vec<String> = self.values.keys().take(20).map(|name| shown(name)).collect();
        for name in unknown {
            self.report(&name, "is not a field of this request");
        }
        if self.errors.is_empty() { Ok(()) } else { Err(Error::Validation(self.errors)) }
    }

    /// Ends the reading with what was taken, when all of it was good.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn finish_with<T>(self, taken: Option<T>) -> Result<T> {
        self.finish()?;
        taken.ok_or_else(|| Error::Internal("a field was refused but not reported".into()))
    }
}
