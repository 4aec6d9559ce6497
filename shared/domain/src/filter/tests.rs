//! What filters accept, refuse and match. `tests/it/filters.rs` compares them with a naive evaluation.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::memory::NewMemory;
use crate::{MemoryId, TenantId, Timestamp, json as strict};

fn parse(filter: Value) -> Result<FilterExpression, Vec<FieldError>> {
    FilterExpression::parse("filter", filter)
}

fn messages(filter: Value) -> Vec<String> {
    let faults = parse(filter).expect_err("a fault");
    faults.into_iter().map(|fault| fault.message).collect()
}

/// A memory that was created in 2026-11-24T12:00:00Z.
fn memory(extra: Value) -> Memory {
    let mut body = json!({"content": "tea", "type": "task", "tags": ["a", "b"], "userId": "maya"});
    body.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
    let tenant = TenantId::parse("acme").expect("a tenant");
    let now = Timestamp::parse("2026-11-24T12:00:00Z").expect("a time");
    let new = NewMemory::parse(Fields::of_body(body, &tenant).expect("fields"), now).expect("a memory");
    new.named(MemoryId::mint(now, &mut rand::SeedableRng::seed_from_u64(1) as &mut rand::rngs::StdRng))
}

fn assert_matches(memory: &Memory, filter: Value, expected: bool) {
    assert_eq!(parse(filter.clone()).expect("a filter").matches(memory), expected, "{filter}");
}

