//! A step as a request.

use hb_http::Route;
use hb_local::functions;
use hb_tests::{Answer, Client};
use http::Method;
use serde_json::{Map, Value};

/// The names of options and of their headers.
const OPTIONS: [(&str, &str); 3] =
    [("ifMatch", "if-match"), ("ifNoneMatch", "if-none-match"), ("idempotencyKey", "idempotency-key")];

const FIELDS: [&str; 10] =
    ["call", "path", "query", "body", "lines", "options", "as", "eventually", "expect", "save"];

/// A step whose names are replaced by their values, and its route.
pub(super) struct Exchange {
    pub(super) step: Value,
    pub(super) is_eventual: bool,
    route: &'static Route,
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

impl Exchange {
    pub(super) fn of(step: &Value) -> Self {
        let unknown =
            step.as_object().expect("a step").keys().find(|field| !FIELDS.contains(&field.as_str()));
        assert_eq!(unknown, None, "no step has this field");
        let call = step["call"].as_str().expect("a call");
        let is_called = |route: &&Route| route.operation.is_some_and(|operation| operation.id == call);
        let route = functions::routes().find(is_called).unwrap_or_else(|| panic!("no route is {call}"));
        Self { step: step.clone(), is_eventual: step["eventually"] == true, route }
    }

    pub(super) fn credential(&self) -> Option<&str> {
        self.step["as"].as_str()
    }

    /// Names and JSON Pointers of what is saved.
    pub(super) fn saves(&self) -> Vec<(String, String)> {
        self.object("save").into_iter().map(|(name, pointer)| (name, text(&pointer))).collect()
    }

    fn object(&self, field: &str) -> Map<String, Value> {
        self.step[field].as_object().cloned().unwrap_or_default()
    }

    /// Sends the request, or the one for the page at `cursor`.
    pub(super) async fn send(&self, client: &Client, cursor: Option<&str>) -> Answer {
        let (mut query, mut body) = (self.object("query"), self.step.get("body").cloned());
        match cursor {
            Some(cursor) if self.route.method == Method::GET => {
                query.insert("cursor".to_owned(), cursor.into());
            }
            Some(cursor) => body.as_mut().expect("a body")["cursor"] = cursor.into(),
            None => {}
        }
        let mut target = self.route.path.to_owned();
        for (name, value) in self.object("path") {
            target = target.replace(&format!("{{{name}}}"), &encoded(&text(&value)));
        }
        for (number, (name, value)) in query.iter().enumerate() {
            let separator = if number == 0 { '?' } else { '&' };
            target.push_str(&format!("{separator}{name}={}", encoded(&text(value))));
        }
        let options = self.object("options");
        let values = OPTIONS.map(|(option, header)| (header, options.get(option).map(text)));
        let mut headers: Vec<(&str, &str)> =
            values.iter().filter_map(|(header, value)| Some((*header, value.as_deref()?))).collect();
        assert_eq!(headers.len(), options.len(), "no option is unknown: {options:?}");
        let (media_type, body) = match (body, self.step["lines"].as_array()) {
            (Some(body), _) => ("application/json", body.to_string()),
            (None, Some(lines)) => {
                let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
                ("application/x-ndjson", lines.join("\n"))
            }
            (None, None) => ("", String::new()),
        };
        if !media_type.is_empty() {
            headers.push(("content-type", media_type));
        }
        client.send_raw(self.route.method.clone(), &target, &headers, body).await
    }

    /// The `data` of a response, or all of it where the operation has no envelope.
    pub(super) fn data<'a>(&self, answer: &'a Answer) -> &'a Value {
        let is_enveloped = self.route.operation.is_none_or(|operation| operation.is_enveloped);
        if is_enveloped { &answer.json["data"] } else { &answer.json }
    }

    fn is_paged_by_link(&self) -> bool {
        self.route.operation.is_some_and(|operation| operation.is_paged_by_link)
    }

    /// The items of a page: its lines, or the list in its `data`.
    pub(super) fn items(&self, page: &Answer) -> Vec<Value> {
        assert!(page.status.is_success(), "{} {}", page.status, page.text);
        if self.is_paged_by_link() {
            return page.text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        }
        let fields = self.data(page).as_object().expect("data");
        fields.values().find_map(Value::as_array).expect("a list").clone()
    }

    /// The cursor of the page after `page`.
    pub(super) fn next(&self, page: &Answer) -> Option<String> {
        if self.is_paged_by_link() {
            let (_, query) = page.header("link").split('>').next()?.split_once('?')?;
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            return pairs.find_map(|(name, value)| (name == "cursor").then(|| value.into_owned()));
        }
        let data = self.data(page);
        let cursor = data.get("nextCursor").or_else(|| data.pointer("/pagination/nextCursor"))?;
        cursor.as_str().map(str::to_owned)
    }
}
