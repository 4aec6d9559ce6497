//! Reads the fields of a request one by one, and reports every invalid field at once.

use serde_json::{Map, Value};

#[cfg(feature = "describe")]
use crate::describe::request::RecordedFields;
use crate::error::FieldError;
use crate::json::truncate_name;
use crate::rules::Rule;
use crate::{Error, Result, TenantId};

/// How many parameters that are repeated, or fields that are unknown, are reported.
const MAX_REPORTED_NAMES: usize = 20;

/// The fields of a JSON object or of a query string that have not been read yet.
#[derive(Debug)]
pub struct Fields {
    source: Source,
    errors: Vec<FieldError>,
    is_foreign_tenant: bool,
    null_is_absent: bool,
}

/// The optional field of every request that must be the caller's tenant.
const TENANT_ID: &str = "tenantId";
const NOT_A_STRING: &str = "must be a string";

/// Where fields come from.
#[derive(Debug)]
enum Source {
    /// A request.
    Request(Map<String, Value>),
    /// No request: the fields that are read are recorded, and each is absent.
    #[cfg(feature = "describe")]
    Recorder(RecordedFields),
}

impl Fields {
    /// The fields of a JSON body, which must be an object. Its optional `tenantId` must be the caller's.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is another kind of value.
    pub fn of_body(value: Value, caller: &TenantId) -> Result<Self> {
        match value {
            Value::Object(values) => Ok(Self::new(Source::Request(values)).of_tenant(caller)),
            _ => Err(Error::Malformed("The body must be a JSON object".into())),
        }
    }

    /// The fields of one memory of a batch, as [`of_body`](Self::of_body).
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is another kind of value.
    pub fn of_item(value: Value, caller: &TenantId) -> Result<Self> {
        Self::of_body(value, caller).map_err(|_| Error::Malformed("A memory must be a JSON object".into()))
    }

    /// The parameters of a query string, percent-decoded. A repeated parameter is an error, and an optional `tenantId` must
    /// be the caller's; a request without a caller has none.
    pub fn of_query(
        parameters: impl IntoIterator<Item = (String, String)>,
        caller: Option<&TenantId>,
    ) -> Self {
        let (mut values, mut repeated) = (Map::new(), Vec::new());
        for (name, value) in parameters {
            let shown = truncate_name(&name);
            // Each name is reported once, and a bounded number of names.
            if values.insert(name, Value::String(value)).is_some()
                && repeated.len() < MAX_REPORTED_NAMES
                && !repeated.contains(&shown)
            {
                repeated.push(shown);
            }
        }
        let mut fields = Self::new(Source::Request(values));
        for name in repeated {
            fields.report(&name, "must be given once");
        }
        match caller {
            Some(caller) => fields.of_tenant(caller),
            None => fields,
        }
    }

    /// Fields that record which of them are read.
    #[cfg(feature = "describe")]
    pub(crate) const fn recorded(fields: RecordedFields) -> Self {
        Self::new(Source::Recorder(fields))
    }

    const fn new(source: Source) -> Self {
        Self { source, errors: Vec::new(), is_foreign_tenant: false, null_is_absent: false }
    }

    /// The same fields, of which those that are null count as absent: many clients send null for what is not set.
    #[must_use]
    pub const fn with_null_as_absent(mut self) -> Self {
        self.null_is_absent = true;
        self
    }

    /// Reads an optional field. `None` when it is absent, or invalid, which is reported.
    pub fn take<R: Rule>(&mut self, name: &str, rule: R) -> Option<R::Value> {
        let value = match &mut self.source {
            Source::Request(_) => self.remove(name)?,
            #[cfg(feature = "describe")]
            Source::Recorder(fields) => {
                let schema = rule.schema();
                let schema =
                    if self.null_is_absent { crate::describe::schema::nullable(schema) } else { schema };
                fields.record(name, false, schema);
                return None;
            }
        };
        self.apply(name, value, &rule)
    }

