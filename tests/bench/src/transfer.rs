//! Import and export: memories per second, and the peak memory of the whole process for one call and for twenty, over
//! DynamoDB in a file. Equal peaks mean constant memory.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use hb_tests::world::plenty;
use hb_tests::{Client, World};
use http::Method;
use serde_json::json;

/// The lines of one call.
const LINES: usize = 1_000;

/// Measures one call and twenty, and writes a row of each.
pub(crate) async fn measure(out: &mut impl Write, file: &Path) -> std::io::Result<()> {
    writeln!(
        out,
        "\n{:9} {:>9} {:>12} {:>9} {:>12}",
        "memories", "import/s", "peak MiB", "export/s", "peak MiB"
    )?;
    let world = World::over(Some(file)).await;
    let instance = world.instance().await;
    for calls in [1, 20] {
        let account = world.account_with(&format!("transfer-{calls}"), plenty()).await;
        let client = instance.client.with(&account.key);
        let started = Instant::now();
        for call in 0..calls {
            import(&client, call).await;
        }
        let imported = (calls * LINES) as f64 / started.elapsed().as_secs_f64();
        let after_import = peak_mib();
        let started = Instant::now();
        assert_eq!(export(&client).await, calls * LINES);
        let exported = (calls * LINES) as f64 / started.elapsed().as_secs_f64();
        writeln!(
            out,
            "{:9} {imported:>9.0} {after_import:>12} {exported:>9.0} {:>12}",
            calls * LINES,
            peak_mib()
        )?;
    }
    Ok(())
}

async fn import(client: &Client, call: usize) {
    let lines: String = (0..LINES)
        .map(|line| {
            let content =
                format!("memory {line} of call {call}: {}", "a sentence or two, as they are, ".repeat(8));
            format!(
                "{}\n",
                json!({"content": content, "type": "semantic", "userId": "maya", "tags": ["a", "b"]})
            )
        })
        .collect();
    let headers = [("content-type", "application/x-ndjson")];
    let answer = client.send_raw(Method::POST, "/api/v1/memories/import", &headers, lines).await;
    assert_eq!(answer.data()["imported"], LINES, "{}", answer.text);
}

async fn export(client: &Client) -> usize {
    let (mut lines, mut path) = (0, "/api/v1/memories/export".to_owned());
    loop {
        let page = client.get(&path).await;
        lines += page.text.lines().count();
        match page.header("link").strip_prefix('<').and_then(|link| link.split('>').next()) {
            Some(next) => path = next.to_owned(),
            None => return lines,
        }
    }
}

/// The peak memory of this process; 0 if the system does not report it.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|rest| rest.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) / 1_024
}
