//! The records of streams in the emulator's file. The emulator never deletes one, and takes a maximum over all records of a
//! table at each write; a second connection to its file deletes them and adds the index. It also keeps the positions of the
//! functions that consume them.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use crate::StartError;
use crate::dynamodb::Turns;

/// The records that one transaction deletes. Requests wait for it.
const BATCH: usize = 200;
/// As long as the emulator waits for a lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves both statements that the emulator executes with the sequence number, which it stores as text.
const INDEX: &str = "CREATE INDEX IF NOT EXISTS _stream_records_by_sequence \
     ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";

/// The positions of functions in the streams of tables.
const POSITIONS: &str = "CREATE TABLE IF NOT EXISTS herobrain_stream_positions (\
     function TEXT NOT NULL, table_name TEXT NOT NULL, position INTEGER NOT NULL, \
     PRIMARY KEY (function, table_name)) WITHOUT ROWID";

const READ_POSITION: &str =
    "SELECT position FROM herobrain_stream_positions WHERE function = ?1 AND table_name = ?2";

/// Another process that uses the same file may be ahead.
const KEEP_POSITION: &str = "INSERT INTO herobrain_stream_positions VALUES (?1, ?2, ?3) \
     ON CONFLICT DO UPDATE SET position = excluded.position WHERE excluded.position > position";

/// Deletes records up to a sequence number, but not the newest: the next number is derived from it, and a clock that stands
/// still would repeat numbers.
const DELETE: &str = "DELETE FROM _stream_records WHERE id IN (\
     SELECT id FROM _stream_records \
     WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) <= ?2 AND CAST(sequence_number AS INTEGER) < \
         (SELECT MAX(CAST(sequence_number AS INTEGER)) FROM _stream_records WHERE table_name = ?1) \
     ORDER BY CAST(sequence_number AS INTEGER) LIMIT ?3)";

/// Empties the newest record.
const EMPTY: &str = "UPDATE _stream_records SET keys_json = '{}', new_image = NULL, old_image = NULL \
     WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) <= ?2 AND CAST(sequence_number AS INTEGER) = \
         (SELECT MAX(CAST(sequence_number AS INTEGER)) FROM _stream_records WHERE table_name = ?1) \
     AND keys_json <> '{}'";

/// The second connection; cheap to clone.
#[derive(Clone)]
pub struct StreamRecords {
    connection: Arc<Mutex<Connection>>,
    turns: Turns,
}

impl StreamRecords {
    /// Opens the file of the emulator, which has created its tables, and adds the index.
    pub(crate) fn open(file: &Path, turns: Turns) -> Result<Self, StartError> {
        let connection = Connection::open(file).map_err(failed)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
        // A deletion that is lost in a crash of the machine is repeated; the emulator's own writes are synchronized.
        connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON").map_err(failed)?;
        connection.execute_batch(INDEX).map_err(failed)?;
        connection.execute_batch(POSITIONS).map_err(failed)?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), turns })
    }

    /// Deletes the records of a table up to this sequence number. The newest record is emptied instead: it has no keys.
    pub(crate) async fn delete_until(&self, table: &'static str, sequence: i64) -> Result<(), StartError> {
        loop {
            let deleted = self.execute(move |connection| {
                connection.prepare_cached(DELETE)?.execute(params![table, sequence, BATCH])
            });
            if deleted.await? < BATCH {
                break;
            }
        }
        self.execute(move |connection| connection.prepare_cached(EMPTY)?.execute(params![table, sequence]))
            .await?;
        Ok(())
    }

    /// The sequence number of the last record of a table that the function has processed; 0 before the first.
    pub(crate) async fn position(
        &self,
        function: &'static str,
        table: &'static str,
    ) -> Result<i64, StartError> {
        let position = self.execute(move |connection| {
            let mut read = connection.prepare_cached(READ_POSITION)?;
            read.query_row(params![function, table], |row| row.get(0)).optional()
        });
        Ok(position.await?.unwrap_or(0))
    }

    /// Keeps the position of a function, which never goes back.
    pub(crate) async fn keep_position(
        &self,
        function: &'static str,
        table: &'static str,
        position: i64,
    ) -> Result<(), StartError> {
        let kept = self.execute(move |connection| {
            connection.prepare_cached(KEEP_POSITION)?.execute(params![function, table, position])
        });
        kept.await.map(|_| ())
    }

    /// A number that differs after any other connection has written to the file. Reading it reads nothing else.
    pub(crate) async fn version(&self) -> Result<i64, StartError> {
        self.execute(|connection| connection.query_row("PRAGMA data_version", [], |row| row.get(0))).await
    }

    /// Rewrites the file without deleted content, and empties the write-ahead log.
    pub(crate) async fn compact(&self) -> Result<(), StartError> {
        self.execute(|connection| connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")).await
    }

    async fn execute<T: Send + 'static>(
        &self,
        execute: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StartError> {
        let _turn = self.turns.take().await;
        let connection = Arc::clone(&self.connection);
        let executed = tokio::task::spawn_blocking(move || {
            execute(&connection.lock().unwrap_or_else(PoisonError::into_inner))
        });
        executed.await.map_err(failed)?.map_err(failed)
    }
}

impl std::fmt::Debug for StreamRecords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StreamRecords")
    }
}

fn failed(error: impl std::fmt::Display) -> StartError {
    StartError::new(format!("the database's file: {error}"))
}

#[cfg(test)]
mod tests {
    use dynoxide::Database;
    use serde_json::json;

    use super::*;

