//! The `tenantId` in the body of a request that needs no body.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::TenantId;

/// Whether a body is a JSON object with a `tenantId` that is a string other than the caller's; of several, any. Other
/// fields, and bodies that are not JSON objects, are ignored. No value is built.
pub fn names_another(body: &[u8], caller: &TenantId) -> bool {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let named = reader.deserialize_map(Named(caller));
    named.is_ok_and(|another| another && reader.end().is_ok())
}

struct Named<'a>(&'a TenantId);

impl<'de> Visitor<'de> for Named<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<bool, A::Error> {
        let mut another = false;
        while let Some(name) = entries.next_key::<Cow<'de, str>>()? {
            if name == "tenantId" {
                let value: &RawValue = entries.next_value()?;
                let named: Option<String> = serde_json::from_str(value.get()).ok();
                another |= named.is_some_and(|named| named != self.0.as_str());
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(another)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_string_of_another_tenant_is_refused() {
        let acme = TenantId::parse("acme").expect("a tenant");
        for (another, bodies) in [
            (
                true,
                &[
                    r#"{"tenantId":"other"}"#,
                    r#" {"a":[{"":0}],"tenantId":"other","b":{}} "#,
                    r#"{"tenant\u0049d":"other"}"#,
                    r#"{"tenantId":"other","tenantId":"acme"}"#,
                    r#"{"tenantId":"acme","tenantId":"other"}"#,
                    r#"{"tenantId":""}"#,
                ][..],
            ),
            (
                false,
                &[
                    "",
                    "null",
                    "{}",
                    "[",
                    r#"{"tenantId":"acme"}"#,
                    r#"{"tenantId":"\u0061cme"}"#,
                    r#"{"tenantId":7}"#,
                    r#"{"tenantId":["other"]}"#,
                    r#"{"a":{"tenantId":"other"}}"#,
                    r#"[{"tenantId":"other"}]"#,
                    r#"{"tenantId":"other"#,
                    r#"{"tenantId":"other"} x"#,
                    "tenantId=other",
                ],
            ),
        ] {
            for body in bodies {
                assert_eq!(names_another(body.as_bytes(), &acme), another, "{body}");
            }
        }
    }
}
