//! Converts the response of a function (payload format 2.0) into an HTTP response, as API Gateway does.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::Error;
use serde::{Deserialize, Serialize};

/// A response as a function returns it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FunctionResponse {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    cookies: Vec<String>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

impl FunctionResponse {
    /// Reads what a function has returned.
    ///
    /// # Errors
    /// If it is not in the payload format 2.0.
    pub(crate) fn of(returned: &impl Serialize) -> Result<Self, Error> {
        Ok(serde_json::from_value(serde_json::to_value(returned)?)?)
    }

    /// The response to the caller. Each cookie has a `Set-Cookie` header of its own.
    ///
    /// # Errors
    /// If the status, a header or the body is invalid.
    pub(crate) fn into_response(self) -> Result<Response, Error> {
        let mut response = Response::builder().status(self.status_code);
        for (name, value) in &self.headers {
            response = response.header(name, value);
        }
        for cookie in &self.cookies {
            response = response.header(SET_COOKIE, cookie);
        }
        let body = self.body.unwrap_or_default();
        let body = if self.is_base64_encoded { Body::from(STANDARD.decode(body)?) } else { Body::from(body) };
        Ok(response.body(body)?)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use lambda_http::{Adapter, Context, LambdaEvent, Service, service_fn};
    use serde_json::{Value, json};

    use super::FunctionResponse;

    const HEALTH: &str = include_str!("../../../tests/events/health.json");

    #[tokio::test]
    async fn of_a_header_that_a_function_repeats_only_the_first_value_arrives() {
        let mut function = Adapter::from(service_fn(async |_| {
            let response = lambda_http::Response::builder().header("vary", "origin").header("vary", "accept");
            Ok::<_, lambda_http::Error>(response.body("here".to_owned())?)
        }));
        let event = LambdaEvent::new(serde_json::from_str(HEALTH).expect("an event"), Context::default());
        let returned = function.call(event).await.expect("a response");
        let response =
            FunctionResponse::of(&returned).and_then(FunctionResponse::into_response).expect("a response");
        assert_eq!(response.headers().get_all("vary").iter().collect::<Vec<_>>(), ["origin"]);
    }

    #[tokio::test]
    async fn every_part_of_it_is_in_the_response_to_the_caller() {
        let returned = json!({
            "statusCode": 201,
            "headers": { "location": "/a", "set-cookie": "a=1,b=2" },
            "cookies": ["c=3", "d=4; Path=/"],
            "body": "AP8=",
            "isBase64Encoded": true,
        });
        let response =
            FunctionResponse::of(&returned).and_then(FunctionResponse::into_response).expect("a response");
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["location"], "/a");
        let cookies: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["a=1,b=2", "c=3", "d=4; Path=/"]);
        assert_eq!(to_bytes(response.into_body(), 9).await.expect("a body"), [0, 255].as_slice());
    }

    #[test]
    fn an_invalid_one_is_an_error() {
        for returned in [
            json!({}),
            json!({ "statusCode": 99 }),
            json!({ "statusCode": 200, "headers": { "a b": "" } }),
            json!({ "statusCode": 200, "cookies": ["a\n"] }),
            json!({ "statusCode": 200, "body": "%", "isBase64Encoded": true }),
            Value::Null,
        ] {
            assert!(
                FunctionResponse::of(&returned).and_then(FunctionResponse::into_response).is_err(),
                "{returned}"
            );
        }
    }
}