    /// The statements of the emulator (`storage.rs` of the version in `Cargo.toml`): one at each write, one at each read.
    const EMULATOR: [&str; 2] = [
        "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name = ?1",
        "SELECT event_name, keys_json, new_image, old_image, sequence_number, created_at, user_identity, event_id
             FROM _stream_records
             WHERE table_name = ?1 AND shard_id = ?2 AND CAST(sequence_number AS INTEGER) > ?3
             ORDER BY CAST(sequence_number AS INTEGER) ASC
             LIMIT ?4",
    ];

    struct Scene {
        folder: tempfile::TempDir,
        database: Database,
        records: StreamRecords,
    }

    impl Scene {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join("dynamodb.sqlite");
            let database = Database::new(&file.to_string_lossy()).expect("a database");
            for table in ["Notes", "Others"] {
                let request = json!({
                    "TableName": table,
                    "BillingMode": "PAY_PER_REQUEST",
                    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                    "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
                });
                database.create_table(serde_json::from_value(request).expect("a request")).expect("a table");
            }
            let records = StreamRecords::open(&file, Turns::default()).expect("a connection");
            Self { folder, database, records }
        }

        fn write(&self, table: &str, id: usize) {
            let item = json!({"TableName": table, "Item": {"id": {"S": format!("secret {id}")}}});
            self.database.put_item(serde_json::from_value(item).expect("a request")).expect("a write");
        }

        /// The sequence numbers of a table's records.
        fn sequence(&self, table: &str) -> Vec<i64> {
            let connection = self.records.connection.lock().expect("a connection");
            let mut statement = connection
                .prepare(
                    "SELECT CAST(sequence_number AS INTEGER) FROM _stream_records WHERE table_name = ?1 ORDER BY 1",
                )
                .expect("a statement");
            let rows = statement.query_map([table], |row| row.get(0)).expect("rows");
            rows.collect::<Result<_, _>>().expect("numbers")
        }
    }

    #[test]
    fn the_emulators_statements_use_the_index() {
        let scene = Scene::new();
        let connection = scene.records.connection.lock().expect("a connection");
        for statement in EMULATOR {
            let mut explained =
                connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).expect("a statement");
            let parameters = vec![rusqlite::types::Value::Null; explained.parameter_count()];
            let rows = explained
                .query_map(rusqlite::params_from_iter(parameters), |row| row.get::<_, String>("detail"));
            let plan: Vec<String> = rows.expect("a plan").collect::<Result<_, _>>().expect("text");
            assert_eq!(plan.len(), 1, "one step, without sorting: {plan:?}");
            assert!(plan[0].contains("INDEX _stream_records_by_sequence (table_name=?"), "{plan:?}");
        }
    }

    #[tokio::test]
    async fn records_up_to_the_number_are_deleted_and_the_newest_is_emptied() {
        let scene = Scene::new();
        for id in 0..3 * BATCH {
            scene.write("Notes", id);
        }
        scene.write("Others", 0);
        let all = scene.sequence("Notes");
        assert_eq!(all.len(), 3 * BATCH);

        // Up to a record in the middle, then the rest.
        scene.records.delete_until("Notes", all[BATCH + 10]).await.expect("a deletion");
        assert_eq!(scene.sequence("Notes"), all[BATCH + 11..]);
        scene.records.delete_until("Notes", i64::MAX).await.expect("a deletion");
        let newest = *all.last().expect("a record");
        assert_eq!(scene.sequence("Notes"), [newest]);
        assert_eq!(scene.sequence("Others").len(), 1);
        let (keys, images): (String, Option<String>) = {
            let connection = scene.records.connection.lock().expect("a connection");
            let select = "SELECT keys_json, COALESCE(new_image, old_image) FROM _stream_records WHERE table_name = 'Notes'";
            connection.query_row(select, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("a row")
        };
        assert_eq!((keys.as_str(), images), ("{}", None));

        // The next number is greater, and the next deletion takes the emptied record too.
        scene.write("Notes", 0);
        let next = scene.sequence("Notes");
        assert!(next.len() == 2 && next[1] > newest, "{newest} {next:?}");
        scene.records.delete_until("Notes", next[1]).await.expect("a deletion");
        assert_eq!(scene.sequence("Notes"), next[1..]);
    }

    #[tokio::test]
    async fn a_record_beyond_the_number_is_neither_deleted_nor_emptied() {
        let scene = Scene::new();
        scene.write("Notes", 0);
        let [number] = scene.sequence("Notes")[..] else { panic!("one record") };
        scene.records.delete_until("Notes", number - 1).await.expect("a deletion");
        let connection = scene.records.connection.lock().expect("a connection");
        let image: Option<String> = connection
            .query_row("SELECT new_image FROM _stream_records", [], |row| row.get(0))
            .expect("a row");
        assert!(image.expect("an image").contains("secret 0"));
    }

    #[tokio::test]
    async fn nothing_deleted_is_in_the_files_after_compacting() {
        let scene = Scene::new();
        for id in 0..10 {
            scene.write("Notes", id);
            let key = json!({"TableName": "Notes", "Key": {"id": {"S": format!("secret {id}")}}});
            scene.database.delete_item(serde_json::from_value(key).expect("a request")).expect("a deletion");
        }
        let found = || {
            let files = std::fs::read_dir(scene.folder.path()).expect("the folder");
            let files = files.map(|file| std::fs::read(file.expect("a file").path()).expect("its bytes"));
            files.flatten().collect::<Vec<u8>>().windows(7).filter(|bytes| *bytes == b"secret ").count()
        };
        scene.records.delete_until("Notes", i64::MAX).await.expect("a deletion");
        assert_ne!(found(), 0, "the log has content until then");
        scene.records.compact().await.expect("it compacts");
        assert_eq!(found(), 0);
    }
}
