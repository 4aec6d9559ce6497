//! The commands of CONTRIBUTING.md use the same compiled dependencies.

use std::collections::{BTreeMap, BTreeSet};

use hb_tests::binaries::cargo;

/// `cargo build`, `cargo test`, both with `--workspace`, and `cargo test -p hb-tests`.
const SELECTIONS: [&[&str]; 5] = [
    &["-e", "normal,build"],
    &["-e", "normal,build,dev"],
    &["--workspace", "-e", "normal,build"],
    &["--workspace", "-e", "normal,build,dev"],
    &["-p", "hb-tests", "-e", "normal,build,dev"],
];

/// The features of each dependency; two sets where it is compiled twice, as for a procedural macro.
fn features(selection: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let mut cargo = cargo();
    cargo.args(["tree", "--locked", "--prefix", "none", "-f", "{p}|{f}|"]).args(selection);
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).expect("text");
    let mut features = BTreeMap::<_, BTreeSet<_>>::new();
    for line in tree.lines() {
        let mut parts = line.split('|');
        let (Some(package), Some(enabled)) = (parts.next(), parts.next()) else { continue };
        // A package of the workspace has a path. What it has for its tests is compiled with it, and with nothing else.
        if !package.contains('/') {
            features.entry(package.to_owned()).or_default().insert(enabled.to_owned());
        }
    }
    features
}

#[test]
fn a_dependency_has_the_same_features_for_every_command() {
    let [first, others @ ..] = SELECTIONS;
    let expected = features(first);
    assert!(expected.keys().any(|package| package.starts_with("aws-sdk-dynamodb v")), "{expected:?}");
    for selection in others {
        for (package, enabled) in features(selection) {
            let expected = expected.get(&package).unwrap_or(&enabled);
            assert_eq!(
                &enabled, expected,
                "{selection:?}: {package} is compiled again, and what depends on it"
            );
        }
    }
}
