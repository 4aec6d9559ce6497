//! The cost of verifying a session token: sequential requests with an API key, with a token that was verified before, and
//! with new tokens. Each is refused from the instance's memory after verification, so that no database call hides the
//! difference.

use std::io::Write;
use std::time::{Duration, Instant};

use hb_domain::plan::Plan;
use hb_tests::issuer::TestIssuer;
use hb_tests::{Client, World};
use serde_json::json;

/// Requests of each kind.
const REQUESTS: usize = 2_000;
/// The caller's rate-limit status: returned once a second of the clock, which stands still here, and refused in between.
const PATH: &str = "/api/v1/rate-limit";

/// Measures the kinds in turns, so that other load affects all of them, and writes a row of each.
pub(crate) async fn measure(out: &mut impl Write) -> std::io::Result<()> {
    let mut world = World::new().await;
    let issuer = TestIssuer::start(&mut world).await;
    let account = world.account("bench", Plan::Enterprise).await;
    let instance = world.instance().await;
    let client = |credential: &str| instance.client.with(credential);
    let fresh = |session: usize| issuer.claims("user_bench", &json!({"sid": format!("sess_{session}")}));

    let (key, known) = (client(&account.key), client(&issuer.token("user_bench")));
    let mut kinds =
        [("API key", vec![]), ("session, known", vec![]), ("ES256, new", vec![]), ("RS256, new", vec![])];
    for client in [&key, &known, &client(&issuer.rsa.sign(&fresh(REQUESTS)).expect("a token"))] {
        client.get(PATH).await;
    }
    for session in 0..REQUESTS {
        let claims = fresh(session);
        let [ec, rsa] = [&issuer.ec, &issuer.rsa].map(|key| client(&key.sign(&claims).expect("a token")));
        let clients = [&key, &known, &ec, &rsa];
        for turn in session..session + clients.len() {
            let kind = turn % clients.len();
            kinds[kind].1.push(timed(clients[kind]).await);
        }
    }

    writeln!(out, "\n{:16} {:>9} {:>9} {:>17}", "credential", "p50 µs", "p99 µs", "µs beyond a key")?;
    let mut of_a_key = None;
    for (name, mut latencies) in kinds {
        latencies.sort_unstable();
        let [p50, p99] =
            [50, 99].map(|percent| latencies[latencies.len() * percent / 100].as_secs_f64() * 1e6);
        let beyond = p50 - *of_a_key.get_or_insert(p50);
        writeln!(out, "{name:16} {p50:>9.0} {p99:>9.0} {beyond:>17.0}")?;
    }
    Ok(())
}

async fn timed(client: &Client) -> Duration {
    let sent = Instant::now();
    client.get(PATH).await.expect(429, "RATE_LIMIT_EXCEEDED");
    sent.elapsed()
}
