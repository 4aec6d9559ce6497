//! Shared code of the integration tests: a separate world for each test, instances of the service, a client, a tap on
//! the calls to AWS, and the real binaries as processes.

pub mod binaries;
pub mod browser;
pub mod client;
pub mod conflicts;
pub mod conformance;
pub mod curl;
pub mod dashboard;
pub mod deliveries;
pub mod driven;
pub mod faults;
pub mod feed;
pub mod function;
pub mod issuer;
pub mod json_schema;
pub mod listeners;
pub mod local;
pub mod process;
pub mod queue;
pub mod receiver;
pub mod recorder;
pub mod references;
pub mod roles;
pub mod runtime_api;
pub mod seed;
pub mod stored;
pub mod tap;
pub mod walk;
pub mod world;

pub use client::{Answer, Client};
pub use curl::Curl;
pub use dashboard::Visitor;
pub use deliveries::Courier;
pub use driven::Driven;
pub use faults::Fault;
pub use function::Function;
pub use process::Process;
pub use receiver::Receiver;
pub use recorder::Recorder;
pub use tap::Tap;
pub use world::{Instance, World};
