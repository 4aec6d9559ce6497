//! JSON Web Tokens: the header, and the claims of a token whose signature has been verified.
//!
//! Of the header, only the algorithm, the key id and the type are used. A key in the token, or the address of one
//! (`jwk`, `jku`, `x5u`), is ignored: anyone could sign with such a key. Claims are parsed strictly, so that two
//! parsers cannot interpret a token differently.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use strum::EnumString;

use crate::{Timestamp, json};

/// The longest token that is parsed, in bytes; HTTP headers are shorter.
pub const MAX_TOKEN: usize = 16 * 1024;
const MAX_KEY_ID: usize = 256;

/// The algorithms with which a token may be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString)]
pub enum Algorithm {
    /// RSA with SHA-256: Clerk's.
    #[strum(serialize = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256: Clerk's.
    #[strum(serialize = "ES256")]
    Es256,
    /// Ed25519: our own.
    #[strum(serialize = "EdDSA")]
    EdDsa,
}

/// The header of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenHeader {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The id of the key.
    pub key_id: Option<String>,
    /// The kind of the token, in Clerk's header `cat`.
    pub category: Option<String>,
}

impl TokenHeader {
    /// Parses the header of a token. `None` when the token cannot be accepted: it is too long, not three parts of
    /// base64url, its header is not an object or has duplicate names, its algorithm is another, or it has critical
    /// extensions.
    pub fn parse(token: &str) -> Option<Self> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let mut parts = token.split('.');
        let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
        let is_base64 = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        if parts.next().is_some() || ![header, payload, signature].into_iter().all(is_base64) {
            return None;
        }
        let header = object(header)?;
        // The same key signs other tokens, such as OAuth access tokens (`at+jwt`), which are not sessions.
        // Clerk's libraries write it in upper case and accept no other.
        let is_plain = header.get("typ").is_none_or(|typ| typ == "JWT");
        if header.contains_key("crit") || !is_plain {
            return None;
        }
        let key_id = match header.get("kid") {
            None => None,
            Some(Value::String(kid)) if (1..=MAX_KEY_ID).contains(&kid.len()) => Some(kid.clone()),
            Some(_) => return None,
        };
        let category = match header.get("cat") {
            None => None,
            Some(category) => Some(category.as_str()?.to_owned()),
        };
        Some(Self { algorithm: header.get("alg")?.as_str()?.parse().ok()?, key_id, category })
    }
}

/// The claims of a token whose signature has been verified.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// Parses the claims of a token. `None` when they are not an object or have duplicate names.
    pub fn parse(token: &str) -> Option<Self> {
        object(token.split('.').nth(1)?).map(Self)
    }

    /// A claim that is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// A claim of any type.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A claim that is a time: seconds since 1970, whole or not. `None` when it is absent, `Some(None)` when it is
    /// not a time.
    pub fn time(&self, name: &str) -> Option<Option<Timestamp>> {
        let value = self.0.get(name)?;
        let seconds = value.as_f64().filter(|seconds| (0.0..=2.5e11).contains(seconds));
        Some(seconds.map(|seconds| Timestamp::from_micros((seconds * 1e6) as i64)))
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    match json::parse(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token(header: &str, payload: &str) -> String {
        format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn a_header_has_an_algorithm_a_key_id_and_a_category() {
        let read = |header: &str| TokenHeader::parse(&token(header, "{}"));
        let expected = TokenHeader {
            algorithm: Algorithm::Rs256,
            key_id: Some("ins_1".into()),
            category: Some("cl_B7d4".into()),
        };
        let header =
            r#"{"alg":"RS256","kid":"ins_1","typ":"JWT","cat":"cl_B7d4","jku":"https://evil.example"}"#;
        assert_eq!(read(header), Some(expected));
        assert_eq!(
            read(r#"{"alg":"EdDSA"}"#),
            Some(TokenHeader { algorithm: Algorithm::EdDsa, key_id: None, category: None })
        );
        for refused in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"HS256"}"#,
            r#"{"alg":"rs256"}"#,
            r#"{"alg":["RS256"]}"#,
            r#"{"kid":"x"}"#,
            r#"{"alg":"RS256","alg":"ES256"}"#,
            r#"{"alg":"RS256","crit":[]}"#,
            r#"{"alg":"RS256","crit":["b64"],"b64":false}"#,
            r#"{"alg":"RS256","typ":"at+jwt"}"#,
            r#"{"alg":"RS256","typ":"jwt"}"#,
            r#"{"alg":"RS256","typ":null}"#,
            r#"{"alg":"RS256","typ":7}"#,
            r#"{"alg":"RS256","cat":7}"#,
            r#"{"alg":"RS256","cat":null}"#,
            r#"{"alg":"RS256","kid":7}"#,
            r#"{"alg":"RS256","kid":""}"#,
            r#"["RS256"]"#,
            "{}x",
            "",
        ] {
            assert_eq!(read(refused), None, "{refused}");
        }
        let long = format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(257));
        assert_eq!(read(&long), None);
    }

    #[test]
    fn only_three_parts_of_base64url_are_a_token() {
        let good = token(r#"{"alg":"RS256"}"#, "{}");
        assert!(TokenHeader::parse(&good).is_some());
        for bad in [
            String::new(),
            "..".into(),
            good.replace('.', ""),
            format!("{good}."),
            format!("{good}.x"),
            format!("{good}="),
            format!(" {good}"),
            format!("{good}+"),
            good[..good.len() - 4].to_owned(),
            format!("{good}{}", "A".repeat(MAX_TOKEN)),
        ] {
            assert_eq!(TokenHeader::parse(&bad), None, "{bad:.80}");
        }
    }

    #[test]
    fn times_are_numbers_of_seconds() {
        let claims =
            Claims::parse(&token("{}", r#"{"a":1700000000,"b":1.5,"c":"1","d":-1,"e":1e300,"f":null}"#))
                .expect("claims");
        assert_eq!(claims.time("a"), Some(Some(Timestamp::from_millis(1_700_000_000_000))));
        assert_eq!(claims.time("b"), Some(Some(Timestamp::from_millis(1_500))));
        for name in ["c", "d", "e", "f"] {
            assert_eq!(claims.time(name), Some(None), "{name}");
        }
        assert_eq!(claims.time("g"), None);
        assert_eq!(Claims::parse(&token("{}", r#"{"sub":"a","sub":"b"}"#)), None, "a claim has one value");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "\\PC{0,80}", header in "\\PC{0,40}", claims in "\\PC{0,40}") {
            let _ = (TokenHeader::parse(&text), Claims::parse(&text));
            let token = token(&header, &claims);
            let _ = (TokenHeader::parse(&token), Claims::parse(&token));
        }
    }
}
