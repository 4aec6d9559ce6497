//! Tokens: any text is a header that could be accepted, or none; any claims are judged without a panic, and only
//! the issuer's own are a session.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hb_domain::Timestamp;
use hb_domain::bearer::Bearer;
use hb_domain::clerk::{ClerkRules, TenantOf};
use hb_domain::dashboard::{DashboardToken, PublishableKey};
use hb_domain::token::{Claims, TokenHeader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|parts: (&str, &str)| {
    let (header, claims) = parts;
    let now = Timestamp::parse("2026-11-24T12:00:00Z").expect("a time");
    let token = format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let mut headers = Vec::new();
    for token in [token.as_str(), header] {
        if let Some(read) = TokenHeader::parse(token) {
            assert!(token.len() <= 16 * 1024);
            assert!(read.key_id.as_ref().is_none_or(|kid| (1..=256).contains(&kid.len())));
            headers.push(read);
        }
        let _ = Bearer::parse_doubled(Some(token.as_bytes()));
        if let Some(read) = DashboardToken::parse(token) {
            assert_eq!(read.expose(), token);
        }
        let _ = PublishableKey::parse(token);
    }
    let Some(claims) = Claims::parse(&token) else { return };
    for (header, tenant_of) in
        headers.iter().flat_map(|header| [(header, TenantOf::User), (header, TenantOf::Organization)])
    {
        let (parties, audiences) = (Vec::new(), Vec::new());
        let rules = ClerkRules { issuer: "https://clerk.example".into(), parties, audiences, tenant_of };
        if let Ok(session) = rules.verify(header, &claims, None, now) {
            assert_eq!(claims.text("iss"), Some("https://clerk.example"));
            assert_eq!(claims.text("sub"), Some(session.user.as_str()));
            assert!(
                claims.text("sid").is_some() && claims.get("aud").is_none() && claims.get("act").is_none()
            );
            assert!(session.expires_at.micros() > now.micros() - 5_000_000);
        }
    }
});
