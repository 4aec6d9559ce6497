//! Whether an endpoint's receiver works: the item `health#` + endpoint in the table `webhooks`. It is written by deliveries only,
//! so that they never change what the endpoint's owner sees.

use hb_domain::Result;
use hb_domain::delivery::{EndpointHealth, EndpointId};

use crate::item::{Attributes, Row, millis, number, text};
use crate::tables::Table;

/// The start of the sort keys.
pub(crate) const HEALTH: &str = "health#";

/// The item of the health of an endpoint.
pub(crate) fn encode(health: &EndpointHealth, endpoint: &EndpointId) -> Attributes {
    let mut item = key(endpoint);
    item.insert("version".into(), text(&health.version));
    item.insert("failures".into(), number(health.failures));
    for (name, time) in [
        ("failingSince", health.failing_since),
        ("nextProbeAt", health.next_probe_at),
        ("probeUntil", health.probe_until),
        ("disablesAt", health.disables_at),
        ("slowUntil", health.slow_until),
    ] {
        if let Some(time) = time {
            item.insert(name.into(), millis(time));
        }
    }
    item
}

/// The health of an item.
pub(crate) fn decode(item: &Attributes) -> Result<EndpointHealth> {
    let row = Row::new(Table::Webhooks, item);
    Ok(EndpointHealth {
        version: row.text("version")?.to_owned(),
        failures: row.count("failures")?,
        failing_since: row.optional_moment("failingSince")?,
        next_probe_at: row.optional_moment("nextProbeAt")?,
        probe_until: row.optional_moment("probeUntil")?,
        disables_at: row.optional_moment("disablesAt")?,
        slow_until: row.optional_moment("slowUntil")?,
    })
}

/// The key of the item.
pub(crate) fn key(endpoint: &EndpointId) -> Attributes {
    Attributes::from([
        ("tenant".into(), text(&endpoint.tenant)),
        ("sk".into(), text(format_args!("{HEALTH}{}", endpoint.id))),
    ])
}

#[cfg(test)]
mod tests {
    use hb_domain::{TenantId, Timestamp, WebhookId};

    use super::*;

    #[test]
    fn health_is_decoded_as_it_was_encoded() {
        let endpoint = EndpointId {
            tenant: TenantId::parse("acme").expect("a tenant"),
            id: WebhookId::parse("whk_0123456789abcdef").expect("an id"),
        };
        let at = Some(Timestamp::from_millis(1_795_521_600_000));
        let failing = EndpointHealth {
            version: "v".into(),
            failures: 3,
            failing_since: at,
            next_probe_at: at,
            probe_until: at,
            disables_at: at,
            slow_until: at,
        };
        for health in [failing, EndpointHealth { version: "v".into(), ..EndpointHealth::default() }] {
            assert_eq!(decode(&encode(&health, &endpoint)).expect("health"), health);
        }
    }
}
