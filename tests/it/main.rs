//! The one integration-test binary: the whole service over an embedded DynamoDB, spoken to over HTTP.
//!
//! Every test has a world of its own, a database included, and leaves nothing behind.

mod access;
mod bad_input;
mod bounds;
mod budget;
mod bulk;
mod cargo_lambda;
mod contention;
mod counts;
mod docs;
mod envelope;
mod erasure;
mod escalation;
mod expiry;
mod export_import;
mod faults;
mod idempotency;
mod isolation;
mod keys;
mod keyword_search;
mod kill;
mod lambda;
mod lambda_hostile;
mod lambda_process;
mod listing;
mod listing_limits;
mod local;
mod local_refusals;
mod lockout;
mod memories;
mod methods;
mod peppers;
mod races;
mod revocation;
mod round_trip;
mod routes;
mod secrets_in_logs;
mod seed_page;
mod strict_json;
mod targets;
mod template;
mod template_policies;
mod template_references;
mod values;
mod versions;