    /// Reads a required field. `None` when it is absent or invalid, which is reported.
    pub fn require<R: Rule>(&mut self, name: &str, rule: R) -> Option<R::Value> {
        let value = match &mut self.source {
            Source::Request(_) => self.remove(name),
            #[cfg(feature = "describe")]
            Source::Recorder(fields) => {
                fields.record(name, true, rule.schema());
                return None;
            }
        };
        let Some(value) = value else {
            self.report(name, "is required");
            return None;
        };
        self.apply(name, value, &rule)
    }

    /// The value of a field that is present.
    fn remove(&mut self, name: &str) -> Option<Value> {
        match &mut self.source {
            Source::Request(values) => {
                values.remove(name).filter(|value| !(self.null_is_absent && value.is_null()))
            }
            #[cfg(feature = "describe")]
            Source::Recorder(_) => None,
        }
    }

    fn apply<R: Rule>(&mut self, name: &str, value: Value, rule: &R) -> Option<R::Value> {
        rule.parse(value).map_err(|problem| self.report(name, problem)).ok()
    }

    /// Reads the optional `tenantId`, which must be the caller's. A null stays, since it may count as absent.
    fn of_tenant(mut self, caller: &TenantId) -> Self {
        match self.remove(TENANT_ID) {
            None => {}
            Some(Value::String(named)) => self.is_foreign_tenant |= named != caller.as_str(),
            Some(null @ Value::Null) => self.restore(TENANT_ID, null),
            Some(_) => self.report(TENANT_ID, NOT_A_STRING),
        }
        self
    }

    fn restore(&mut self, name: &str, value: Value) {
        match &mut self.source {
            Source::Request(values) => drop(values.insert(name.to_owned(), value)),
            #[cfg(feature = "describe")]
            Source::Recorder(_) => {}
        }
    }

    /// Reports a problem of a field that has been read.
    pub fn report(&mut self, name: &str, problem: impl std::fmt::Display) {
        self.errors.push(FieldError::new(name, problem));
    }

    /// Reports a problem of a field of the object that is the field `name`.
    pub fn report_nested(&mut self, name: &str, problem: &FieldError) {
        let FieldError { field, message } = problem;
        self.errors
            .push(FieldError { field: format!("{name}.{field}"), message: format!("{name}.{message}") });
    }

    /// Reports problems of parts of a field, each with the part's place as its field.
    pub(crate) fn report_all(&mut self, problems: Vec<FieldError>) {
        self.errors.extend(problems);
    }

    /// How many problems have been reported so far.
    pub(crate) const fn problems(&self) -> usize {
        self.errors.len()
    }

    /// Whether no problem has been reported so far.
    pub const fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }

    /// Refuses the request when a problem was reported or a field was not read.
    ///
    /// # Errors
    /// [`Error::TenantMismatch`] when `tenantId` is another tenant's; otherwise [`Error::Validation`]
    /// with every problem that was reported and the names of the fields that were not read.
    pub fn finish(mut self) -> Result<()> {
        if self.is_foreign_tenant {
            return Err(Error::TenantMismatch);
        }
        if self.remove(TENANT_ID).is_some() {
            self.report(TENANT_ID, NOT_A_STRING);
        }
        let unknown: Vec<String> = match &self.source {
            Source::Request(values) => {
                values.keys().take(MAX_REPORTED_NAMES).map(|name| truncate_name(name)).collect()
            }
            #[cfg(feature = "describe")]
            Source::Recorder(_) => Vec::new(),
        };
        for name in unknown {
            self.report(&name, "is not a field of this request");
        }
        if self.errors.is_empty() { Ok(()) } else { Err(Error::Validation(self.errors)) }
    }

    /// Returns `taken`, the required fields, when no field was invalid.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn finish_with<T>(self, taken: Option<T>) -> Result<T> {
        self.finish()?;
        taken.ok_or_else(|| Error::Internal("a required field is missing but was not reported".into()))
    }
}
