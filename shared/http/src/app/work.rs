//! Running a handler: authorization, idempotency, and the announcement of changes to searches.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use hb_domain::idempotency::IdempotencyKey;
use hb_domain::{Error, Scope};
use hb_store::Acquired;

use super::dispatch::Dispatch;
use super::{App, panicked};
use crate::completion::Completion;
use crate::route::Handling;
use crate::{Call, HandlerResult, idempotency};

impl App {
    /// Authorizes the call, runs the handler at most once for an idempotency key, and returns the part of the result
    /// that the caller may see.
    pub(crate) async fn perform(
        &self,
        request: &Dispatch<'_>,
        call: Call,
        scope: Option<Scope>,
        handler: fn(Call) -> Handling,
    ) -> Result<Completion, Error> {
        let route = request.route;
        if let Some(scope) = scope {
            call.principal().require(scope)?;
        }
        if let Some(reveals) = &route.reveals {
            reveals.check_conditions(call.principal(), &request.parts.headers)?;
        }
        call.check_coding()?;
        if route.reads_no_body() {
            call.check_unread_body()?;
        }
        let key =
            if route.accepts_idempotency_key() { idempotency::key_of(&request.parts.headers)? } else { None };
        let principal = call.principal().clone();
        let completion = match key {
            Some(key) => Box::pin(self.run_once(request, &key, call, handler)).await?,
            None => self.run(call, handler).await.map(Completion::Fresh)?,
        };
        match &route.reveals {
            Some(reveals) => completion.visible_to(&principal, reveals),
            None => completion.meeting_if_match(request.parts),
        }
    }

    /// Runs the handler, and announces its changes to searches before the response.
    async fn run(&self, call: Call, handler: fn(Call) -> Handling) -> HandlerResult {
        let context = call.context.clone();
        let handling = AssertUnwindSafe(async { handler(call).await }).catch_unwind();
        let outcome = handling.await.unwrap_or_else(|_| Err(panicked()));
        // A change must not be acknowledged before searches can find it. On an error the caller retries.
        context.publish_changes(&self.shared.store).await.and(outcome)
    }

    /// Runs the handler unless the response of the idempotency key is stored. The route's own authorization runs first,
    /// so that it applies to resumed and replayed requests too.
    async fn run_once(
        &self,
        request: &Dispatch<'_>,
        key: &IdempotencyKey,
        mut call: Call,
        handler: fn(Call) -> Handling,
    ) -> Result<Completion, Error> {
        if let Some(authorize) = request.route.authorize {
            authorize(&call).await?;
        }
        let (store, context) = (&self.shared.store, call.context.clone());
        let new = idempotency::new_record(request.parts, &mut call);
        match store.with(&context).idempotency().acquire(key, new).await? {
            Acquired::Completed(stored) => Ok(Completion::Replayed(stored)),
            Acquired::Locked(locked) => {
                let outcome = self.run(call.under(locked.clone()), handler).await;
                let (id, at) = (request.id, request.received_at);
                idempotency::settle(store, &context, &locked, outcome, id, at).await.map(Completion::Fresh)
            }
        }
    }
}
