//! Any value of a field, a parameter or a body is either accepted or refused with the name of the field.

use hb_tests::Answer;
use http::Method;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};

use crate::values::{Bench, nasty};

const MEMORIES: &str = "/api/v1/memories";
/// Field names that no request has.
const STRANGE: [&str; 4] = ["unknown", "id", "filter", "plainKey"];

/// Checks that a response is a success or a 4xx in the envelope, never a server error.
fn clean(answer: &Answer) -> Result<(), TestCaseError> {
    let status = answer.status.as_u16();
    prop_assert!((200..300).contains(&status) || (400..500).contains(&status), "{status} {}", answer.text);
    prop_assert_eq!(&answer.json["success"], &json!(status < 300));
    prop_assert_eq!(&answer.json["metadata"]["request_id"], answer.header("x-request-id"));
    prop_assert!(status < 300 || !answer.code().is_empty());
    Ok(())
}

/// A request whose fields are tested one by one. Where a success would create or change too much for a test, `wrong`
/// is another field that is invalid from the start.
struct Form {
    method: Method,
    path: String,
    body: Value,
    wrong: &'static str,
    fields: &'static str,
}

fn forms(bench: &Bench) -> Vec<Form> {
    let form =
        |method, path: &str, body, wrong, fields| Form { method, path: path.into(), body, wrong, fields };
    let memory =
        "content type importance tags metadata userId agentId sessionId expiresAt tenantId unknown id";
    let search = "query limit type tags minRelevance userId agentId sessionId tenantId filter";
    let query = "filter sort order limit cursor tenantId page";
    let key = "environment scopes expiresAt tenantId plainKey";
    vec![
        form(Method::POST, MEMORIES, json!({"content": "x", "type": "task"}), "", memory),
        form(Method::PATCH, &bench.memory, json!({}), "", memory),
        form(Method::POST, "/api/v1/memories/search", json!({"query": "x"}), "", search),
        form(Method::POST, "/api/v1/memories/query", json!({}), "", query),
        form(Method::POST, "/api/v1/api-keys", json!({"name": 7}), "name", key),
        form(Method::POST, "/api/v1/api-keys", json!({"scopes": 7}), "scopes", "name"),
        form(
            Method::POST,
            "/api/v1/api-keys/rotate",
            json!({"keyId": bench.key}),
            "",
            "gracePeriodSeconds tenantId id",
        ),
        form(Method::POST, "/api/v1/api-keys/rotate", json!({}), "", "keyId"),
        form(Method::POST, "/api/v1/api-keys/revoke", json!({}), "", "keyId"),
        form(Method::POST, "/api/v1/api-keys/revoke", json!({}), "keyId", "tenantId id"),
        form(
            Method::POST,
            "/api/v1/webhooks",
            json!({"name": 7, "url": "https://example.com/", "events": ["*"]}),
            "name",
            "url events secret status tenantId unknown id",
        ),
        form(
            Method::POST,
            "/api/v1/webhooks",
            json!({"url": 7, "name": "x", "events": ["*"]}),
            "url",
            "events secret status",
        ),
    ]
}

/// Whether a field of a key request may have `value`.
fn may_hold(field: &str, value: &Value) -> bool {
    let length = |range: std::ops::RangeInclusive<usize>| {
        value.as_str().is_some_and(|text| range.contains(&text.chars().count()) && !text.contains('\0'))
    };
    let reorders = |c: char| {
        "\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}".contains(c)
    };
    let shows = |c: char| !c.is_whitespace() && !"\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}".contains(c);
    match field {
        "name" => {
            let text = value.as_str().unwrap_or_default();
            length(1..=255) && !text.chars().any(|c| c.is_control() || reorders(c)) && text.chars().any(shows)
        }
        "url" => {
            let policy = hb_domain::webhook::UrlPolicy::Public;
            value.as_str().is_some_and(|text| hb_domain::webhook::WebhookUrl::parse(text, policy).is_ok())
        }
        "events" => value.as_array().is_some_and(|events| {
            let pattern =
                |event: &Value| event.as_str().is_some_and(|name| name == "*" || name.contains('.'));
            !events.is_empty() && events.iter().all(pattern)
        }),
        "secret" => value.as_str().is_some_and(|text| {
            (24..=64).contains(&text.len()) || (text.starts_with("whsec_") && text.len() <= 94)
        }),
        "status" => ["active", "inactive"].iter().any(|name| value == name),
        "environment" => ["development", "production"].iter().any(|name| value == name),
        "scopes" => value.as_array().is_some_and(|scopes| {
            let names = hb_domain::Scope::ALL.map(hb_domain::Scope::as_str);
            scopes.iter().all(|scope| names.iter().any(|name| scope == name))
        }),
        "expiresAt" => {
            let text = value.as_str().and_then(hb_domain::Timestamp::parse);
            let time = text.or_else(|| value.as_f64().and_then(hb_domain::Timestamp::from_number));
            value.is_null()
                || time.is_some_and(|time| time.to_millis() > hb_tests::world::moment(hb_tests::world::NOON))
        }
        "gracePeriodSeconds" => value.as_u64().is_some_and(|seconds| seconds <= 604_800),
        "keyId" => length(1..=128),
        "tenantId" => value == "acme",
        _ => false,
    }
}

