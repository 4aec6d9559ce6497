//! The local stack, as `cargo run` starts it.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use hb_domain::dashboard::PublishableKey;
use hb_domain::plan::Plan;
use hb_domain::webhook::UrlPolicy;
use hb_domain::{ApiKey, Clock, TenantId, Timestamp};
use hb_http::stream::Consumption;
use hb_http::{ClerkSettings, Entropy, Settings};
use hb_sender::Sender;
use hb_store::aws::Aws;
use hb_store::{DeadLetters, SEARCH_FORMAT, SecretId, SecretNames, Secrets, Store, Table, Tables};
use rand::rngs::StdRng;
use strum::VariantArray;

use crate::clerk::{IssuerFile, IssuerKey, LocalIssuer, PARTY, SessionClaims};
use crate::database::LocalDatabase;
use crate::gateway::Gateway;
use crate::queue::LocalQueue;
use crate::scratch::Scratch;
use crate::secrets::LocalSecrets;
use crate::server::Server;
use crate::state::Folder;
use crate::streams::{Background, StreamPoller};
use crate::template::Template;
use crate::{StartError, dashboard, database, reindex, sample, state};

/// From this size in bytes on, compacting the database takes seconds.
const LARGE: u64 = 100 * 1024 * 1024;

/// Options of the local stack.
#[derive(Clone, Debug)]
pub struct Options {
    /// The gateway's port; 0 chooses a free port.
    pub port: u16,
    /// The folder for all data; `None` keeps the data until the end, in a temporary folder.
    pub folder: Option<PathBuf>,
    /// The sample tenant's plan.
    pub plan: Plan,
    /// The endpoint of a DynamoDB to use instead of the embedded one.
    pub dynamodb_url: Option<String>,
    /// The settings of a Clerk instance to use instead of the local issuer.
    pub clerk: Option<ClerkSettings>,
    /// The publishable key of that instance, with which people sign in to the dashboard.
    pub publishable_key: Option<PublishableKey>,
}

/// The running local stack; it stops when dropped.
#[derive(Debug)]
pub struct Stack {
    /// The sample tenant.
    pub tenant: TenantId,
    /// The sample tenant's key.
    pub key: ApiKey,
    /// DynamoDB's endpoint.
    pub dynamodb_url: String,
    /// Where the dashboard of the sample tenant begins: a sign-in link, or with Clerk the dashboard itself.
    pub dashboard_url: String,
    /// A session token of the sample tenant, valid for a day; `None` without the local issuer.
    pub jwt: Option<String>,
    gateway: Server,
    secrets: Server,
    queue: Server,
    database: Option<LocalDatabase>,
    streams: Option<Background>,
    _issuer: Option<Server>,
    _folder: Option<Folder>,
    // Removed last, after its database is closed.
    _scratch: Option<Scratch>,
}

/// The environment of a function that uses these endpoints; a function of another kind ignores the queue.
pub fn function_environment(aws: &Aws, issuer: Option<&str>) -> Vec<(&'static str, String)> {
    let endpoint = |url: &Option<String>| url.clone().unwrap_or_default();
    let issuer = issuer.map(|issuer| ("CLERK_ISSUER", issuer.to_owned()));
    let variables = [
        ("AWS_REGION", "us-east-1".into()),
        ("STACK_NAME", "local".into()),
        ("AWS_ACCESS_KEY_ID", "local".into()),
        ("AWS_SECRET_ACCESS_KEY", "local".into()),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint(&aws.dynamodb_url)),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", endpoint(&aws.secrets_url)),
        ("AWS_ENDPOINT_URL_SQS", endpoint(&aws.sqs_url)),
        ("DEAD_LETTER_QUEUE_URL", queue_url(aws)),
    ];
    let local = Tables::local();
    let tables =
        Table::VARIANTS.iter().map(|table| (table.definition().variable, local.name(*table).to_owned()));
    let required = SecretId::VARIANTS.iter().filter(|id| !id.is_optional());
    let secrets = required.map(|id| (id.variable(), id.name().to_owned()));
    variables.into_iter().chain(tables).chain(secrets).chain(issuer).collect()
}

