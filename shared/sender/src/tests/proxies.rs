//! Proxies of the environment have no effect. A process of its own has the variables.

use std::process::Stdio;

use super::receiver::{Answer, Receiver, ok};
use super::{assert_failed, send, sender};

/// The test below, in the process that has the variables.
const INSIDE: &str = "tests::proxies::without_a_proxy_a_receiver_is_reached";

#[tokio::test]
async fn without_a_proxy_a_receiver_is_reached() {
    let receiver = Receiver::always(Answer::Keep(ok(""))).await;
    assert!(send(&sender(), &receiver.url()).await.is_acknowledged());
    let url = format!("http://receiver.localhost:{}/", receiver.address.port());
    assert!(send(&sender(), &url).await.is_acknowledged());
    let url = format!("https://receiver.localhost:{}/", receiver.address.port());
    // The receiver does not speak TLS, and never answers what it takes for the beginning of a request.
    let limits = crate::Limits { connect: std::time::Duration::from_millis(50), ..super::AMPLE };
    let sender =
        crate::Sender::with(hb_domain::webhook::UrlPolicy::Local, limits, super::resolving_to("127.0.0.1"));
    assert_failed(&send(&sender, &url).await, "no connection within 0.05 s");
    assert_eq!(receiver.requests().len(), 2);
}

#[tokio::test]
async fn a_proxy_of_the_environment_is_not_used() {
    let proxy = Receiver::always(Answer::Keep(ok("from the proxy"))).await;
    let mut command = tokio::process::Command::new(std::env::current_exe().expect("this program"));
    command.args([INSIDE, "--exact"]).stdout(Stdio::null()).stderr(Stdio::null()).env_remove("NO_PROXY");
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        let url = format!("http://{}", proxy.address);
        command.env(name, &url).env(name.to_lowercase(), &url);
    }
    let ended = command.env_remove("no_proxy").status().await.expect("a process");
    assert!(ended.success());
    assert_eq!(proxy.requests(), []);
}
