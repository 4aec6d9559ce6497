//! `hb`: what whoever runs HeroBrain does to it, with IAM credentials and past the API.

mod context;
mod doctor;
mod key;
mod output;
mod tenant;
mod transfer;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use context::{Context, Target};

/// What goes wrong is a message for the person at the terminal.
type Outcome = Result<(), String>;

/// The operator's command: tenants, plans, first keys, and whether all is well.
///
/// It speaks to DynamoDB and Secrets Manager with the credentials of its environment (`eval "$(aws configure
/// export-credentials --format env)"`), and finds tables and secrets by the variables that the functions have:
/// a deployed stack shows them as its output OperatorEnvironment, a local one keeps them in .herobrain/lambda.env.
#[derive(Debug, Parser)]
#[command(name = "hb", version)]
struct Args {
    #[command(flatten)]
    target: Target,
    /// Print JSON instead of text for people
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tenants: their plans and whether they are let in
    #[command(subcommand)]
    Tenant(tenant::Command),
    /// A tenant's API keys
    #[command(subcommand)]
    Key(key::Command),
    /// Check tables, secrets and the clock, and say what to do
    Doctor(doctor::Doctor),
    /// Write all memories of a tenant to standard output, one JSON object a line
    Export {
        /// The tenant
        tenant: String,
    },
    /// Remove every row of a tenant, in every table, for good
    Erase {
        /// The tenant
        tenant: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            let _ = writeln!(std::io::stderr(), "hb: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Outcome {
    let context = Context::new(&args.target, args.json)?;
    match args.command {
        Command::Tenant(command) => tenant::run(&context, command).await,
        Command::Key(command) => key::run(&context, command).await,
        Command::Doctor(doctor) => doctor::run(&context, &doctor).await,
        Command::Export { tenant } => transfer::export(&context, &tenant).await,
        Command::Erase { tenant, yes } => transfer::erase(&context, &tenant, yes).await,
    }
}
