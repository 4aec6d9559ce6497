//! Values that differ from run to run, replaced by others of the same form.

use std::collections::HashMap;

use regex_lite::{Captures, Regex};
use serde_json::{Value, json};

/// Replaces ids, keys, secrets and durations: each value always by the same other one, in the order in which they come.
pub(crate) struct Stable {
    tokens: Regex,
    seen: HashMap<String, usize>,
    /// Texts that are replaced as they are.
    texts: Vec<(String, &'static str)>,
}

impl Stable {
    /// With these texts, and what they are replaced by.
    pub(crate) fn new(texts: Vec<(String, &'static str)>) -> Self {
        let tokens =
            Regex::new(r"(mem_|key_|whk_|evt_|req_|hb_prod_|hb_dev_)([0-9A-Za-z]{4,})").expect("a pattern");
        Self { tokens, seen: HashMap::new(), texts }
    }

    /// The same value with stable parts.
    pub(crate) fn value(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text).into(),
            Value::Number(number) if number.is_f64() => {
                let number = number.as_f64().unwrap_or_default();
                json!((number * 100.0).round() / 100.0)
            }
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| (name.clone(), self.field(name, value)));
                Value::Object(fields.collect())
            }
            other => other.clone(),
        }
    }

    fn field(&mut self, name: &str, value: &Value) -> Value {
        match (name, value) {
            ("latency", Value::Number(number)) => {
                if number.is_f64() {
                    json!(12.5)
                } else {
                    json!(87)
                }
            }
            ("nextCursor", Value::String(_)) => json!("AZq3v8kP0xWmR7tL2sYd"),
            ("token", Value::String(_)) => {
                json!("eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJtYXlhIn0.c2lnbmF0dXJl")
            }
            ("secret", Value::String(_)) => json!("whsec_YW4gZXhhbXBsZSBvZiBhIHNlY3JldCBvZiAzMiBieXRlcw=="),
            // The key of RFC 8037, appendix A.
            ("x", Value::String(_)) => json!("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPJHURo"),
            ("kid", Value::String(_)) => json!("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
            (_, value) => self.value(value),
        }
    }

    /// The same text with stable parts.
    pub(crate) fn text(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (from, to) in &self.texts {
            text = text.replace(from, to);
        }
        let seen = &mut self.seen;
        let replace = |found: &Captures<'_>| {
            let (prefix, body) = (&found[1], &found[2]);
            let name = match prefix {
                // The text of a key begins with its id, and its prefix with the first characters of that.
                "hb_prod_" | "hb_dev_" | "key_" => format!("key_{}", &body[..4]),
                _ => format!("{prefix}{body}"),
            };
            let count = seen.len();
            let index = *seen.entry(name).or_insert(count);
            format!("{prefix}{}", characters(index, body.len()))
        };
        self.tokens.replace_all(&text, replace).into_owned()
    }
}

/// So many characters that belong to a number.
fn characters(number: usize, count: usize) -> String {
    const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut state = number as u64 + 1;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(ALPHABET[(state >> 33) as usize % ALPHABET.len()])
    };
    (0..count).map(next).collect()
}
