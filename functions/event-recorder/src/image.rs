//! Reading the images of stream records.

use hb_domain::{RequestId, TenantId, Timestamp};
use serde_json::Value;

/// The name of an attribute of an image; as an error, of one that is missing or invalid.
pub(crate) type AttributeName = &'static str;

/// An item before or after a change, as attribute values: `{"tenant": {"S": "acme"}}`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Image<'r>(pub(crate) &'r Value);

impl<'r> Image<'r> {
    /// A string; `None` if it is absent.
    pub(crate) fn optional_text(self, name: AttributeName) -> Result<Option<&'r str>, AttributeName> {
        match self.0.get(name) {
            None => Ok(None),
            Some(value) => value["S"].as_str().map(Some).ok_or(name),
        }
    }

    /// A string that `parse` accepts.
    pub(crate) fn parsed<T>(
        self,
        name: AttributeName,
        parse: impl FnOnce(&'r str) -> Option<T>,
    ) -> Result<T, AttributeName> {
        self.optional_text(name)?.and_then(parse).ok_or(name)
    }

    /// A string, as its owner keeps it; `None` if it is absent.
    pub(crate) fn owned(self, name: AttributeName) -> Result<Option<String>, AttributeName> {
        Ok(self.optional_text(name)?.map(str::to_owned))
    }

    /// A time in milliseconds; `None` if it is absent.
    pub(crate) fn optional_moment(self, name: AttributeName) -> Result<Option<Timestamp>, AttributeName> {
        let millis = |value: &Value| value["N"].as_str()?.parse().ok().map(Timestamp::from_millis);
        self.0.get(name).map(|value| millis(value).ok_or(name)).transpose()
    }

    /// The tenant.
    pub(crate) fn tenant(self) -> Result<TenantId, AttributeName> {
        self.parsed("tenant", TenantId::parse)
    }

    /// The request that wrote the item; `None` if no request has.
    pub(crate) fn request_id(self) -> Result<Option<RequestId>, AttributeName> {
        let id = self.optional_text("requestId")?;
        id.map(|id| RequestId::parse(id).ok_or("requestId")).transpose()
    }

    /// Whether both images have the same value of this attribute, or both have none.
    pub(crate) fn agrees(self, other: Self, name: &str) -> bool {
        self.0.get(name) == other.0.get(name)
    }

    /// Whether the attribute is set.
    pub(crate) fn has(self, name: &str) -> bool {
        self.0.get(name).is_some()
    }
}
