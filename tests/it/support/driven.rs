//! A request that is executed call by call.

use std::future::Future;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

use super::tap::HeldCall;
use super::{Answer, Instance};

/// A request in progress whose instance waits before each call to AWS.
pub struct Driven {
    request: JoinHandle<Answer>,
    held: UnboundedReceiver<HeldCall>,
    next: Option<HeldCall>,
    answer: Option<Answer>,
}

impl Driven {
    /// Starts `request`, which must be a request to `instance`.
    pub fn start(instance: &Instance, request: impl Future<Output = Answer> + Send + 'static) -> Self {
        let held = instance.tap.hold();
        Self { request: tokio::spawn(request), held, next: None, answer: None }
    }

    /// The name of the held call; `None` if the response has arrived.
    pub async fn peek(&mut self) -> Option<String> {
        if self.answer.is_some() {
            return None;
        }
        if self.next.is_none() {
            tokio::select! {
                biased;
                answer = &mut self.request => self.answer = Some(answer.expect("the request")),
                Some(call) = self.held.recv() => self.next = Some(call),
            }
        }
        self.next.as_ref().map(|call| call.name.clone())
    }

    /// Passes one call and returns its name; `None` if the response has arrived.
    pub async fn step(&mut self) -> Option<String> {
        let name = self.peek().await?;
        if let Some(call) = self.next.take() {
            call.pass().await;
        }
        Some(name)
    }

    /// Passes calls up to and including one with this name.
    pub async fn step_past(&mut self, name: &str) {
        while let Some(passed) = self.step().await {
            if passed == name {
                return;
            }
        }
        panic!("the response arrived before the call {name}");
    }

    /// Passes all calls and returns the response.
    pub async fn finish(mut self) -> Answer {
        while self.step().await.is_some() {}
        self.answer.expect("an answer")
    }
}
