//! The functions that are deployed do not contain the schemas.

use hb_local::functions::FUNCTIONS;
use hb_tests::binaries::cargo;

fn tree(arguments: &[&str]) -> String {
    let mut cargo = cargo();
    cargo.args(["tree", "--offline", "--locked", "--prefix", "none"]).args(arguments);
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// Cargo unifies the features of all packages of a build: of one function, and of the whole workspace.
#[test]
fn no_build_of_a_function_contains_the_schemas() {
    let each = FUNCTIONS.iter().map(|function| vec!["-p", function.name]);
    for package in each.chain([vec!["--workspace"]]) {
        let tree = tree(&[package.as_slice(), &["-e", "no-dev"]].concat());
        assert!(tree.contains("hb-domain v"), "{package:?}");
        assert!(!tree.contains("schemars"), "{package:?} contains schemars: which feature enables it?");
    }
    assert!(tree(&["-p", "hb-tests"]).contains("schemars"), "the tests need the schemas");
}
