//! Hints on keys that should be mended: never used, idle, without expiry, with scopes that no request has needed.

use std::time::Duration;

use hb_domain::{Result, Timestamp};

use crate::api::{ApiKey, KeyUsage, LONGEST_REPORT};

const DAY: Duration = Duration::from_secs(86_400);
/// Without a request for so many days a key is idle.
const IDLE_DAYS: u32 = 90;
/// The longest name that the API accepts, in characters.
const MAX_NAME: usize = 255;

/// What should be mended of a key.
pub(crate) struct Hint {
    pub(crate) severity: &'static str,
    pub(crate) key_id: String,
    pub(crate) key_name: String,
    pub(crate) sentence: String,
    pub(crate) actions: Vec<Action>,
}

/// The button that mends it.
pub(crate) struct Action {
    pub(crate) label: &'static str,
    pub(crate) href: String,
}

/// The hints on an active key, whose usage is `None` if it had none in the longest report. `may_manage` decides whether
/// they have the buttons that change keys.
pub(crate) fn hints(
    key: &ApiKey,
    usage: Option<&KeyUsage>,
    may_manage: bool,
    now: Timestamp,
) -> Result<Vec<Hint>> {
    let revoke = Action { label: "Revoke", href: format!("/dashboard/keys/{}/revoke", key.id) };
    let mut hints = Vec::new();
    let mut hint = |severity, sentence: String, actions: Vec<Action>| {
        let (key_id, key_name) = (key.id.clone(), key.name.clone());
        hints.push(Hint { severity, key_id, key_name, sentence, actions });
    };
    let manage = |action: Action| if may_manage { vec![action] } else { Vec::new() };
    match key.last_used_at()? {
        None if key.created_at()?.plus(DAY) > now => {
            let connect = Action { label: "Connect", href: "/dashboard/connect".into() };
            hint("low", "Has not been used yet.".into(), vec![connect]);
        }
        None => hint("medium", "Has never been used.".into(), manage(revoke)),
        Some(last_used) if last_used.plus(DAY * IDLE_DAYS) <= now => {
            let days = (now.seconds() - last_used.seconds()) / 86_400;
            hint("medium", format!("Has not been used for {days} days."), manage(revoke));
        }
        Some(_) => {
            if let Some(unused) = usage.and_then(unused_scopes) {
                let needed: Vec<&str> =
                    key.scopes.iter().map(String::as_str).filter(|scope| !unused.contains(scope)).collect();
                let sentence =
                    format!("No request of the last {LONGEST_REPORT} days has needed {}.", unused.join(", "));
                hint("medium", sentence, manage(replacement(key, &needed, None)));
            }
        }
    }
    if key.expires_at()?.is_none() {
        let scopes: Vec<&str> = key.scopes.iter().map(String::as_str).collect();
        hint("low", "Does not expire.".into(), manage(replacement(key, &scopes, Some("90"))));
    }
    Ok(hints)
}

/// The scopes that no request has needed, if there are some beside those that were needed.
fn unused_scopes(usage: &KeyUsage) -> Option<Vec<&str>> {
    let counts: Option<Vec<(&str, u64)>> =
        usage.scopes.iter().map(|scope| Some((scope.scope.as_str(), scope.requests?))).collect();
    let unused: Vec<&str> =
        counts?.into_iter().filter(|(_, count)| *count == 0).map(|(name, _)| name).collect();
    (usage.total > 0 && !unused.is_empty()).then_some(unused)
}

/// The form that creates a key in place of `key`.
fn replacement(key: &ApiKey, scopes: &[&str], expires: Option<&str>) -> Action {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("replaces", &key.id).append_pair("name", &next_name(&key.name));
    query.append_pair("environment", &key.environment);
    scopes.iter().for_each(|scope| {
        query.append_pair("scopes", scope);
    });
    if let Some(expires) = expires {
        query.append_pair("expires", expires);
    }
    Action { label: "Replace", href: format!("/dashboard/keys/new?{}", query.finish()) }
}

/// Another name like `name`, which is in use: with the next number behind it.
fn next_name(name: &str) -> String {
    let numbered = name.strip_suffix(')').and_then(|name| name.rsplit_once(" ("));
    let numbered =
        numbered.and_then(|(name, number)| Some((name, number.parse::<u16>().ok()?.checked_add(1)?)));
    let (base, number) = numbered.unwrap_or((name, 2));
    let suffix = format!(" ({number})");
    let base: String = base.chars().take(MAX_NAME - suffix.len()).collect();
    format!("{base}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_name_is_another_one_and_not_too_long() {
        let long = "ä".repeat(255);
        for (name, next) in [
            ("Production", "Production (2)"),
            ("Production (2)", "Production (3)"),
            ("Production (x)", "Production (x) (2)"),
            ("(2)", "(2) (2)"),
            ("", " (2)"),
            (" (65535)", " (65535) (2)"),
        ] {
            assert_eq!(next_name(name), next);
        }
        assert_eq!(next_name(&long).chars().count(), 255);
    }
}