/// The store of a local stack.
pub fn store(aws: &Aws) -> Store {
    Store::new(aws.dynamodb(), Tables::local(), Secrets::new(aws.secrets(), SecretNames::local()))
}

/// What consumers use in a local stack.
pub fn consumption(aws: &Aws, clock: &Clock, entropy: &Entropy, sender: Sender) -> Consumption {
    Consumption {
        store: store(aws),
        dead_letters: DeadLetters::new(aws.sqs(), queue_url(aws)),
        sender,
        webhook_keys: Arc::default(),
        clock: clock.clone(),
        entropy: entropy.clone(),
    }
}

fn queue_url(aws: &Aws) -> String {
    LocalQueue::url(aws.sqs_url.as_deref().unwrap_or_default())
}

/// The sample key of an earlier run if it is valid, otherwise a new one. A new key is written to the folder before the
/// database, so that a crash in between leaves no key in the database that is not in the folder.
async fn live_key(
    store: &Store,
    tenant: &TenantId,
    kept: Option<ApiKey>,
    folder: Option<&Folder>,
    rng: &mut StdRng,
    now: Timestamp,
) -> Result<ApiKey, StartError> {
    if let Some(key) = kept
        && sample::ensure_key(store, tenant, &key, now).await?
    {
        return Ok(key);
    }
    let key = sample::new_key(rng);
    if let Some(folder) = folder {
        folder.keep_sample_key(&key)?;
    }
    sample::ensure_key(store, tenant, &key, now).await?;
    Ok(key)
}

/// Delivers what an earlier process has left in the streams, unless a schedule finds it, and removes deleted content from the
/// file if no other process uses it.
async fn catch_up(
    database: &LocalDatabase,
    consumption: Consumption,
    clock: Clock,
    only_user: bool,
) -> Result<StreamPoller, StartError> {
    let mut poller = StreamPoller::new(database.database(), consumption, clock);
    let Some(records) = database.stream_records() else { return Ok(poller) };
    poller = poller.continuing(records.clone()).await?;
    let size = database.database().db_size_bytes().unwrap_or(0);
    if size > LARGE {
        let _ = writeln!(std::io::stderr(), "Compacting a database of {} MiB …", size / (1024 * 1024));
    }
    if let Err(error) = poller.catch_up().await {
        tracing::error!(%error, "stream records were not processed; they are delivered again");
    }
    if only_user && let Err(error) = records.compact().await {
        tracing::error!(%error, "deleted content may still be in the database's file; the next start removes it");
    }
    Ok(poller)
}

impl Stack {
    /// Starts all servers and prepares the sample tenant.
    ///
    /// # Errors
    /// With a message for the user.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let (clock, entropy) = (Clock::system(), Entropy::system());
        let mut rng = entropy.rng();
        let template = Template::embedded()?;
        let folder = options.folder.as_deref().map(Folder::open).transpose()?;

        let pepper = match &folder {
            Some(folder) => folder.pepper(&mut rng)?,
            None => state::new_pepper(&mut rng),
        };
        let token = match &folder {
            Some(folder) => folder.token_secret(&mut rng)?,
            None => state::new_pepper(&mut rng),
        };
        let webhook_key = match &folder {
            Some(folder) => folder.webhook_key(&mut rng)?,
            None => state::new_pepper(&mut rng),
        };
        let secrets = LocalSecrets::new(&pepper, &token, &webhook_key).serve().await?;
        let queue = folder.as_ref().map(Folder::dead_letters);
        let queue = queue.map_or_else(LocalQueue::in_memory, LocalQueue::in_file).serve().await?;
        if let Some(folder) = &folder {
            folder.forget_issuer();
        }
        let (clerk, issuer, jwt) = match options.clerk {
            Some(clerk) => (clerk, None, None),
            None => {
                let kid = format!("local_{}", clock.now().millis());
                let (key, pkcs8) = tokio::task::spawn_blocking(move || IssuerKey::generate(&kid))
                    .await
                    .map_err(|error| StartError::new(error.to_string()))??;
                let server = LocalIssuer::new(vec![key.clone()]).serve().await?;
                let file = IssuerFile::new(&server.url(), &key.kid, &pkcs8);
                let clerk = ClerkSettings::of_issuer(&server.url()).map_err(StartError::new)?;
                let session = SessionClaims {
                    user: sample::TENANT.into(),
                    organization: None,
                    party: Some(PARTY.to_owned()),
                    token_id: SessionClaims::new_token_id(&mut rng),
                    from: clock.now(),
                    seconds: 86_400,
                };
                let jwt = file.mint(&session)?;
                if let Some(folder) = &folder {
                    folder.keep_issuer(&file)?;
                }
                (clerk, Some(server), Some(jwt))
            }
        };
        let scratch = (folder.is_none() && options.dynamodb_url.is_none()).then(Scratch::new).transpose()?;
        let (database, dynamodb_url) = match options.dynamodb_url {
            Some(url) => (None, url),
            None => {
                let file = folder.as_ref().map(Folder::database).or(scratch.as_ref().map(Scratch::database));
                let server = database::serve(file.as_deref(), &clock).await?;
                let url = server.url();
                (Some(server), url)
            }
        };
        let aws = Aws::local(dynamodb_url.clone(), secrets.url()).with_sqs(queue.url());
        if let Some(folder) = &folder {
            let issuer = issuer.as_ref().map(Server::url);
            folder.describe(&function_environment(&aws, issuer.as_deref()))?;
        }
        let client = aws_sdk_dynamodb::Client::from_conf(aws.dynamodb());
        database::create_tables(&client, &template.tables()?).await?;

