//! Filters with operators equal a naive evaluation on the lines of an export.

pub(crate) mod naive;
pub(crate) mod random;

use hb_domain::fields::Fields;
use hb_domain::filter::FilterExpression;
use hb_domain::import::Imported;
use hb_domain::memory_ids::MemoryIds;
use hb_domain::{Memory, TenantId};
use hb_tests::world::{NOON, moment};
use rand::SeedableRng;
use rand::rngs::StdRng;
use random::Random;
use serde_json::Value;

/// The memory that the import of `line` makes.
fn imported(line: Value) -> Memory {
    let tenant = TenantId::parse("acme").expect("a tenant");
    let suffix = MemoryIds::default().next_suffix(&mut StdRng::seed_from_u64(1));
    let fields = Fields::of_item(line, &tenant).expect("an object");
    Imported::parse(fields, moment(NOON), suffix).expect("a memory").memory
}

#[test]
fn a_filter_equals_a_naive_one_on_the_line_of_an_export() {
    let mut random = Random::new(moment(NOON));
    let memories: Vec<Memory> = (0..150).map(|_| imported(random.memory())).collect();
    let lines: Vec<Value> =
        memories.iter().map(|memory| serde_json::to_value(memory).expect("a line")).collect();
    let mut matches = 0;
    for _ in 0..2_000 {
        let json = random.filter(4);
        let filter = FilterExpression::parse("filter", json.clone());
        let filter = filter.unwrap_or_else(|faults| panic!("{json}: {faults:?}"));
        for (memory, line) in memories.iter().zip(&lines) {
            let expected = naive::holds(&json, line);
            assert_eq!(filter.matches(memory), expected, "{json} on {line}");
            matches += usize::from(expected);
        }
    }
    assert!((60_000..240_000).contains(&matches), "neither all nor none: {matches} of 300,000");
}
