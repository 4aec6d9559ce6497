//! `hb`, the operator's command: works on tables and secrets directly, with IAM credentials.

mod context;
mod dashboard_link;
mod doctor;
mod escape;
mod key;
mod output;
mod reindex;
mod tenant;
mod transfer;
mod webhooks;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use context::{Context, Target};

/// The result of a command; the error is the message for the user.
type Outcome = Result<(), String>;

/// The operator's command: manages tenants, plans and first keys, and checks a deployment.
///
/// It calls DynamoDB and Secrets Manager with the credentials of its environment (`eval "$(aws configure
/// export-credentials --format env)"`). The names of tables and secrets are in the same variables that the functions have:
/// of a deployed stack in its output OperatorEnvironment, of a local stack in .herobrain/lambda.env.
#[derive(Debug, Parser)]
#[command(name = "hb", version)]
struct Args {
    #[command(flatten)]
    target: Target,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create, show, change, suspend and delete tenants
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// Create, list and revoke a tenant's API keys
    #[command(subcommand)]
    Key(key::Command),
    /// Print a link that signs in to the dashboard of a tenant: it works once, for ten minutes
    DashboardLink(dashboard_link::DashboardLink),
    /// Check tables, secrets, the keys of webhook endpoints' secrets, and this machine's clock
    Doctor(doctor::Doctor),
    /// Rewrite the search documents of tenants' memories after an upgrade that has changed the ranking
    Reindex(reindex::Reindex),
    /// Encrypt the secrets of webhook endpoints anew after a rotation of their key
    #[command(subcommand)]
    Webhooks(webhooks::Command),
    /// Write all memories of a tenant to standard output, one JSON object per line
    Export {
        /// The tenant
        tenant: String,
    },
    /// Delete every item of a tenant in every table, permanently
    Erase {
        /// The tenant
        tenant: String,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(problem) => return output::usage(&problem),
    };
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            output::error(&problem);
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Outcome {
    let context = Context::new(&args.target, args.json)?;
    match args.command {
        Command::Tenant(command) => tenant::run(&context, command).await,
        Command::Key(command) => key::run(&context, command).await,
        Command::DashboardLink(command) => dashboard_link::run(&context, &command).await,
        Command::Doctor(doctor) => doctor::run(&context, &doctor).await,
        Command::Reindex(reindex) => reindex::run(&context, &reindex).await,
        Command::Webhooks(command) => webhooks::run(&context, command).await,
        Command::Export { tenant } => transfer::export(&context, &tenant).await,
        Command::Erase { tenant, yes } => transfer::erase(&context, &tenant, yes).await,
    }
}
