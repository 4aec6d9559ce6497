//! The functions of the service: the one list that the local stack and the tests iterate over.
//!
//! A new function is its crate under `functions/`, a row here and its resources in `template.yaml`. Tests compare the
//! three and name what is missing.

use hb_http::Route;
use hb_http::stream::Consumer;
use tracing_subscriber::EnvFilter;

/// A function, by what invokes it.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// The name of its folder, its crate and its binary.
    pub name: &'static str,
    /// What invokes it.
    pub trigger: Trigger,
}

/// What invokes a function.
#[derive(Clone, Copy, Debug)]
pub enum Trigger {
    /// Requests for these routes.
    Http(&'static [Route]),
    /// Changes of the items of tables, and a schedule if the consumer has one.
    Stream(Consumer),
}

/// Every function.
pub const FUNCTIONS: &[Function] = &[
    Function { name: "api-keys", trigger: Trigger::Http(api_keys::ROUTES) },
    Function { name: "memories", trigger: Trigger::Http(memories::ROUTES) },
    Function { name: "webhooks", trigger: Trigger::Http(webhooks::ROUTES) },
    Function { name: "auth", trigger: Trigger::Http(auth::ROUTES) },
    Function { name: "dashboard", trigger: Trigger::Http(dashboard::ROUTES) },
    Function { name: "docs", trigger: Trigger::Http(docs::ROUTES) },
    Function { name: "expiry", trigger: Trigger::Stream(expiry::CONSUMER) },
    Function { name: "event-recorder", trigger: Trigger::Stream(event_recorder::CONSUMER) },
    Function { name: "delivery", trigger: Trigger::Stream(delivery::CONSUMER) },
];

impl Function {
    /// The function's resource in `template.yaml`: `ApiKeysFunction`.
    pub fn resource(&self) -> String {
        format!("{}Function", self.pascal_case())
    }

    /// The function's log group in `template.yaml`: `ApiKeysLog`.
    pub fn log_group(&self) -> String {
        format!("{}Log", self.pascal_case())
    }

    /// The function's role in `template.yaml`: `ApiKeysRole`.
    pub fn role(&self) -> String {
        format!("{}Role", self.pascal_case())
    }

    /// The name of its crate in Rust: `api_keys`.
    pub fn crate_name(&self) -> String {
        self.name.replace('-', "_")
    }

    fn pascal_case(&self) -> String {
        let capitalize = |word: &str| format!("{}{}", word[..1].to_uppercase(), &word[1..]);
        self.name.split('-').map(capitalize).collect()
    }
}

/// The functions that serve routes, with their route tables.
pub fn route_tables() -> impl Iterator<Item = (&'static str, &'static [Route])> + Clone {
    FUNCTIONS.iter().filter_map(|function| match function.trigger {
        Trigger::Http(routes) => Some((function.name, routes)),
        Trigger::Stream(_) => None,
    })
}

/// The routes of all functions.
pub fn routes() -> impl Iterator<Item = &'static Route> + Clone {
    route_tables().flat_map(|(_, routes)| routes)
}

/// The functions that consume a stream.
pub fn consumers() -> impl Iterator<Item = (&'static str, Consumer)> + Clone {
    FUNCTIONS.iter().filter_map(|function| match function.trigger {
        Trigger::Http(_) => None,
        Trigger::Stream(consumer) => Some((function.name, consumer)),
    })
}

/// The log filter of a process that runs every function.
pub fn log_filter(level: &str) -> EnvFilter {
    let crates: Vec<String> = FUNCTIONS.iter().map(Function::crate_name).collect();
    hb_http::log::filter(level, crates.iter().map(String::as_str))
}
