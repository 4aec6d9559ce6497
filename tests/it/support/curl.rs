//! The subset of curl that documents use; any other option fails the test.

use http::Method;

use super::{Answer, Instance};

/// A parsed command.
#[derive(Debug, PartialEq, Eq)]
pub struct Curl {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Curl {
    /// Method, URL, headers and body.
    pub fn parts(&self) -> (&Method, &str, &[(String, String)], &str) {
        (&self.method, &self.url, &self.headers, &self.body)
    }

    /// Parses a command like a shell and curl.
    pub fn parse(command: &str) -> Self {
        let mut words = words(command).into_iter();
        assert_eq!(words.next().as_deref(), Some("curl"));
        let (mut method, mut url, mut body, mut headers) = (None, None, None, Vec::new());
        while let Some(word) = words.next() {
            let mut value = || words.next().unwrap_or_else(|| panic!("{word} needs a value"));
            match word.as_str() {
                "-X" => method = Some(value().parse().expect("a method")),
                "-I" => method = Some(Method::HEAD),
                "-d" => body = Some(value()),
                "-H" => {
                    let header = value();
                    let (name, content) = header.split_once(": ").expect("name and value");
                    headers.push((name.to_owned(), content.to_owned()));
                }
                option if option.starts_with('-') => panic!("{option} is not an option that documents use"),
                _ => assert_eq!(url.replace(word), None, "one URL"),
            }
        }
        // Like curl, so that a sample without a content type is refused with that reason.
        if body.is_some() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            headers.push(("Content-Type".into(), "application/x-www-form-urlencoded".into()));
        }
        let default = if body.is_some() { Method::POST } else { Method::GET };
        Self {
            method: method.unwrap_or(default),
            url: url.expect("a URL"),
            headers,
            body: body.unwrap_or_default(),
        }
    }

    /// Sends it.
    pub async fn run(self, instance: &Instance) -> Answer {
        let path = self.url.strip_prefix(&instance.url).expect("a URL of the instance");
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        instance.client.send_raw(self.method, path, &headers, self.body).await
    }
}

/// Splits a command line into words: quotes keep their content together, a backslash joins lines.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (Some('"'), '\\' | '$' | '`') => panic!("documents use no escapes: {line}"),
            (Some(_), _) => word.get_or_insert_default().push(character),
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, '\\') => assert_eq!(characters.next(), Some('\n'), "a backslash only joins lines: {line}"),
            (None, _) if character.is_whitespace() => words.extend(word.take()),
            (None, '|' | '&' | ';' | '>' | '<' | '$' | '`' | '*' | '#') => panic!("a shell's work: {line}"),
            (None, _) => word.get_or_insert_default().push(character),
        }
    }
    assert_eq!(quote, None, "a quote is open: {line}");
    words.extend(word);
    words
}
