//! The database of `--memory`: a file in a folder for temporary files that is removed at the end.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::StartError;

/// The name of each folder starts with this.
const PREFIX: &str = "herobrain-memory-";
const DATABASE: &str = "dynamodb.sqlite";

/// A folder of mode 0700 that is removed when this is dropped. A process that is killed leaves it to the next one.
#[derive(Debug)]
pub(crate) struct Scratch {
    folder: TempDir,
    /// Locked while the folder is in use.
    _in_use: File,
}

impl Scratch {
    /// A new folder. Removes those of processes that have ended.
    pub(crate) fn new() -> Result<Self, StartError> {
        let parent = std::env::temp_dir();
        remove_abandoned(&parent);
        let create = || -> std::io::Result<Self> {
            let folder = tempfile::Builder::new()
                .prefix(PREFIX)
                .permissions(Permissions::from_mode(0o700))
                .tempdir_in(&parent)?;
            let in_use = File::open(folder.path())?;
            in_use.lock()?;
            Ok(Self { folder, _in_use: in_use })
        };
        create().map_err(|error| {
            StartError::new(format!("cannot create a folder in {}: {error}", parent.display()))
        })
    }

    /// The database's file.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join(DATABASE)
    }
}

/// Removes the folders that no process has locked. One without a database may have been created just now and is kept.
fn remove_abandoned(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let folder = entry.path();
        let is_scratch = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry.file_type().is_ok_and(|kind| kind.is_dir())
            && folder.join(DATABASE).exists();
        // The folder of another user cannot be opened, and that of a running process is locked.
        if is_scratch && File::open(&folder).is_ok_and(|folder| folder.try_lock().is_ok()) {
            let _ = fs::remove_dir_all(&folder);
        }
    }
}
