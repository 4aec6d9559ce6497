//! The endpoints of webhooks and of the feed of events.
//!
//! Whoever may change an endpoint can have its events sent anywhere. Therefore creating and changing one needs, besides
//! `write:webhooks`, what reading its events needs; so do its secret and its deliveries. Deleting one does not.

mod create;
mod delete;
mod deliveries;
mod empty_body;
mod endpoint;
mod events;
mod get;
mod list;
mod recover;
mod resend;
mod rotate_secret;
mod send_test;
mod update;
mod view;

use empty_body::EmptyBody;
use hb_domain::Scope::WriteWebhooks;
use hb_domain::delivery::{DeliveryLogQuery, RecoveryRequest};
use hb_domain::feed::FeedQuery;
use hb_domain::webhook::{NewWebhook, RotateSecret, WebhookPatch};
use hb_http::Route;
use hb_http::description::{NoParameters, Operation};
use lambda_http::http::Method;

/// The routes of this function.
pub const ROUTES: &[Route] = &[
    Route::scoped(Method::GET, "/api/v1/webhooks", WriteWebhooks, |call| Box::pin(list::list(call)))
        .describing::<NoParameters, (), list::WebhookList>()
        .operation(Operation::new("webhooks.list", "List webhook endpoints")),
    Route::authenticated(Method::GET, "/api/v1/events", |call| Box::pin(events::list(call)))
        .describing::<FeedQuery, (), events::EventList<'static>>()
        .operation(Operation::new("events.list", "List events")),
    Route::scoped(Method::POST, "/api/v1/webhooks", WriteWebhooks, |call| Box::pin(create::create(call)))
        .authorized_by(|call| Box::pin(create::authorize(call)))
        .describing::<NoParameters, NewWebhook, view::NewWebhookView>()
        .operation(Operation::new("webhooks.create", "Create a webhook endpoint").created().versioned()),
    Route::scoped(Method::GET, "/api/v1/webhooks/{id}", WriteWebhooks, |call| Box::pin(get::get(call)))
        .describing::<NoParameters, (), view::WebhookView>()
        .operation(Operation::new("webhooks.get", "Get a webhook endpoint").versioned()),
    Route::scoped(Method::PATCH, "/api/v1/webhooks/{id}", WriteWebhooks, |call| {
        Box::pin(update::update(call))
    })
    .authorized_by(|call| Box::pin(update::authorize(call)))
    .describing::<NoParameters, WebhookPatch, view::WebhookView>()
    .operation(Operation::new("webhooks.update", "Change a webhook endpoint").versioned().conditional()),
    Route::scoped(Method::DELETE, "/api/v1/webhooks/{id}", WriteWebhooks, |call| {
        Box::pin(delete::delete(call))
    })
    .describing::<NoParameters, (), delete::Deleted>()
    .operation(Operation::new("webhooks.delete", "Delete a webhook endpoint").conditional()),
    Route::scoped(Method::POST, "/api/v1/webhooks/{id}/test", WriteWebhooks, |call| {
        Box::pin(send_test::test(call))
    })
    .authorized_by(|call| Box::pin(endpoint::authorize(call)))
    .describing::<NoParameters, EmptyBody, send_test::TestResult>()
    .operation(Operation::new("webhooks.test", "Send a sample event")),
    Route::scoped(Method::POST, "/api/v1/webhooks/{id}/rotate-secret", WriteWebhooks, |call| {
        Box::pin(rotate_secret::rotate(call))
    })
    .authorized_by(|call| Box::pin(endpoint::authorize(call)))
    .describing::<NoParameters, RotateSecret, rotate_secret::RotatedSecret>()
    .operation(
        Operation::new("webhooks.rotateSecret", "Rotate the secret of a webhook endpoint")
            .versioned()
            .conditional(),
    ),
    Route::scoped(Method::POST, "/api/v1/webhooks/{id}/recover", WriteWebhooks, |call| {
        Box::pin(recover::recover(call))
    })
    .authorized_by(|call| Box::pin(endpoint::authorize(call)))
    .describing::<NoParameters, RecoveryRequest, recover::Recovery>()
    .operation(Operation::new("webhooks.recover", "Send the events since a time again")),
    Route::scoped(Method::GET, "/api/v1/webhooks/{id}/deliveries", WriteWebhooks, |call| {
        Box::pin(deliveries::list(call))
    })
    .describing::<DeliveryLogQuery, (), deliveries::DeliveryLog>()
    .operation(Operation::new("webhooks.deliveries", "List deliveries")),
    Route::scoped(Method::POST, "/api/v1/webhooks/{id}/deliveries/{eventId}/resend", WriteWebhooks, |call| {
        Box::pin(resend::resend(call))
    })
    .authorized_by(|call| Box::pin(endpoint::authorize(call)))
    .describing::<NoParameters, EmptyBody, resend::Resent>()
    .operation(Operation::new("webhooks.resend", "Send an event again")),
];
