//! JSON Schemas of requests and of the values that responses hold.
//!
//! A request is described by the function that parses it: the function reads from a [`Recorder`] in place of real
//! fields, and the recorder keeps the name, the location and the schema of each field that is read.

mod recorder;
pub(crate) mod request;
pub(crate) mod schema;
mod values;

#[cfg(test)]
mod tests;

pub use recorder::{Recorder, Request};
pub use request::{FieldSchema, Location, RequestSchema};