/// The field of a request that this name stands for: errors of a filter name the part of it.
fn whole(name: &str) -> &str {
    if name.starts_with("filter.") { "filter" } else { name }
}

#[test]
fn any_value_of_a_field_is_accepted_or_refused_with_the_fields_name() {
    let bench = Bench::new();
    let forms = forms(&bench);
    let fields: Vec<(&Form, &str)> =
        forms.iter().flat_map(|form| form.fields.split(' ').map(move |field| (form, field))).collect();
    bench.check(128, (0..fields.len(), nasty()), async |(index, value)| {
        let (form, field) = fields[index];
        let mut body = form.body.clone();
        body[field] = value;
        let answer = bench.client.send(form.method.clone(), &form.path, Some(body.clone())).await;
        clean(&answer)?;
        let mut named: Vec<&str> =
            if answer.status == 400 { answer.fields().into_iter().map(whole).collect() } else { vec![] };
        named.dedup();
        named.retain(|name| *name != form.wrong);
        match (answer.status.as_u16(), field) {
            // The field that is invalid from the start is always reported too.
            (400, _) if !form.wrong.is_empty() && named.is_empty() => {
                prop_assert!(
                    answer.fields().contains(&form.wrong) && !STRANGE.contains(&field),
                    "{}",
                    answer.text
                );
                prop_assert!(may_hold(field, &body[field]), "{field} {} was not named", body[field]);
            }
            (400, _) => prop_assert!(named == [field], "{field} {}", answer.text),
            (403, "tenantId") | (404, "keyId") => {}
            (200 | 201, _) if !STRANGE.contains(&field) => {}
            _ => prop_assert!(false, "{field} {}", answer.text),
        }
        Ok(())
    });
}

#[test]
fn an_error_names_only_fields_that_were_sent_or_are_required() {
    let bench = Bench::new();
    let forms = forms(&bench);
    let values = prop::collection::vec(nasty(), 12);
    bench.check(128, (0..forms.len(), values), async |(index, values)| {
        let form = &forms[index];
        let mut body = form.body.clone();
        for (field, value) in form.fields.split(' ').zip(values) {
            body[field] = value;
        }
        let answer = bench.client.send(form.method.clone(), &form.path, Some(body.clone())).await;
        clean(&answer)?;
        if answer.status == 400 {
            let required = ["content", "type", "query", "name", "keyId", "url", "events"];
            for name in answer.fields().into_iter().map(whole) {
                prop_assert!(body.get(name).is_some() || required.contains(&name), "{name} {}", answer.text);
            }
        }
        Ok(())
    });
}

#[test]
fn any_value_of_a_parameter_is_accepted_or_refused_with_its_name() {
    let bench = Bench::new();
    let usage = format!("/api/v1/api-keys/usage?keyId={}", bench.key);
    let list = "page limit cursor type tags userId agentId sessionId sort order tenantId unknown";
    let routes = [
        ("/api/v1/memories?x=", list),
        (&usage, "days tenantId id"),
        ("/api/v1/rate-limit?x=", "tenantId id"),
    ];
    let parameters: Vec<(&str, &str)> = routes
        .iter()
        .flat_map(|(path, names)| names.split(' ').map(move |name| (path.trim_end_matches("x="), name)))
        .collect();
    let odd = [
        "0",
        "1",
        "10000",
        "10001",
        "-1",
        "+1",
        "01",
        "1.0",
        "٣",
        "18446744073709551616",
        "createdAt",
        "asc",
        "task",
    ];
    let text = prop_oneof![
        nasty().prop_map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
        (0..odd.len()).prop_map(|index| odd[index].to_owned()),
    ];
    bench.check(128, (0..parameters.len(), text), async |(index, text)| {
        let (path, name) = parameters[index];
        // A longer value is not a valid HTTP target.
        let text: String = text.chars().take(1_000).collect();
        let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let answer = bench.client.get(&format!("{path}&{name}={encoded}")).await;
        clean(&answer)?;
        match (answer.status.as_u16(), name) {
            // A valid page that is out of reach is refused with the field `cursor`, which can reach it.
            (400, "page") if answer.fields() == ["cursor"] => {}
            (400, _) => prop_assert_eq!(answer.fields(), [name], "{}", answer.text),
            (403, "tenantId") => {}
            (200, _) if !STRANGE.contains(&name) => {}
            (429, _) => prop_assert!(path.contains("rate-limit"), "{}", answer.text),
            _ => prop_assert!(false, "{name} {}", answer.text),
        }
        Ok(())
    });
}

#[test]
fn any_bytes_in_a_body_get_a_well_formed_response() {
    let bench = Bench::new();
    let good = json!({"content": "tea \u{1f375} \u{e4}", "type": "task", "metadata": {"a": [1, {"b": null}]}, "tags": ["x"]}).to_string();
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 0..4);
    bench.check(96, changes, async |changes| {
        let mut body = good.clone().into_bytes();
        for (index, byte, insert) in changes {
            let index = index.index(body.len());
            if insert { body.insert(index, byte) } else { body[index] = byte }
        }
        let json = [("content-type", "application/json")];
        clean(&bench.client.send_raw(Method::POST, MEMORIES, &json, body).await)
    });
}
