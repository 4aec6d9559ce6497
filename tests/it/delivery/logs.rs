//! What the log of the function says: no secret, no path or query of a URL, no response.

use std::io;
use std::sync::{Arc, Mutex};

use hb_local::functions;
use hb_tests::Receiver;
use hb_tests::receiver::Reply;
use serde_json::json;

use super::{Stage, seconds};
use crate::secrets_in_logs::listen;

/// What was logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("the lines").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn at_any_level_the_log_names_the_endpoint_and_nothing_that_its_owner_keeps_to_itself() {
    const SECRET: &str = "hush-hush-hush-hush-hush-hush";
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_env_filter(functions::log_filter("trace"))
        .with_writer(move || writer.clone());
    let _listening = listen(subscriber.finish());
    let mut stage = Stage::new().await;
    stage.world.sender = Stage::impatient();
    let receiver = Receiver::acknowledging().await;
    let url = format!("{}/private-path?token=private-query", receiver.url);
    let body = json!({"name": "test", "url": url, "events": ["*"], "secret": SECRET});
    let created = stage.client.post("/api/v1/webhooks", body).await;
    created.expect(201, "");
    let id = created.data()["id"].as_str().expect("an id").to_owned();
    let endpoint = hb_tests::deliveries::Endpoint { tenant: stage.account.tenant.clone(), id };
    for (number, reply) in [
        Reply::Body(200, "private-body".into()),
        Reply::Body(500, "private-body".into()),
        Reply::Header(302, "location", "https://example.com/private-path".into()),
        Reply::Close,
        Reply::CloseMidBody,
        Reply::Hang,
        Reply::Body(410, "private-body".into()),
    ]
    .into_iter()
    .enumerate()
    {
        receiver.answer(move |_| reply.clone());
        let id = stage.world.queue(&endpoint, number as u64).await;
        stage.stream_of(&[(0, id)]).await;
        receiver.answer(|_| Reply::Status(200));
        if number < 6 {
            stage.world.pass_after(seconds(80)).await;
            stage.settle().await;
        }
    }
    let text = String::from_utf8(lines.0.lock().expect("the lines").clone()).expect("text");
    for shown in
        [endpoint.id.as_str(), r#""message":"delivery""#, r#""status_code":500"#, "an endpoint was disabled"]
    {
        assert!(text.contains(shown), "{shown}");
    }
    for private in [SECRET, "private-", &receiver.url["http://".len()..]] {
        let leak = text.lines().find(|line| line.contains(private));
        assert_eq!(leak, None, "{private}");
    }
}
