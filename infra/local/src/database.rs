//! The embedded DynamoDB, served on loopback for the unmodified SDK.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    BillingMode, CreateGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate, LocalSecondaryIndex,
    StreamSpecification, TimeToLiveSpecification,
};
use dynoxide::Database;
use hb_domain::Clock;

use crate::StartError;
use crate::callers::Callers;
use crate::dynamodb::{self, Turns};
use crate::server::Server;
use crate::stream_records::StreamRecords;
use crate::template::TemplateTable;

/// The running embedded DynamoDB; it stops when dropped.
pub struct LocalDatabase {
    server: Server,
    database: Database,
    records: Option<StreamRecords>,
}

impl LocalDatabase {
    /// The endpoint's URL.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The database itself, for what DynamoDB does in the background.
    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// The records of its streams, which can be deleted; `None` in memory.
    pub fn stream_records(&self) -> Option<StreamRecords> {
        self.records.clone()
    }

    /// Stops after the requests in progress.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

impl std::fmt::Debug for LocalDatabase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalDatabase").field("server", &self.server).finish_non_exhaustive()
    }
}

/// The database's clock, which tests set.
struct DatabaseClock(Clock);

impl dynoxide::storage_backend::Clock for DatabaseClock {
    fn now_unix_secs(&self) -> u64 {
        self.0.now().seconds().unsigned_abs()
    }

    fn now_unix_secs_f64(&self) -> f64 {
        self.0.now().micros() as f64 / 1e6
    }
}

/// Serves a database that is kept in `file` and uses the machine's clock, or one in memory that uses `clock`. The file can be
/// read by its owner only.
///
/// # Errors
/// If the file cannot be opened or was written by a newer version.
pub async fn serve(file: Option<&Path>, clock: &Clock) -> Result<LocalDatabase, StartError> {
    let database = match file {
        None => Database::memory_with_clock(std::sync::Arc::new(DatabaseClock(clock.clone()))),
        Some(path) => {
            create_private(path)?;
            Database::new(&path.to_string_lossy())
        }
    };
    let database = database.map_err(|error| {
        let index = file.map_or_else(|| "in memory".into(), |path| path.display().to_string());
        // The rest of the message is about the emulator's own features.
        let error = error.to_string();
        let cause = error.split(". ").next().unwrap_or_default();
        StartError::new(format!(
            "cannot open the database {index}, which is damaged or of a newer version ({cause}); \
             move it away to start with an empty one"
        ))
    })?;
    let turns = Turns::default();
    let records = file.map(|file| StreamRecords::open(file, turns.clone())).transpose()?;
    let server = Server::serve(0, dynamodb::router(database.clone(), turns), Callers::Programs).await?;
    Ok(LocalDatabase { server, database, records })
}

/// Creates the file with mode 0600. SQLite gives the files beside it the same mode.
fn create_private(file: &Path) -> Result<(), StartError> {
    let created = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(file);
    created.map(|_| ()).map_err(|error| StartError::new(format!("cannot write {}: {error}", file.display())))
}

/// Creates the tables that do not exist.
///
/// # Errors
/// The database's.
pub async fn create_tables(client: &Client, tables: &[TemplateTable]) -> Result<(), StartError> {
    for table in tables {
        let create = client
            .create_table()
            .table_name(&table.name)
            .billing_mode(BillingMode::PayPerRequest)
            .set_attribute_definitions(Some(table.attributes.clone()))
            .set_key_schema(Some(table.key.clone()))
            .set_stream_specification(table.stream.clone())
            .set_global_secondary_indexes(Some(table.indexes.clone()).filter(|indexes| !indexes.is_empty()))
            .set_local_secondary_indexes(
                Some(table.local_indexes.clone()).filter(|indexes| !indexes.is_empty()),
            );
        match create.send().await {
            Ok(_) => {}
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_in_use_exception()) => {
                ensure_local_indexes(client, table).await?;
                ensure_global_indexes(client, table).await?;
                ensure_stream(client, table).await?;
                continue;
            }
            Err(error) => return Err(failed(&table.name, &error)),
        }
        if let Some(attribute) = &table.ttl {
            let ttl = TimeToLiveSpecification::builder().attribute_name(attribute).enabled(true).build();
            let ttl = ttl.map_err(|error| failed(&table.name, &error))?;
            let update = client.update_time_to_live().table_name(&table.name).time_to_live_specification(ttl);
            update.send().await.map_err(|error| failed(&table.name, &error))?;
        }
    }
    Ok(())
}

/// Refuses a table of an earlier version without the index for searches: a local index can only be created with its table.
async fn ensure_local_indexes(client: &Client, table: &TemplateTable) -> Result<(), StartError> {
    let described = client.describe_table().table_name(&table.name).send().await;
    let described = described.map_err(|error| failed(&table.name, &error))?.table;
    let there = described.and_then(|table| table.local_secondary_indexes).unwrap_or_default();
    for wanted in table.local_indexes.iter().map(LocalSecondaryIndex::index_name) {
        if !there.iter().any(|index| index.index_name() == Some(wanted)) {
            return Err(StartError::new(format!(
                "the database was made by an earlier version, whose memories cannot be searched by meaning; move it \
                 away to start with an empty one, or export it with that version first (table {}, index {wanted})",
                table.name
            )));
        }
    }
    Ok(())
}

/// Adds the global indexes that a table of an earlier version lacks.
async fn ensure_global_indexes(client: &Client, table: &TemplateTable) -> Result<(), StartError> {
    let described = client.describe_table().table_name(&table.name).send().await;
    let described = described.map_err(|error| failed(&table.name, &error))?.table;
    let there = described.and_then(|table| table.global_secondary_indexes).unwrap_or_default();
    for wanted in &table.indexes {
        if there.iter().any(|index| index.index_name() == Some(wanted.index_name())) {
            continue;
        }
        let create = CreateGlobalSecondaryIndexAction::builder()
            .index_name(wanted.index_name())
            .set_key_schema(Some(wanted.key_schema().to_vec()))
            .set_projection(wanted.projection().cloned())
            .build()
            .map_err(|error| failed(&table.name, &error))?;
        let update = client
            .update_table()
            .table_name(&table.name)
            .set_attribute_definitions(Some(table.attributes.clone()))
            .global_secondary_index_updates(GlobalSecondaryIndexUpdate::builder().create(create).build());
        update.send().await.map_err(|error| failed(&table.name, &error))?;
    }
    Ok(())
}

/// Turns the stream of a table of an earlier version on.
async fn ensure_stream(client: &Client, table: &TemplateTable) -> Result<(), StartError> {
    let Some(stream) = &table.stream else { return Ok(()) };
    let described = client.describe_table().table_name(&table.name).send().await;
    let described = described.map_err(|error| failed(&table.name, &error))?;
    let has = described.table.and_then(|table| table.stream_specification);
    if has.as_ref().is_some_and(StreamSpecification::stream_enabled) {
        return Ok(());
    }
    let update = client.update_table().table_name(&table.name).stream_specification(stream.clone());
    update.send().await.map(|_| ()).map_err(|error| failed(&table.name, &error))
}

fn failed(table: &str, error: &dyn std::error::Error) -> StartError {
    let mut message = format!("cannot create the table {table}: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    StartError::new(message)
}