#[test]
fn each_fault_is_named_with_its_place() {
    for (filter, expected) in [
        (json!({"and": [{"importance": {"gte": "1"}}]}), "filter.and[0].importance.gte must be a number"),
        (json!([]), "filter must be an object with one member: a field, and, or, or not"),
        (json!({}), "filter must be an object with one member: a field, and, or, or not"),
        (json!({"and": [], }), "filter.and must be a list of 1 to 100 filters"),
        (json!({"not": {"or": {}}}), "filter.not.or must be a list of 1 to 100 filters"),
        (json!({"type": "task"}), r#"filter.type must be an object of operators, such as {"eq": …}"#),
        (json!({"type": {}}), r#"filter.type must be an object of operators, such as {"eq": …}"#),
        (
            json!({"type": {"gt": "task"}}),
            "filter.type.gt is not an operator here: those are eq, ne, in, nin, exists",
        ),
        (
            json!({"tags": {"in": ["a"]}}),
            "filter.tags.in is not an operator here: those are eq, ne, exists, contains",
        ),
        (
            json!({"userId": {"eq": null}}),
            "filter.userId.eq must not be null, which only metadata can contain; use exists for what is absent",
        ),
        (json!({"userId": {"nin": ["a", 7]}}), "filter.userId.nin[1] must be a string"),
        (json!({"userId": {"in": []}}), "filter.userId.in must be a list of 1 to 100"),
        (json!({"tags": {"eq": ["a", 1]}}), "filter.tags.eq must be a list of strings"),
        (json!({"namespace": {"prefix": "a/b"}}), "filter.namespace.prefix must be a list of strings"),
        (json!({"namespace": {"eq": []}}), "filter.namespace.eq must have 1 to 10 segments"),
        (json!({"tags": {"contains": ["a"]}}), "filter.tags.contains must be a string"),
        (json!({"metadata.a": {"gt": [1]}}), "filter.metadata.a.gt must be a number or a string"),
        (json!({"metadata.a": {"exists": 1}}), "filter.metadata.a.exists must be true or false"),
        (json!({"metadata.a": {"prefix": 1}}), "filter.metadata.a.prefix must be a string"),
        (json!({"userId": {"eq": "a\0"}}), "filter.userId.eq must not contain the NUL character"),
        (
            json!({"metadata.a": {"in": [1, {"b": "\0"}]}}),
            "filter.metadata.a.in must not contain the NUL character",
        ),
        (json!({"metadata.\0": {"eq": 1}}), "filter.metadata.\0 must not contain the NUL character"),
    ] {
        assert_eq!(messages(filter.clone()), [expected], "{filter}");
    }
    let several =
        json!({"or": [{"type": {"eq": "x"}}, {"colour": {"eq": 1}}, {"createdAt": {"lt": "noon", "x": 1}}]});
    let places: Vec<String> =
        parse(several).expect_err("faults").into_iter().map(|fault| fault.field).collect();
    assert_eq!(
        places,
        [
            "filter.or[0].type.eq",
            "filter.or[1].colour",
            "filter.or[2].createdAt.lt",
            "filter.or[2].createdAt.x"
        ]
    );
}

#[test]
fn bounds_are_named_where_they_are_exceeded() {
    let one = json!({"metadata.a": {"eq": 1}});
    let nested = |levels: usize| (1..levels).fold(one.clone(), |inner, _| json!({"not": inner}));
    assert!(parse(nested(MAX_DEPTH)).is_ok());
    assert!(
        messages(nested(MAX_DEPTH + 1))[0].ends_with("is nested too deeply: a filter has at most 8 levels")
    );
    let many = |count: usize| json!({"or": vec![one.clone(); count]});
    assert!(parse(many(MAX_COMPARISONS)).is_ok());
    assert_eq!(messages(json!({"and": [many(50), many(51)]})), ["filter must have at most 100 comparisons"]);
    assert_eq!(messages(many(101)), ["filter.or must be a list of 1 to 100 filters"]);
    let within = |count: usize| json!({"metadata.a": {"in": vec![1; count]}});
    assert!(parse(within(MAX_LIST)).is_ok());
    assert_eq!(messages(within(MAX_LIST + 1)), ["filter.metadata.a.in must be a list of 1 to 100"]);
    let wrong = json!({"or": vec![json!({"x": 1}); 100]});
    assert_eq!(messages(wrong).len(), 20, "a bounded number of faults");
}

#[test]
fn what_is_absent_matches_ne_nin_and_not_only() {
    let memory = memory(json!({"metadata": {"null": null, "list": [{"x": 1}]}}));
    for field in
        ["agentId", "expiresAt", "metadata.x", "metadata.null.x", "metadata.list.0", "metadata.list.x"]
    {
        let value = if field == "expiresAt" { json!("2027-01-01T00:00:00Z") } else { json!("x") };
        for operator in ["eq", "gt", "gte", "lt", "lte"] {
            assert_matches(&memory, json!({field: {operator: value}}), false);
            assert_matches(&memory, json!({"not": {field: {operator: value}}}), true);
        }
        for (operator, operand, expected) in [
            ("ne", value.clone(), true),
            ("in", json!([value]), false),
            ("nin", json!([value]), true),
            ("exists", json!(true), false),
            ("exists", json!(false), true),
        ] {
            assert_matches(&memory, json!({field: {operator: operand}}), expected);
        }
    }
    assert_matches(&memory, json!({"metadata.null": {"eq": null, "exists": true}}), true);
    assert_matches(&memory, json!({"metadata.x": {"eq": null}}), false);
}

#[test]
fn values_are_compared_by_kind_and_value() {
    let memory = memory(json!({
        "importance": 1, "namespace": ["a", "b/c"], "key": "order/1",
        "metadata": {"n": 1, "big": 9_007_199_254_740_993_u64, "t": "déjà vu", "l": [1.0, {"a": [2]}], "o": {"p.q": true}},
    }));
    for (filter, expected) in [
        (json!({"importance": {"eq": 1}}), true),
        (json!({"importance": {"gte": 1, "lt": 1.5}}), true),
        (json!({"importance": {"gte": 1, "lt": 1}}), false),
        (json!({"metadata.n": {"eq": 1.0}}), true),
        (json!({"metadata.n": {"eq": "1"}}), false),
        (json!({"metadata.n": {"ne": "1"}}), true),
        (json!({"metadata.n": {"lt": "2"}}), false),
        (json!({"metadata.big": {"gt": 9_007_199_254_740_992_u64}}), true),
        (json!({"metadata.big": {"eq": 9_007_199_254_740_992.0}}), false),
        (json!({"metadata.l": {"eq": [1, {"a": [2.0]}]}}), true),
        (json!({"metadata.l": {"contains": {"a": [2.0]}}}), true),
        (json!({"metadata.l": {"contains": [2]}}), false),
        (json!({"metadata.t": {"contains": "jà", "prefix": "dé", "gt": "dz"}}), true),
        (json!({"metadata.t": {"prefix": "vu"}}), false),
        (json!({r"metadata.o.p\.q": {"eq": true}}), true),
        (json!({"metadata.o.p.q": {"exists": true}}), false),
        (json!({"tags": {"contains": "a"}}), true),
        (json!({"tags": {"contains": "A"}}), false),
        (json!({"tags": {"eq": ["b", "a"]}}), false),
        (json!({"tags": {"eq": ["a", "b"], "exists": true}}), true),
        (json!({"type": {"nin": ["event", "task"]}}), false),
        (json!({"userId": {"prefix": "ma", "contains": "ay", "gte": "maya", "lt": "mayb"}}), true),
        (json!({"namespace": {"eq": ["a", "b/c"], "contains": "b/c", "prefix": ["a"]}}), true),
        (json!({"namespace": {"prefix": ["a", "b"]}}), false),
        (json!({"namespace": {"nin": [["a"], ["a", "b/c"]]}}), false),
        (json!({"key": {"prefix": "order/"}}), true),
        (json!({"createdAt": {"eq": "2026-11-24T13:00:00+01:00"}}), true),
        (json!({"createdAt": {"gte": 1_795_521_600, "lt": 1_795_521_600_001_u64}}), true),
        (json!({"createdAt": {"in": ["20261124T120000Z"]}, }), true),
    ] {
        assert_matches(&memory, filter, expected);
    }
}

#[test]
fn the_conditions_of_a_conjunction_are_implied() {
    let time = |text: &str| Timestamp::parse(text);
    let implied = parse(json!({"and": [
        {"userId": {"eq": "maya"}},
        {"and": [{"type": {"in": ["task"]}}, {"tags": {"contains": "a"}}, {"tags": {"contains": "b"}}]},
        {"or": [{"agentId": {"eq": "x"}}]},
        {"or": [{"sessionId": {"eq": "x"}}, {"sessionId": {"eq": "y"}}]},
        {"not": {"sessionId": {"eq": "z"}}},
        {"namespace": {"eq": ["a", "b"], "prefix": ["a"]}},
        {"createdAt": {"gt": "2026-11-24T12:00:00Z", "gte": "2026-01-01T00:00:00Z", "lte": "2026-11-25T00:00:00Z"}},
    ]}));
    let implied = implied.expect("a filter").implied();
    let filter = crate::listing::Filter {
        kind: Some(crate::memory::MemoryType::Task),
        tags: vec!["a".into(), "b".into()],
        user_id: Some("maya".into()),
        agent_id: Some("x".into()),
        namespace: crate::Namespace::parse("a/b"),
        namespace_prefix: crate::Namespace::parse("a"),
        ..Default::default()
    };
    let expected = Implied {
        filter,
        created_after: time("2026-11-24T12:00:00.001Z"),
        created_before: time("2026-11-25T00:00:00.001Z"),
    };
    assert_eq!(implied, expected);
}

#[test]
fn the_text_of_a_filter_does_not_depend_on_the_order_of_members() {
    let text = |body: &[u8]| parse(strict::parse(body).expect("JSON")).expect("a filter").as_str().to_owned();
    let one = text(br#"{"metadata.a": {"gt": 1, "eq": {"b": 1, "a": 2}}}"#);
    assert_eq!(one, text(br#"{ "metadata.a":{"eq":{"a":2,"b":1},"gt":1}}"#));
    assert_ne!(one, text(br#"{"metadata.a": {"gt": 2, "eq": {"b": 1, "a": 2}}}"#));
}

/// Pieces of which filters are made, and some that do not belong there.
const PIECES: &str = r#"\{"(and|or|not|type|tags|metadata\.a|metadata\.\\|namespace|createdAt|x|eq|in|gt|contains|prefix|exists)":|\[|\]|\}|,|null|-?[0-9]{1,20}|1e400|"(\\ud800|a|\\u0000|2026-11-24T12:00:00Z)""#;

fn any_json() -> impl Strategy<Value = Value> {
    let names =
        "and|or|not|type|tags|metadata\\.a\\\\?|metadata|key|createdAt|eq|in|nin|gt|contains|prefix|exists";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(12, 60, 3, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names, inner, 1..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_a_filter_or_refused_without_panic(value in any_json()) {
        let memory = memory(json!({"metadata": {"a": [1, "x"], "": null}}));
        match parse(value) {
            Ok(filter) => {
                filter.matches(&memory);
                filter.implied();
            }
            Err(faults) => prop_assert!(!faults.is_empty()),
        }
    }

    #[test]
    fn any_text_of_pieces_is_refused_or_parsed_without_panic(pieces in prop::collection::vec(PIECES, 0..40)) {
        if let Ok(value) = strict::parse(pieces.concat().as_bytes()) {
            let _ = parse(value);
        }
    }
}
