//! The files that the local stack keeps between runs besides the database: secrets, the sample key and the issuer.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hb_domain::ApiKey;
use rand::distr::{Alphanumeric, SampleString};
use rand::rngs::StdRng;

use crate::StartError;
use crate::clerk::IssuerFile;
use crate::credentials::{self, Credentials};

/// The version of the folder's format. It is incremented when versions are incompatible. 3: renamed attributes, and a stream
/// of new and old images. 4: an older version would not find memories by the search documents of a newer one.
const VERSION: u32 = 4;
/// The oldest format that is read. A folder of it gets the current one.
const OLDEST: u32 = 3;

const PEPPER_LENGTH: usize = 64;

/// The folder of the local stack, `.herobrain`. Only its owner can read it.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    /// Locked by the first process that uses the folder, until it ends.
    lock: Option<Arc<File>>,
}

impl Folder {
    /// Opens the folder, or creates it.
    ///
    /// # Errors
    /// If it cannot be written, or has the format of another version.
    pub fn open(path: &Path) -> Result<Self, StartError> {
        if path.is_file() {
            return Err(StartError::new(format!("{} is a file; it has to be a folder", path.display())));
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|error| cannot("create", path, &error))?;
        restrict(path)?;
        let lock = File::open(path).map_err(|error| cannot("open", path, &error))?;
        let lock = lock.try_lock().is_ok().then(|| Arc::new(lock));
        let folder = Self { path: path.to_owned(), lock };
        match folder.read("version")? {
            Some(text) => match text.trim().parse::<u32>() {
                Ok(VERSION) => {}
                Ok(OLDEST..VERSION) => folder.write("version", &VERSION.to_string())?,
                Ok(newer) if newer > VERSION => {
                    return Err(StartError::new(format!(
                        "{} was written by a newer version of HeroBrain (format {newer}, this one reads {VERSION}); \
                         update, or move the folder away to start with an empty one",
                        path.display()
                    )));
                }
                Ok(older @ 1..OLDEST) => {
                    return Err(StartError::new(format!(
                        "{} was written by an older version of HeroBrain (format {older}, this one reads {OLDEST} to {VERSION}); \
                         export its memories with that version, move the folder away and import them, \
                         or move it away to start with an empty one",
                        path.display()
                    )));
                }
                _ => {
                    return Err(StartError::new(format!(
                        "{}/version is damaged: {:?}",
                        path.display(),
                        text.trim()
                    )));
                }
            },
            None => folder.write("version", &VERSION.to_string())?,
        }
        // A folder of another user may be readable but not writable.
        folder.write(".probe", "")?;
        fs::remove_file(folder.path.join(".probe")).map_err(|error| cannot("write to", path, &error))?;
        Ok(folder)
    }

    /// The database's file.
    pub fn database(&self) -> PathBuf {
        self.path.join("dynamodb.sqlite")
    }

    /// The file of the stream records that a function could not read.
    pub fn dead_letters(&self) -> PathBuf {
        self.path.join("dead-letters.ndjson")
    }

    /// Whether no other process used the folder when this one opened it.
    pub fn is_only_user(&self) -> bool {
        self.lock.is_some()
    }

    /// The pepper; it is generated in the first run.
    ///
    /// # Errors
    /// If the file cannot be read or written, or is damaged. Keys that were created under a lost pepper cannot be used.
    pub fn pepper(&self, rng: &mut StdRng) -> Result<String, StartError> {
        match self.read("pepper")? {
            Some(pepper) if pepper.trim().len() == PEPPER_LENGTH => Ok(pepper.trim().to_owned()),
            None if self.read("credentials")?.is_none() => {
                let pepper = new_pepper(rng);
                self.write("pepper", &pepper)?;
                Ok(pepper)
            }
            _ => Err(StartError::new(format!(
                "{}/pepper is damaged or missing, and the keys work with it only; \
                 move the folder away to start with an empty one",
                self.path.display()
            ))),
        }
    }

