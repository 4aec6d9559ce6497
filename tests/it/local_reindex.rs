//! The local stack rewrites the search documents of a folder that another version has written.

use std::fs;

use hb_store::aws::Aws;
use hb_tests::local::{Herobrain, without_sample};
use hb_tests::stored::{document, items, put_document};

use crate::reindex::create;

const TENANT: &str = "00000000-0000-0000-0000-000000000001";
const OLD: &[u8] = b"\x01of another format";

fn aws(stack: &Herobrain) -> Aws {
    let url = |name: &str| stack.ready[name].as_str().expect("an address").to_owned();
    Aws::local(url("dynamodbUrl"), url("secretsUrl"))
}

#[tokio::test]
async fn a_folder_of_the_format_before_starts_and_its_documents_are_rewritten_once() {
    let folder = without_sample();
    let file = |name: &str| folder.path().join(".herobrain").join(name);
    let stack = Herobrain::start(folder.path(), &[]).await;
    let id = create(&stack.client, "Lighthouse on the cliff").await;
    let current = document(&items(&aws(&stack), TENANT).await[&id]);
    put_document(&aws(&stack), TENANT, &id, OLD).await;
    stack.stop().await;
    let format = fs::read_to_string(file("search-format")).expect("a file");

    // As the format before left it, then as a version with other search documents leaves it.
    fs::write(file("version"), "3").expect("a file");
    fs::remove_file(file("search-format")).expect("a file");
    for other in [None, Some("250\n")] {
        if let Some(other) = other {
            fs::write(file("search-format"), other).expect("a file");
        }
        let stack = Herobrain::start(folder.path(), &[]).await;
        assert_eq!(document(&items(&aws(&stack), TENANT).await[&id]), current, "{other:?}");
        put_document(&aws(&stack), TENANT, &id, OLD).await;
        stack.stop().await;
        assert_eq!(fs::read_to_string(file("version")).expect("a file"), "4");
        assert_eq!(fs::read_to_string(file("search-format")).expect("a file"), format);
    }
    let stack = Herobrain::start(folder.path(), &[]).await;
    assert_eq!(
        document(&items(&aws(&stack), TENANT).await[&id]),
        OLD,
        "documents are read once for a format"
    );
    stack.stop().await;
}
