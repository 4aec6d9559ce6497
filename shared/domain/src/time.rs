//! Moments, months and days, all in UTC.

mod calendar;
mod timestamp;

pub use calendar::{Day, Month};
pub use timestamp::Timestamp;
