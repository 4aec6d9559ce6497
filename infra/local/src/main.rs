//! `herobrain`, which `cargo run` starts: HeroBrain on this machine.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use hb_domain::Clock;
use hb_domain::clerk::NATIVE;
use hb_domain::plan::Plan;
use hb_http::{ClerkSettings, Entropy, publishable_key};
use hb_local::clerk::{PARTY, SessionClaims};
use hb_local::stack::{Options, Stack};
use hb_local::state::Folder;
use hb_local::{StartError, receiver, sample};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

/// HeroBrain on this machine: the whole API over an embedded DynamoDB.
#[derive(Debug, Parser)]
#[command(name = "herobrain", version)]
struct Args {
    /// The port on 127.0.0.1; 0 chooses a free port
    #[arg(long, default_value_t = 9000)]
    port: u16,
    /// Keep no data: use a new database in a temporary folder, which is removed at the end (after a kill, by the next start)
    #[arg(long)]
    memory: bool,
    /// The plan of the sample tenant
    #[arg(long, value_enum, default_value = "pro")]
    plan: PlanName,
    /// Print one line of JSON when ready, instead of text
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print a session token like Clerk's for the server that runs in this folder
    Jwt {
        /// The user, which is the tenant
        #[arg(long)]
        sub: String,
        /// The active organization
        #[arg(long)]
        org: Option<String>,
        /// The user's role in the organization
        #[arg(long, default_value = "admin", requires = "org")]
        role: String,
        /// The session's origin (`azp`), as in CLERK_AUTHORIZED_PARTIES; `native` for none
        #[arg(long, default_value = PARTY)]
        azp: String,
        /// The token's lifetime in seconds; Clerk's is 60
        #[arg(long, default_value_t = 3_600, value_parser = clap::value_parser!(i64).range(1..=86_400))]
        seconds: i64,
    },
    /// Print a link that signs in to the dashboard of the server that runs in this folder: it works once, for ten minutes
    Dashboard {
        /// The tenant
        #[arg(long, default_value = sample::TENANT)]
        tenant: String,
    },
    /// Receive webhooks on 127.0.0.1, print them and acknowledge them
    Receive {
        /// The port on 127.0.0.1; 0 chooses a free port
        #[arg(long, default_value_t = 9001)]
        port: u16,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PlanName {
    Free,
    Pro,
    Enterprise,
}

/// The folder of the local stack's data.
const FOLDER: &str = ".herobrain";

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let level = std::env::var("LOG_LEVEL").unwrap_or_else(|_| "warn".into());
    let mut filter = hb_local::functions::log_filter(&level);
    // The embedded DynamoDB logs a warning for every failed condition, which are part of normal operation.
    if let Ok(errors_only) = "dynoxide=error".parse() {
        filter = filter.add_directive(errors_only);
    }
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter).init();
    let outcome = match &args.command {
        Some(Command::Jwt { sub, org, role, azp, seconds }) => jwt(&SessionClaims {
            user: sub.clone(),
            organization: org.as_ref().map(|org| (org.clone(), role.clone())),
            party: (azp != NATIVE).then(|| azp.clone()),
            token_id: SessionClaims::new_token_id(&mut Entropy::system().rng()),
            from: Clock::system().now(),
            seconds: *seconds,
        }),
        Some(Command::Dashboard { tenant }) => dashboard(tenant).await,
        Some(Command::Receive { port }) => receive(*port).await,
        None => run(&args).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "herobrain: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a token for the server that runs in this folder.
fn jwt(session: &SessionClaims) -> Result<(), StartError> {
    let token = Folder::issuer(Path::new(FOLDER))?.mint(session)?;
    writeln!(std::io::stdout(), "{token}").map_err(|error| StartError::new(error.to_string()))
}

/// Prints a sign-in link for the server that runs in this folder.
async fn dashboard(tenant: &str) -> Result<(), StartError> {
    let link = hb_local::dashboard::link_of_server(Path::new(FOLDER), tenant).await?;
    writeln!(std::io::stdout(), "{link}").map_err(|error| StartError::new(error.to_string()))
}

/// Prints the webhooks that arrive, until a signal.
async fn receive(port: u16) -> Result<(), StartError> {
    let stop = stop_signal()?;
    let server = receiver::serve(port, receiver::print_requests()).await?;
    writeln!(std::io::stdout(), "Webhooks to {} are printed here. Ctrl-C stops it.\n", server.url())
        .map_err(|error| StartError::new(error.to_string()))?;
    stop.await;
    server.stop().await;
    Ok(())
}

async fn run(args: &Args) -> Result<(), StartError> {
    let options = Options {
        port: args.port,
        folder: (!args.memory).then(|| PathBuf::from(FOLDER)),
        plan: match args.plan {
            PlanName::Free => Plan::Free,
            PlanName::Pro => Plan::Pro,
            PlanName::Enterprise => Plan::Enterprise,
        },
        dynamodb_url: std::env::var("AWS_ENDPOINT_URL_DYNAMODB").ok().filter(|url| !url.is_empty()),
        clerk: ClerkSettings::from_env(environment).map_err(StartError::new)?,
        publishable_key: publishable_key(environment).map_err(StartError::new)?,
    };
    // Before the first line is printed: its reader may send a signal at once.
    let mut stop = pin!(stop_signal()?);
    let stack = tokio::select! {
        started = Stack::start(options) => started?,
        () = &mut stop => return Ok(()),
    };
    let ready = if args.json { as_json(&stack) } else { as_text(&stack, args.memory) };
    let mut out = std::io::stdout();
    out.write_all(ready.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| StartError::new(error.to_string()))?;
    stop.await;
    stack.stop().await;
    Ok(())
}

/// The value of a variable of the environment.
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[expect(clippy::disallowed_methods, reason = "the local stack prints its sample key")]
fn as_json(stack: &Stack) -> String {
    let line = json!({
        "url": stack.url(),
        "tenantId": stack.tenant,
        "apiKey": stack.key.expose(),
        "jwt": stack.jwt,
        "dashboardUrl": stack.dashboard_url,
        "dynamodbUrl": stack.dynamodb_url,
        "secretsUrl": stack.secrets_url(),
    });
    format!("{line}\n")
}

#[expect(clippy::disallowed_methods, reason = "the local stack prints its sample key")]
fn as_text(stack: &Stack, memory: bool) -> String {
    let (url, tenant, key) = (stack.url(), &stack.tenant, stack.key.expose());
    let dashboard = &stack.dashboard_url;
    let kept = if memory { "temporary: it is lost when the server stops" } else { FOLDER };
    format!(
        r#"HeroBrain listens on {url}

  sample tenant  {tenant}
  sample key     {key}
  data           {kept}

Try it:

  curl -X POST "{url}/api/v1/memories/search" \
    -H "Authorization: Bearer {key}" \
    -H "Content-Type: application/json" \
    -d '{{"query": "moving house", "limit": 3}}'

Open the dashboard:     {dashboard}
Another link to it:     cargo run -- dashboard
Read the API:           {url}/docs
Print a session token:  cargo run -- jwt --sub user_123
Receive webhooks:       cargo run -- receive

Ctrl-C stops it.
"#
    )
}

/// Completes at Ctrl-C or SIGTERM. It listens for them from this call on.
fn stop_signal() -> Result<impl Future<Output = ()>, StartError> {
    let listen = |kind| signal(kind).map_err(|error| StartError::new(format!("no signals: {error}")));
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
