//! What the local stack says when it cannot start: one line that tells what to do, and no panic.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use hb_tests::Process;
use hb_tests::local::{Herobrain, herobrain, without_sample};
use tempfile::tempdir;
use tokio::process::Command;

/// Checks that the command refuses to start, in one line that holds each of these parts.
async fn refuses(command: &mut Command, parts: &[&str]) {
    let mut process = Process::start(command);
    assert_eq!(process.line().await, None, "it starts");
    let ended = process.ended().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!(lines.len(), 1, "{}", ended.stderr);
    assert!(lines[0].starts_with("herobrain: "), "{}", ended.stderr);
    for part in parts {
        assert!(lines[0].contains(part), "{part:?} is not in {}", ended.stderr);
    }
}

/// The command in a folder, on any free port.
fn in_folder(folder: &Path) -> Command {
    herobrain(folder, &["--port", "0", "--json"])
}

#[tokio::test]
async fn a_taken_port_is_named_with_the_way_out() {
    let folder = without_sample();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let message = format!("port {port} is taken");
    refuses(&mut herobrain(folder.path(), &["--port", &port]), &[&message, "--port 0"]).await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempdir().expect("a folder");
    fs::write(folder.path().join(".herobrain"), "a file of somebody's").expect("a file");
    refuses(&mut in_folder(folder.path()), &[".herobrain is a file"]).await;
    // Nothing is kept in memory, so nothing is in the way.
    Herobrain::start(folder.path(), &["--memory"]).await.stop().await;
    assert_eq!(
        fs::read_to_string(folder.path().join(".herobrain")).expect("the file"),
        "a file of somebody's"
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempdir().expect("a folder");
    // Root may write anywhere, so a folder stands where the version is to be written.
    fs::create_dir_all(folder.path().join(".herobrain/version.new")).expect("a folder");
    refuses(&mut in_folder(folder.path()), &["cannot write .herobrain/version"]).await;
}

#[tokio::test]
async fn a_folder_of_a_newer_version_is_left_alone() {
    let folder = without_sample();
    Herobrain::start(folder.path(), &[]).await.stop().await;
    let database = folder.path().join(".herobrain/dynamodb.sqlite");
    let before = fs::read(&database).expect("a database");
    fs::write(folder.path().join(".herobrain/version"), "5").expect("a file");
    refuses(&mut in_folder(folder.path()), &["newer version of HeroBrain", "format 5", "move the folder"])
        .await;
    assert!(fs::read(&database).expect("a database") == before);
}

#[tokio::test]
async fn a_folder_of_an_older_version_is_left_alone_and_the_way_out_is_named() {
    let folder = without_sample();
    Herobrain::start(folder.path(), &[]).await.stop().await;
    let (version, database) =
        (folder.path().join(".herobrain/version"), folder.path().join(".herobrain/dynamodb.sqlite"));
    assert_eq!(fs::read_to_string(&version).expect("a file").trim(), "4");
    let before = fs::read(&database).expect("a database");
    fs::write(&version, "1").expect("a file");
    let parts = [
        "older version of HeroBrain (format 1, this one reads 3 to 4)",
        "export its memories with that version",
        "move the folder away and import them",
        "start with an empty one",
    ];
    refuses(&mut in_folder(folder.path()), &parts).await;
    assert!(fs::read(&database).expect("a database") == before);
    assert_eq!(fs::read_to_string(&version).expect("a file"), "1");
}

#[tokio::test]
async fn a_database_that_cannot_be_searched_is_named_and_left_alone() {
    let folder = without_sample();
    let file = folder.path().join(".herobrain/dynamodb.sqlite");
    let database =
        hb_local::database::serve(Some(&file), &hb_domain::Clock::system()).await.expect("a database");
    let mut tables =
        hb_local::template::Template::embedded().and_then(|template| template.tables()).expect("tables");
    for table in tables.iter_mut().filter(|table| !table.local_indexes.is_empty()) {
        table.local_indexes.clear();
        table.attributes.retain(|attribute| attribute.attribute_name() != "updatedAt");
    }
    let aws = hb_store::aws::Aws::local(database.url(), String::new());
    let client = aws_sdk_dynamodb::Client::from_conf(aws.dynamodb());
    hb_local::database::create_tables(&client, &tables).await.expect("tables of an earlier version");
    database.stop().await;
    refuses(&mut in_folder(folder.path()), &["earlier version", "cannot be searched", "byUpdatedAt"]).await;
    assert!(file.exists());
}

#[tokio::test]
async fn damage_is_named_with_the_file() {
    for (file, content, parts) in [
        ("version", "one", &[".herobrain/version is damaged"][..]),
        ("version", "", &[".herobrain/version is damaged"]),
        ("version", "0", &[".herobrain/version is damaged"]),
        ("credentials", "{\"apiKey\": \"hb_prod_no\"}", &[".herobrain/credentials is damaged", "delete it"]),
        ("credentials", "", &[".herobrain/credentials is damaged"]),
        (
            "dynamodb.sqlite",
            "no database, but long enough to be read as the header of one",
            &[".herobrain/dynamodb.sqlite", "damaged"],
        ),
        ("pepper", "short", &[".herobrain/pepper is damaged", "move the folder"]),
        ("pepper", "", &[".herobrain/pepper is damaged"]),
    ] {
        let folder = without_sample();
        Herobrain::start(folder.path(), &[]).await.stop().await;
        fs::write(folder.path().join(".herobrain").join(file), content).expect("a file");
        refuses(&mut in_folder(folder.path()), parts).await;
    }
}

#[tokio::test]
async fn a_lost_pepper_is_named_instead_of_a_key_that_no_longer_works() {
    let folder = without_sample();
    Herobrain::start(folder.path(), &[]).await.stop().await;
    fs::remove_file(folder.path().join(".herobrain/pepper")).expect("a file");
    refuses(&mut in_folder(folder.path()), &[".herobrain/pepper is damaged or missing"]).await;
}

#[tokio::test]
async fn bytes_that_are_no_text_are_damage_too() {
    let folder = without_sample();
    Herobrain::start(folder.path(), &[]).await.stop().await;
    fs::write(folder.path().join(".herobrain/credentials"), b"\xff\xfe\x00").expect("a file");
    refuses(&mut in_folder(folder.path()), &["cannot read .herobrain/credentials"]).await;
}

#[tokio::test]
async fn a_dynamodb_that_is_not_there_is_named() {
    let folder = without_sample();
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let url = format!("http://{}", free.local_addr().expect("an address"));
    drop(free);
    for url in [url.as_str(), "no address"] {
        let mut command = in_folder(folder.path());
        refuses(command.env("AWS_ENDPOINT_URL_DYNAMODB", url), &["Tenants"]).await;
    }
}

#[tokio::test]
async fn a_second_stack_over_the_same_folder_does_no_harm() {
    let folder = without_sample();
    let first = Herobrain::start(folder.path(), &[]).await;
    let second = Herobrain::start(folder.path(), &[]).await;
    assert_eq!(first.ready["apiKey"], second.ready["apiKey"]);
    let total = first.count().await;
    second.stop().await;
    assert_eq!(first.count().await, total);
}
