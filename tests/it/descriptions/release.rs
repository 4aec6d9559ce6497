//! What only describes is not in the functions that are deployed.

use hb_tests::binaries::cargo;

fn tree(arguments: &[&str]) -> String {
    let output = cargo()
        .args(["tree", "--offline", "--locked", "--prefix", "none"])
        .args(arguments)
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// Cargo unifies the features of all packages of a build: of one function, and of the whole workspace.
#[test]
fn no_build_of_a_function_contains_the_schemas() {
    for package in
        [&["--workspace"][..], &["-p", "api-keys"], &["-p", "auth"], &["-p", "memories"], &["-p", "expiry"]]
    {
        let tree = tree(&[package, &["-e", "no-dev"]].concat());
        assert!(tree.contains("hb-domain v"), "{package:?}");
        assert!(!tree.contains("schemars"), "{package:?} contains schemars: which feature enables it?");
    }
    let tests = tree(&["-p", "hb-tests"]);
    assert!(tests.contains("schemars"), "the tests do describe");
}
