//! Receivers that hang, close, never end, or speak something else.

use std::time::Duration;

use hb_domain::webhook::UrlPolicy;

use super::receiver::{Answer, Receiver, ok};
use super::{AMPLE, assert_failed, resolving_to, send, sender};
use crate::{Limits, Outcome, Sender};

const CLOSED: &str = "the connection was closed before the response was complete";

async fn answered(answer: Answer) -> Outcome {
    let receiver = Receiver::always(answer).await;
    send(&sender(), &receiver.url()).await
}

#[tokio::test]
async fn a_receiver_that_never_answers_has_failed_at_the_end_of_the_time() {
    let limits = Limits { total: Duration::from_millis(50), ..AMPLE };
    let sender = Sender::with(UrlPolicy::Local, limits, resolving_to("127.0.0.1"));
    let informational = "HTTP/1.1 100 Continue\r\n\r\n".to_owned();
    for answer in [
        Answer::Hang(String::new()),
        Answer::Hang("HTTP/1.1 200 OK\r\ncontent-le".into()),
        Answer::Hang(informational.clone()),
        Answer::Endless(String::new(), informational),
    ] {
        let receiver = Receiver::always(answer).await;
        assert_failed(&send(&sender, &receiver.url()).await, "no complete response within 0.05 s");
    }
}

#[tokio::test]
async fn a_body_without_end_is_read_up_to_the_limit_and_its_status_counts() {
    for (status, acknowledges) in [("200 OK", true), ("500 Error", false)] {
        let chunked = format!("HTTP/1.1 {status}\r\ntransfer-encoding: chunked\r\n\r\n");
        let chunk = format!("400\r\n{}\r\n", "x".repeat(1024));
        let plain = format!("HTTP/1.1 {status}\r\n\r\n");
        let announced = format!("HTTP/1.1 {status}\r\ncontent-length: 1000000000000\r\n\r\n");
        for (head, body) in [(chunked, chunk), (plain, "x".repeat(1000)), (announced, "x".repeat(1000))] {
            let outcome = answered(Answer::Endless(head, body)).await;
            assert_eq!(outcome.is_acknowledged(), acknowledges, "{outcome:?}");
            assert_eq!((outcome.failure, outcome.response), (None, "x".repeat(1024)));
        }
    }
}

#[tokio::test]
async fn a_response_that_breaks_off_is_not_complete() {
    for (bytes, status) in [
        ("", None),
        ("HTTP/1.1 200 OK\r\ncontent-le", None),
        ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", Some(200)),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", Some(200)),
    ] {
        let outcome = answered(Answer::Close(bytes.into())).await;
        assert_eq!((outcome.status_code, outcome.failure.as_deref()), (status, Some(CLOSED)), "{bytes}");
        assert!(!outcome.is_acknowledged());
        assert_eq!(outcome.response, if status.is_some() { "abc" } else { "" });
    }
}

#[tokio::test]
async fn what_is_not_http_has_failed() {
    let (not_http, too_large) = ("the response is not HTTP", "the headers of the response are too large");
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(101));
    for (bytes, failure) in [
        ("SSH-2.0-OpenSSH_9.6\r\n\r\n".to_owned(), not_http),
        ("<html>\r\n\r\n".to_owned(), not_http),
        ("HTTP/2.0 200 OK\r\n\r\n".to_owned(), not_http),
        ("HTTP/1.1 20 OK\r\n\r\n".to_owned(), not_http),
        ("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n".to_owned(), not_http),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab".to_owned(), not_http),
        ("\0\x01\x02\x03\r\n\r\n".to_owned(), not_http),
        (format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "b".repeat(20_000)), too_large),
        (many, too_large),
    ] {
        assert_failed(&answered(Answer::Close(bytes)).await, failure);
    }
    let header = format!("a: {}\r\n", "b".repeat(1000));
    assert_failed(&answered(Answer::Endless("HTTP/1.1 200 OK\r\n".into(), header)).await, too_large);
}

#[tokio::test]
async fn older_and_informational_responses_are_read() {
    for bytes in [
        "HTTP/1.0 200 OK\r\n\r\nold".to_owned(),
        "HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\nold".to_owned(),
        format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\na: b\r\n\r\n{}", ok("old")),
    ] {
        let outcome = answered(Answer::Close(bytes)).await;
        assert!(outcome.is_acknowledged(), "{outcome:?}");
        assert_eq!(outcome.response, "old");
    }
    let outcome =
        answered(Answer::Keep("HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n".into()));
    assert!(!outcome.await.is_acknowledged());
}

#[tokio::test]
async fn a_port_where_nobody_listens_refuses() {
    let receiver = Receiver::always(Answer::Keep(ok(""))).await;
    let url = receiver.url();
    drop(receiver);
    // The task of the receiver ends at its next turn.
    tokio::task::yield_now().await;
    assert_failed(&send(&sender(), &url).await, "the connection was refused");
}