    /// The token secret. It is generated in the first run, and again if it is lost: tokens are valid for 15 minutes only.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub fn token_secret(&self, rng: &mut StdRng) -> Result<String, StartError> {
        self.kept_secret("token", rng)
    }

    /// The secret in a file, or a new one that is written to it.
    fn kept_secret(&self, name: &str, rng: &mut StdRng) -> Result<String, StartError> {
        match self.read(name)?.map(|secret| secret.trim().to_owned()) {
            Some(secret) if secret.len() == PEPPER_LENGTH => Ok(secret),
            _ => {
                let secret = new_pepper(rng);
                self.write(name, &secret)?;
                Ok(secret)
            }
        }
    }

    /// The secret of webhook endpoints. It is generated in the first run, and again if it is lost: the secrets of endpoints that
    /// were created before can then not be read.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub fn webhook_key(&self, rng: &mut StdRng) -> Result<String, StartError> {
        self.kept_secret("webhook-key", rng)
    }

    /// Writes the issuer's key, with which `herobrain jwt` signs while the server runs.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn keep_issuer(&self, issuer: &IssuerFile) -> Result<(), StartError> {
        let text = serde_json::to_string(issuer).map_err(|error| StartError::new(error.to_string()))?;
        self.write("issuer", &text)
    }

    /// Deletes the issuer of an earlier server.
    pub fn forget_issuer(&self) {
        let _ = fs::remove_file(self.path.join("issuer"));
    }

    /// The issuer of the running server.
    ///
    /// # Errors
    /// If there is none: no server has run in the folder, or one without the local issuer.
    pub fn issuer(path: &Path) -> Result<IssuerFile, StartError> {
        let missing = || {
            StartError::new(format!(
                "{} has no issuer: start `cargo run` first, without --memory and without CLERK_ISSUER",
                path.display()
            ))
        };
        let text = Self { path: path.to_owned(), lock: None }.read("issuer")?.ok_or_else(missing)?;
        serde_json::from_str(&text).map_err(|_| {
            StartError::new(format!(
                "{}/issuer is not of this version: stop the server that runs in this folder, and start `cargo run` again",
                path.display()
            ))
        })
    }

    /// The sample key of an earlier run. A file in the form of an earlier version is rewritten.
    ///
    /// # Errors
    /// If the file cannot be read or holds no key.
    pub fn sample_key(&self) -> Result<Option<ApiKey>, StartError> {
        let Some(text) = self.read("credentials")? else { return Ok(None) };
        match credentials::parse(&text) {
            Some(Credentials::Current(key)) => Ok(Some(key)),
            Some(Credentials::Json(key)) => {
                self.keep_sample_key(&key)?;
                Ok(Some(key))
            }
            None => Err(StartError::new(format!(
                "{}/credentials is damaged; delete it and a new sample key will be made",
                self.path.display()
            ))),
        }
    }

    /// Writes the sample key for the next run and for shells, readable by the file's owner only.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn keep_sample_key(&self, key: &ApiKey) -> Result<(), StartError> {
        self.write("credentials", &credentials::format(key))
    }

    /// Whether all sample memories have been created.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn has_sample(&self) -> Result<bool, StartError> {
        Ok(self.read("sample")?.is_some())
    }

    /// Records that all sample memories have been created, so that deleted ones are not created again.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn note_sample(&self) -> Result<(), StartError> {
        self.write("sample", "written\n")
    }

    /// Whether the search documents of all memories have this format.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn has_search_format(&self, format: u8) -> Result<bool, StartError> {
        Ok(self.read("search-format")?.is_some_and(|text| text.trim() == format.to_string()))
    }

    /// Records that the search documents of all memories have this format.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn note_search_format(&self, format: u8) -> Result<(), StartError> {
        self.write("search-format", &format!("{format}\n"))
    }

    /// Writes the environment of a function that uses this stack, for
    /// `cargo lambda watch --env-file .herobrain/lambda.env`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn describe(&self, variables: &[(&str, String)]) -> Result<(), StartError> {
        let lines: String = variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        self.write("lambda.env", &lines)
    }

    /// Writes the address of the running server, for `herobrain dashboard`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn note_url(&self, url: &str) -> Result<(), StartError> {
        self.write("url", &format!("{url}\n"))
    }

    /// The address of the server that was started last in a folder, and the environment of its functions.
    ///
    /// # Errors
    /// If no server has run in the folder.
    pub fn server(path: &Path) -> Result<(String, String), StartError> {
        let folder = Self { path: path.to_owned(), lock: None };
        match (folder.read("url")?, folder.read("lambda.env")?) {
            (Some(url), Some(environment)) => Ok((url.trim().to_owned(), environment)),
            _ => Err(StartError::new(format!(
                "no server has run in {}: start `cargo run` first, without --memory",
                path.display()
            ))),
        }
    }

    fn read(&self, name: &str) -> Result<Option<String>, StartError> {
        let path = self.path.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(cannot("read", &path, &error)),
        }
    }

    /// Writes a file of mode 0600 atomically.
    fn write(&self, name: &str, text: &str) -> Result<(), StartError> {
        let path = self.path.join(name);
        let draft = self.path.join(format!("{name}.new"));
        let written = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft);
        written
            .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&draft, &path))
            .map_err(|error| cannot("write", &path, &error))
    }
}

/// A secret of 64 letters and digits, as in a deployed stack.
pub fn new_pepper(rng: &mut StdRng) -> String {
    Alphanumeric.sample_string(rng, PEPPER_LENGTH)
}

/// Gives the folder mode 0700 and its files 0600. An earlier version has created them readable for others.
fn restrict(folder: &Path) -> Result<(), StartError> {
    let set = |path: &Path, wanted: u32| {
        let mode = fs::metadata(path)?.permissions().mode() & 0o777;
        if mode == wanted { Ok(()) } else { fs::set_permissions(path, Permissions::from_mode(wanted)) }
    };
    let cannot = |path: &Path, error| cannot("restrict access to", path, &error);
    set(folder, 0o700).map_err(|error| cannot(folder, error))?;
    for entry in fs::read_dir(folder).map_err(|error| cannot(folder, error))? {
        let entry = entry.map_err(|error| cannot(folder, error))?;
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            match set(&entry.path(), 0o600) {
                // Another process that uses the folder has removed it.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                outcome => outcome.map_err(|error| cannot(&entry.path(), error))?,
            }
        }
    }
    Ok(())
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> StartError {
    StartError::new(format!("cannot {what} {}: {error}", path.display()))
}
