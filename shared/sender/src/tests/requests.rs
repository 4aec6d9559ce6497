//! The request that a receiver gets, and what its status means.

use super::receiver::{Answer, Receiver, ok};
use super::{BODY, send, sender};

#[tokio::test]
async fn a_receiver_gets_a_signed_post_of_the_body() {
    let receiver = Receiver::always(Answer::Keep(ok("thanks"))).await;
    let outcome = send(&sender(), &format!("{}?a=b", receiver.url())).await;
    assert!(outcome.is_acknowledged(), "{outcome:?}");
    assert_eq!((outcome.status_code, outcome.response.as_str()), (Some(200), "thanks"));
    let [(_, request)] = &receiver.requests()[..] else { panic!("{:?}", receiver.requests()) };
    let (head, body) = request.split_once("\r\n\r\n").expect("a head");
    assert_eq!(body, BODY);
    let mut lines: Vec<_> = head.lines().collect();
    assert_eq!(lines.remove(0), "POST /hook?a=b HTTP/1.1");
    lines.sort_unstable();
    let names: Vec<_> = lines.iter().filter_map(|line| line.split_once(": ")).collect();
    let host = receiver.address.to_string();
    assert_eq!(
        names.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        [
            "accept",
            "content-length",
            "content-type",
            "host",
            "user-agent",
            "webhook-id",
            "webhook-signature",
            "webhook-timestamp",
            "x-herobrain-signature",
        ]
    );
    for (name, value) in [
        ("content-type", "application/json"),
        ("host", host.as_str()),
        ("webhook-id", "evt_1"),
        ("webhook-timestamp", "1795953600"),
    ] {
        assert!(names.contains(&(name, value)), "{names:?}");
    }
    assert!(
        names.iter().any(|(name, value)| *name == "user-agent" && value.starts_with("HeroBrain-Webhooks/"))
    );
}

#[tokio::test]
async fn only_a_status_from_200_to_299_acknowledges() {
    for (status, acknowledges) in [
        ("200 OK", true),
        ("201 Created", true),
        ("202 Accepted", true),
        ("299 Other", true),
        ("300 Choice", false),
        ("304 Not Modified", false),
        ("400 Bad Request", false),
        ("410 Gone", false),
        ("429 Slow", false),
        ("500 Error", false),
        ("503 Unavailable", false),
        ("999 Other", false),
    ] {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nretry-after: 120\r\n\r\n");
        let receiver = Receiver::always(Answer::Keep(answer)).await;
        let outcome = send(&sender(), &receiver.url()).await;
        assert_eq!(outcome.is_acknowledged(), acknowledges, "{status}: {outcome:?}");
        assert_eq!(outcome.status_code, status[..3].parse().ok());
        assert_eq!(outcome.retry_after.map(|wait| wait.as_secs()), Some(120));
        assert_eq!(outcome.failure, None);
    }
    let receiver = Receiver::always(Answer::Keep("HTTP/1.1 204 No Content\r\n\r\n".into())).await;
    assert!(send(&sender(), &receiver.url()).await.is_acknowledged());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Receiver::always(Answer::Keep(ok("other"))).await;
    for status in ["301", "302", "303", "307", "308"] {
        let location = other.url();
        let answer = format!("HTTP/1.1 {status} R\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
        let receiver = Receiver::always(Answer::Keep(answer)).await;
        let outcome = send(&sender(), &receiver.url()).await;
        assert_eq!(outcome.status_code, status.parse().ok());
        assert!(!outcome.is_acknowledged(), "{outcome:?}");
    }
    assert_eq!(other.requests(), []);
}

#[tokio::test]
async fn a_url_with_a_password_is_refused() {
    let receiver = Receiver::always(Answer::Keep(ok(""))).await;
    let outcome = send(&sender(), &format!("http://user:secret@{}/", receiver.address)).await;
    super::assert_failed(&outcome, "the URL must not contain a user name or a password");
    assert_eq!(receiver.requests(), []);
}
