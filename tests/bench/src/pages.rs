//! The pages of the dashboard: latency of each, for a tenant with few keys and for one with a hundred in use.

use std::io::{Result, Write};
use std::time::{Duration, Instant};

use hb_domain::{Clock, Scopes};
use hb_http::{PublicUrl, new_sign_in_link};
use hb_tests::world::{Account, plenty};
use hb_tests::{Instance, World};
use http::Method;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// Requests for each page.
const REQUESTS: usize = 200;
/// As many pages as the bucket has.
const AT_ONCE: usize = 100;
const PAGES: [&str; 6] = [
    "/dashboard",
    "/dashboard/keys",
    "/dashboard/keys/new",
    "/dashboard/keys/KEY",
    "/dashboard/connect",
    "/dashboard/settings",
];

/// Writes a table of medians, 99th percentiles and sizes.
pub(crate) async fn measure(out: &mut impl Write) -> Result<()> {
    writeln!(out, "\nPages of the dashboard, {REQUESTS} requests for each, one at a time")?;
    writeln!(out, "{:5} {:24} {:>9} {:>9} {:>9}", "keys", "page", "p50 ms", "p99 ms", "bytes")?;
    for keys in [3, 100] {
        let world = World::new().await;
        let account = world.account_with("acme", plenty()).await;
        let instance = world.instance().await;
        use_keys(&world, &instance, &account, keys).await;
        let cookie = sign_in(&world, &instance, &account).await;
        for page in PAGES {
            let path = page.replace("KEY", account.id.as_str());
            let (mut latencies, mut bytes) = (Vec::with_capacity(REQUESTS), 0);
            for number in 0..REQUESTS {
                if number % AT_ONCE == 0 {
                    advance(&instance.clock);
                }
                let sent = Instant::now();
                let page = instance.client.send_raw(Method::GET, &path, &[("cookie", &cookie)], "").await;
                assert_eq!(page.status, 200, "{path}: {}", page.text);
                latencies.push(sent.elapsed());
                bytes = page.text.len();
            }
            latencies.sort_unstable();
            let (p50, p99) = (latencies[REQUESTS / 2], latencies[REQUESTS * 99 / 100]);
            writeln!(out, "{keys:<5} {page:24} {:>9.2} {:>9.2} {bytes:>9}", crate::ms(p50), crate::ms(p99))?;
        }
    }
    Ok(())
}

/// So much later that the bucket of pages is full again.
fn advance(clock: &Clock) {
    clock.set(clock.now().plus(Duration::from_secs(61)));
}

/// Makes a request with each of so many keys, so that the overview reads the usage of all of them.
async fn use_keys(world: &World, instance: &Instance, account: &Account, keys: usize) {
    instance.client.with(&account.key).get("/api/v1/memories").await;
    for _ in 1..keys {
        let (_, key) = world.key(&account.tenant, Scopes::all(), None).await;
        instance.client.with(&key).get("/api/v1/memories").await;
    }
}

/// The cookie of a new session, in the form of a request's header.
async fn sign_in(world: &World, instance: &Instance, account: &Account) -> String {
    let address = PublicUrl::parse(&instance.url).expect("a URL");
    let rng = &mut StdRng::seed_from_u64(1);
    let link = new_sign_in_link(&world.store, &account.tenant, &address, world.clock.now(), rng).await;
    let link = link.expect("a link");
    let token = link.split("link=").nth(1).expect("a token");
    let headers = [("origin", instance.url.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let path = "/dashboard/sign-in";
    let signed_in = instance.client.send_raw(Method::POST, path, &headers, format!("link={token}")).await;
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap_or_default();
    assert!(!cookie.is_empty(), "{}", signed_in.text);
    cookie.to_owned()
}
