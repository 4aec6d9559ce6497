//! The headers that identify and sign an event: those of Standard Webhooks (<https://www.standardwebhooks.com>), and
//! `x-herobrain-signature`, `t=` the time in seconds and `v1=` the HMAC-SHA-256 of `time.body` in hexadecimal.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hb_domain::webhook::WebhookSecret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::Message;

/// The headers of a message; `None` if nothing signs it.
pub(crate) fn headers(message: &Message<'_>) -> Option<[(&'static str, String); 4]> {
    let time = message.at.seconds().to_string();
    let (mut standard, mut own) = (Vec::new(), format!("t={time}"));
    for secret in message.secrets {
        let mac = mac(secret, &[message.id.as_bytes(), b".", time.as_bytes(), b".", &message.body])?;
        standard.push(format!("v1,{}", STANDARD.encode(mac)));
        let mac = self::mac(secret, &[time.as_bytes(), b".", &message.body])?;
        own = mac.iter().fold(own + ",v1=", |text, byte| format!("{text}{byte:02x}"));
    }
    (!standard.is_empty()).then(|| {
        [
            ("webhook-id", message.id.to_owned()),
            ("webhook-timestamp", time),
            ("webhook-signature", standard.join(" ")),
            ("x-herobrain-signature", own),
        ]
    })
}

#[expect(clippy::disallowed_methods, reason = "the secret is the key of the signature")]
fn mac(secret: &WebhookSecret, parts: &[&[u8]]) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret.key()?).ok()?;
    parts.iter().for_each(|part| mac.update(part));
    Some(mac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hb_domain::Timestamp;

    use super::*;

    /// The example of the specification, which the libraries of Standard Webhooks test as well:
    /// <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    fn signed(secrets: &[&str]) -> Option<[(&'static str, String); 4]> {
        let secrets: Vec<_> =
            secrets.iter().map(|text| WebhookSecret::parse(text).expect("a secret")).collect();
        headers(&Message {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            at: Timestamp::from_millis(1_614_265_330_999),
            body: Bytes::from_static(br#"{"test": 2432232314}"#),
            secrets: &secrets,
        })
    }

    #[test]
    fn the_example_of_the_specification() {
        let [id, time, signature, own] = signed(&[SECRET]).expect("headers");
        assert_eq!(id, ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned()));
        assert_eq!(time, ("webhook-timestamp", "1614265330".to_owned()));
        assert_eq!(signature, ("webhook-signature", SIGNATURE.to_owned()));
        // printf '%s' '1614265330.{"test": 2432232314}' | openssl dgst -sha256 -mac HMAC -macopt hexkey:…
        let expected = "e96203c6de850e7dc1fde7489ef6140b402d3a5a64fe250cd2eef9830fac1cef";
        assert_eq!(own, ("x-herobrain-signature", format!("t=1614265330,v1={expected}")));
    }

    #[test]
    fn in_a_grace_period_both_secrets_sign_the_current_one_first() {
        let [_, _, signature, own] = signed(&[OTHER, SECRET]).expect("headers");
        let [_, _, alone, _] = signed(&[OTHER]).expect("headers");
        assert_eq!(signature.1, format!("{} {SIGNATURE}", alone.1));
        assert_eq!(
            own.1,
            "t=1614265330,v1=ceffaeca917d4478d54b48106035df4325abfa6acd104be9fd97005dc260b9f4,v1=e96203c6de850e7dc1fde7489ef6140b402d3a5a64fe250cd2eef9830fac1cef"
        );
    }

    #[test]
    fn the_key_of_a_plain_secret_is_its_text() {
        let [_, _, signature, _] = signed(&["a secret of 24 and more bytes"]).expect("headers");
        assert_eq!(signature.1, "v1,zR3CN25wyKmGhDVENkuxNDXmF6Ab2qXA6EUWUfHyu0c=");
    }

    #[test]
    fn without_a_secret_nothing_is_signed() {
        assert_eq!(signed(&[]), None);
    }
}
