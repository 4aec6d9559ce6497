//! DynamoDB in this process, served on loopback to the unmodified SDK.

use std::path::Path;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{BillingMode, TimeToLiveSpecification};
use dynoxide::Database;

use crate::StartError;
use crate::server::Server;
use crate::template::TemplateTable;

/// Serves a database kept in `file`, or in memory when there is none.
///
/// # Errors
/// When the file cannot be opened or was written by a newer version.
pub async fn serve(file: Option<&Path>) -> Result<Server, StartError> {
    let database = match file {
        None => Database::memory(),
        Some(path) => Database::new(&path.to_string_lossy()),
    };
    let database = database.map_err(|error| {
        let place = file.map_or_else(|| "in memory".into(), |path| path.display().to_string());
        // Its first sentence; the rest is advice about the emulator's own features.
        let error = error.to_string();
        let cause = error.split(". ").next().unwrap_or_default();
        StartError::new(format!(
            "cannot open the database {place}, which is damaged or of a newer version ({cause}); \
             move it away to start with an empty one"
        ))
    })?;
    Server::start(0, |listener, stopped| async move {
        let stop = async {
            let _ = stopped.await;
        };
        if let Err(error) = dynoxide::server::serve_with_shutdown(listener, database, stop).await {
            tracing::error!(%error, "the embedded DynamoDB ended");
        }
    })
    .await
}

/// Creates the tables that are not there yet.
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
            .set_global_secondary_indexes(Some(table.indexes.clone()).filter(|indexes| !indexes.is_empty()));
        match create.send().await {
            Ok(_) => {}
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_in_use_exception()) => {
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

fn failed(table: &str, error: &dyn std::error::Error) -> StartError {
    let mut message = format!("cannot create the table {table}: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    StartError::new(message)
}