        let store = store(&aws);
        let tenant = TenantId::parse(sample::TENANT)
            .ok_or_else(|| StartError::new("the sample tenant's id is wrong"))?;
        sample::ensure_tenant(&store, &tenant, options.plan, clock.now()).await?;
        let kept = folder.as_ref().map(Folder::sample_key).transpose()?.flatten();
        let key = live_key(&store, &tenant, kept, folder.as_ref(), &mut rng, clock.now()).await?;
        if !folder.as_ref().map(Folder::has_sample).transpose()?.unwrap_or(false) {
            sample::ensure_memories(&store, &tenant, clock.now()).await?;
            if let Some(folder) = &folder {
                folder.note_sample()?;
            }
        }
        if let Some(folder) = &folder
            && !folder.has_search_format(SEARCH_FORMAT)?
        {
            reindex::all(&store, clock.now()).await?;
            folder.note_search_format(SEARCH_FORMAT)?;
        }
        // A DynamoDB outside of this process removes expired items and delivers streams itself.
        let streams = match &database {
            Some(database) => {
                let only_user = folder.as_ref().is_some_and(Folder::is_only_user);
                let consumption = consumption(&aws, &clock, &entropy, Sender::new(UrlPolicy::Local));
                Some(catch_up(database, consumption, clock.clone(), only_user).await?.start())
            }
            None => None,
        };
        let uses_links = options.publishable_key.is_none();
        let settings = Settings {
            clerk: Some(clerk),
            publishable_key: options.publishable_key,
            webhook_urls: UrlPolicy::Local,
            ..Settings::default()
        };
        let gateway = Gateway::with_settings(&template, &store, &clock, &entropy, &settings)?;
        let gateway = gateway.serve(options.port).await?;
        if let Some(folder) = &folder {
            folder.note_url(&gateway.url())?;
        }
        let dashboard_url = match uses_links {
            true => dashboard::link(&store, &tenant, &gateway.url(), clock.now(), &mut rng).await?,
            false => format!("{}/dashboard", gateway.url()),
        };
        Ok(Self {
            tenant,
            key,
            dynamodb_url,
            dashboard_url,
            jwt,
            gateway,
            secrets,
            queue,
            database,
            streams,
            _issuer: issuer,
            _folder: folder,
            _scratch: scratch,
        })
    }

    /// The API's base URL.
    pub fn url(&self) -> String {
        self.gateway.url()
    }

    /// Secrets Manager's endpoint.
    pub fn secrets_url(&self) -> String {
        self.secrets.url()
    }

    /// Stops after the requests in progress.
    pub async fn stop(self) {
        self.gateway.stop().await;
        // It uses the other servers.
        drop(self.streams);
        let database = async {
            if let Some(database) = self.database {
                database.stop().await;
            }
        };
        tokio::join!(self.secrets.stop(), self.queue.stop(), database);
    }
}
