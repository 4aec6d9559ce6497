//! Shared code of property tests: an environment for cases, and strategies for values.

use hb_tests::world::plenty;
use hb_tests::{Client, Instance, World, seed};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// A world with one account, and the runtime in which it runs.
pub(crate) struct Bench {
    pub(crate) client: Client,
    pub(crate) memory: String,
    pub(crate) key: String,
    _instance: Instance,
    _world: World,
    runtime: Runtime,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let (world, instance, client, memory, key) = runtime.block_on(async {
            let world = World::new().await;
            let account = world.account_with("acme", plenty()).await;
            let instance = world.instance().await;
            let client = instance.client.with(&account.key);
            let memory = client.post("/api/v1/memories", json!({"content": "x", "type": "task"})).await;
            let memory = memory.header("location").to_owned();
            let (key, _) = world.key(&account.tenant, hb_domain::Scopes::all(), None).await;
            (world, instance, client, memory, key.to_string())
        });
        Self { client, memory, key, _instance: instance, _world: world, runtime }
    }

    /// Runs `cases` cases of `check`.
    pub(crate) fn check<S: Strategy>(
        &self,
        cases: u32,
        strategy: S,
        check: impl AsyncFn(S::Value) -> Result<(), TestCaseError>,
    ) {
        let outcome = seed::runner(cases).run(&strategy, |value| self.runtime.block_on(check(value)));
        if let Err(failure) = outcome {
            panic!("{failure}");
        }
    }
}

/// Text as people and attackers write it: ASCII, accented, joined, right to left, beyond the basic plane.
pub(crate) fn text(most: usize) -> impl Strategy<Value = String> {
    let character = prop_oneof![
        4 => proptest::char::range(' ', '~'),
        1 => proptest::char::range('\u{300}', '\u{36f}'),
        1 => proptest::char::range('\u{590}', '\u{6ff}'),
        1 => proptest::char::range('\u{1f300}', '\u{1faff}'),
        1 => prop::sample::select(vec!['\u{200d}', '\u{202e}', '\u{feff}', '\u{fffd}', '\u{85}', '\u{2028}', '\n', '\u{1}', '\u{7f}', '\u{10ffff}']),
        1 => any::<char>().prop_filter("NUL is refused", |character| *character != '\0'),
    ];
    prop::collection::vec(character, 1..=most).prop_map(|characters| characters.into_iter().collect())
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no other", |number| number.is_finite()).prop_map(Value::from),
        (0.0..=1.0).prop_map(Value::from),
        prop::sample::select(vec![
            json!(1e308),
            json!(5e-324),
            json!(18_446_744_073_709_551_616.0),
            json!(-0.0),
            json!(0.1),
            json!(1.0)
        ]),
    ]
}

/// Any JSON value, up to six levels deep.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number(),
        text(12).prop_map(Value::from)
    ];
    leaf.prop_recursive(6, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(text(8), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Any value of a field, valid or not: any JSON value, texts that resemble other types, and long texts.
pub(crate) fn nasty() -> impl Strategy<Value = Value> {
    let odd = [
        "",
        " ",
        "\0",
        "a\0b",
        "null",
        "NaN",
        "Infinity",
        "-1",
        "1e400",
        "0x10",
        "1970-01-01T00:00:00Z",
        "2020-02-30T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z",
        "2026-11-24T12:00:00Z",
        "2027-01-31T00:00:00+99:99",
        "acme",
        "acme ",
        "ACME",
        "__proto__",
        "key_abc123def456",
        "%00",
    ];
    prop_oneof![
        3 => value(),
        4 => prop::sample::select(odd.to_vec()).prop_map(Value::from),
        1 => (0usize..3, 9_990usize..10_010).prop_map(|(which, length)| ["x", "ä", "😀"][which].repeat(length).into()),
        1 => (0usize..60).prop_map(|count| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().into()),
        1 => (16_000usize..16_800).prop_map(|length| json!({"a": "x".repeat(length)})),
        1 => (1usize..120).prop_map(|depth| (0..depth).fold(Value::Null, |inner, _| json!({"a": inner}))),
    ]
}
