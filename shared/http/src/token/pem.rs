//! A public key in PEM (RFC 7468), in the forms that it takes in an environment variable.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hb_domain::token::Algorithm;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::Jwk;

use super::jwks::{VerifyingKey, key_of};

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
/// The label of a body that has none: that of Clerk's keys.
const PUBLIC_KEY: &str = "PUBLIC KEY";

/// The key of a variable: PEM of several lines, of one line with `\n` or `\r\n` or a backslash where a line ends, the base64
/// of such a text, or the body alone.
pub(super) fn key_of_pem(text: &str) -> Option<VerifyingKey> {
    let decoded = decode(text);
    let (label, body) =
        armored(decoded.as_deref().unwrap_or(text)).unwrap_or_else(|| (PUBLIC_KEY, compact(text)));
    if !label.ends_with(PUBLIC_KEY) {
        return None;
    }
    let pem = format!("{BEGIN}{label}{DASHES}\n{body}\n{END}{label}{DASHES}\n");
    let rsa = DecodingKey::from_rsa_pem(pem.as_bytes()).map(|key| (Algorithm::Rs256, key));
    let (algorithm, key) =
        rsa.or_else(|_| DecodingKey::from_ec_pem(pem.as_bytes()).map(|key| (Algorithm::Es256, key))).ok()?;
    // The key must satisfy the rules for keys of a JWKS.
    let jwk = serde_json::to_value(Jwk::from_decoding_key(&key, None).ok()?).ok()?;
    key_of(&jwk).filter(|found| found.algorithm == algorithm)
}

/// The text of which `text` is the base64.
fn decode(text: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(compact(text)).ok()?).ok()
}

/// The label and the body of the first key in `text`.
fn armored(text: &str) -> Option<(&str, String)> {
    let (label, rest) = text.split_once(BEGIN)?.1.split_once(DASHES)?;
    Some((label, compact(rest.split_once(END)?.0)))
}

/// `text` without line breaks, also where a backslash stands for or before one, and without quotes.
fn compact(text: &str) -> String {
    let text = text.replace("\\r", "").replace("\\n", "");
    text.chars()
        .filter(|character| !character.is_whitespace() && !matches!(character, '\\' | '"' | '\''))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A P-256 key, made with `openssl ecparam -genkey -name prime256v1 | openssl ec -pubout`.
    const EC: &str = include_str!("pem/ec.pem");
    /// An RSA key of 2,048 bits, made with `openssl genrsa 2048 | openssl rsa -pubout`.
    const RSA: &str = include_str!("pem/rsa.pem");

    fn forms(pem: &str) -> Vec<String> {
        let crlf = pem.replace('\n', "\r\n");
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let lines = pem.replace('\n', "\\n");
        vec![
            pem.to_owned(),
            format!("\n  {pem}  "),
            lines.clone(),
            format!("\"{lines}\""),
            pem.replace('\n', "\\r\\n"),
            pem.replace('\n', "\\\n"),
            pem.replace('\n', " "),
            pem.replace('\n', ""),
            STANDARD.encode(pem),
            STANDARD.encode(&crlf),
            STANDARD.encode(&lines),
            format!("{}\n", STANDARD.encode(pem)),
            crlf,
            body.clone(),
            body.chars()
                .collect::<Vec<_>>()
                .chunks(64)
                .map(|line| line.iter().collect::<String>() + "\r\n")
                .collect(),
        ]
    }

    fn public(key: &VerifyingKey) -> Jwk {
        Jwk::from_decoding_key(&key.key, None).expect("a public key")
    }

    #[test]
    fn every_form_of_a_variable_is_the_same_key() {
        for (pem, algorithm) in [(EC, Algorithm::Es256), (RSA, Algorithm::Rs256)] {
            for form in forms(pem) {
                let key = key_of_pem(&form).unwrap_or_else(|| panic!("{form:?}"));
                assert_eq!(key.algorithm, algorithm);
                assert_eq!(public(&key), public(&key_of_pem(pem).expect("a key")), "{form:?}");
            }
        }
    }

    #[test]
    fn what_is_no_public_key_is_refused() {
        for pem in [EC, RSA] {
            for form in forms(pem) {
                for wrong in [
                    form.replace("PUBLIC", "PRIVATE"),
                    form[..form.len() / 2].to_owned(),
                    form.chars().rev().collect(),
                    form.replacen('M', "-", 1),
                ] {
                    if wrong != form {
                        assert!(key_of_pem(&wrong).is_none(), "{wrong:?}");
                    }
                }
            }
        }
        for wrong in [
            "",
            "x",
            "\\n",
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        ] {
            assert!(key_of_pem(wrong).is_none(), "{wrong:?}");
        }
    }
}
