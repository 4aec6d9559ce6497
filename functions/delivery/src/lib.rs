//! Sends events to webhook endpoints.
//!
//! The stream of the table `deliveries` wakes the function for what is new, and the schedule for what is due. Whatever the stream
//! leaves, the schedule finds (infra/adr/0026).

mod attempt;
mod endpoint;
mod pass;
mod payload;
mod recovery;
mod round;
mod stream;
mod waiting;

use hb_http::stream::Consumer;
use hb_store::Table;

/// The consumer of this function.
pub const CONSUMER: Consumer = Consumer {
    tables: &[Table::Deliveries],
    handle: |consumption, batch, _| Box::pin(stream::handle(consumption, batch)),
    schedule: Some(|consumption| Box::pin(pass::run(consumption))),
};
