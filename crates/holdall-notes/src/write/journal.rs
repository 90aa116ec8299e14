//! The last changes, kept so that they can be undone: one file per change, a line of JSON and the bytes before.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use holdall_files::{is_temporary, temporary_name};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::NotesError;
use crate::note::ContentHash;
use crate::root::Place;

/// Changes that can be undone.
const RECORDS_MAX: usize = 50;
/// Bytes of all old versions together; the oldest go first.
const BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Longest line of JSON: a path and three hashes.
const HEADER_BYTES_MAX: u64 = 64 * 1024;
const EXTENSION: &str = "change";
const UNFINISHED: &str = "unfinished";

/// A change. It is written before the change takes place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) path: String,
    /// Hash of the file before; `None` if the change creates it.
    #[serde(serialize_with = "write_hash", deserialize_with = "read_hash")]
    pub(super) before: Option<ContentHash>,
    #[serde(serialize_with = "write_known_hash", deserialize_with = "read_known_hash")]
    pub(super) after: ContentHash,
    /// The name of the temporary file, to be removed should the writer be killed.
    pub(super) temporary: String,
}

impl Record {
    pub(super) fn new(place: &Place, before: Option<ContentHash>, after: ContentHash) -> Self {
        Self {
            path: place.path.to_string(),
            before,
            after,
            temporary: temporary_name(),
        }
    }
}

/// The folder of changes. Used under the writers' lock only.
#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
}

impl Journal {
    pub(super) fn open(state: &Path) -> Result<Self, NotesError> {
        let folder = state.join("undo");
        fs::create_dir_all(&folder).map_err(failed)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).map_err(failed)?;
        }
        Ok(Self { folder })
    }

    /// Keeps a change, durably, and lets the oldest go.
    pub(super) fn append(&self, record: &Record, before: &[u8]) -> Result<u64, NotesError> {
        let numbers = self.numbers()?;
        let number = numbers.last().map_or(1, |last| last + 1);
        let mut header = serde_json::to_vec(record).map_err(|error| failed(error.into()))?;
        header.push(b'\n');
        let unfinished = self.folder.join(UNFINISHED);
        let write = || {
            let mut file = File::create(&unfinished)?;
            file.write_all(&header)?;
            file.write_all(before)?;
            file.sync_all()?;
            fs::rename(&unfinished, self.file(number))?;
            sync(&self.folder)
        };
        write()
            .inspect_err(|_| drop(fs::remove_file(&unfinished)))
            .map_err(failed)?;
        self.prune(&numbers, before.len() as u64);
        Ok(number)
    }

    /// Removes a change whose writer was killed before it was whole.
    pub(super) fn remove_unfinished(&self) {
        let _ = fs::remove_file(self.folder.join(UNFINISHED));
    }

    /// Drops a change. What cannot be dropped is found not to have happened when undone.
    pub(super) fn forget(&self, number: u64) {
        let _ = fs::remove_file(self.file(number));
    }

    /// The last change with the bytes before it. Files that are no changes are dropped.
    pub(super) fn last(&self) -> Result<Option<(u64, Record, Vec<u8>)>, NotesError> {
        for number in self.numbers()?.into_iter().rev() {
            match read(&self.file(number)) {
                Ok((record, before)) if record.before.is_none_or(|hash| hash == ContentHash::of(&before)) => {
                    return Ok(Some((number, record, before)));
                }
                Ok(_) => self.forget(number),
                Err(error) if error.kind() == io::ErrorKind::InvalidData => self.forget(number),
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(None)
    }

    /// All readable changes, oldest first.
    pub(super) fn records(&self) -> Result<Vec<Record>, NotesError> {
        let files = self.numbers()?.into_iter().map(|number| self.file(number));
        Ok(files
            .filter_map(|file| header(&mut BufReader::new(File::open(file).ok()?)).ok())
            .collect())
    }

    fn numbers(&self) -> Result<Vec<u64>, NotesError> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let path = PathBuf::from(entry.map_err(failed)?.file_name());
            if path.extension().is_some_and(|extension| extension == EXTENSION)
                && let Some(number) = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok())
            {
                numbers.push(number);
            }
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn prune(&self, older: &[u64], newest_bytes: u64) {
        let mut bytes = newest_bytes;
        for (age, number) in older.iter().rev().enumerate() {
            let file = self.file(*number);
            bytes += fs::metadata(&file).map_or(0, |metadata| metadata.len());
            if age + 1 >= RECORDS_MAX || bytes > BYTES_MAX {
                self.forget(*number);
            }
        }
    }

    fn file(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:020}.{EXTENSION}"))
    }
}

/// The file whose lock keeps writers of other processes away.
pub(super) fn open_lock(state: &Path) -> Result<File, NotesError> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(state.join("write.lock"))
        .map_err(failed)
}

fn read(path: &Path) -> io::Result<(Record, Vec<u8>)> {
    let mut file = BufReader::new(File::open(path)?);
    let record = header(&mut file)?;
    let mut before = Vec::new();
    file.read_to_end(&mut before)?;
    Ok((record, before))
}

fn header(file: &mut BufReader<File>) -> io::Result<Record> {
    let mut line = Vec::new();
    file.by_ref()
        .take(HEADER_BYTES_MAX)
        .read_until(b'\n', &mut line)?;
    let record: Record =
        serde_json::from_slice(&line).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    if !is_temporary(&record.temporary) || record.temporary.contains(['/', '\\']) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(record)
}

fn failed(error: io::Error) -> NotesError {
    NotesError::from_io("the undo journal", "written", error)
}

#[cfg(unix)]
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}

fn write_known_hash<S: Serializer>(hash: &ContentHash, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(hash)
}

fn write_hash<S: Serializer>(hash: &Option<ContentHash>, serializer: S) -> Result<S::Ok, S::Error> {
    hash.map(|hash| hash.to_string()).serialize(serializer)
}

fn read_known_hash<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ContentHash, D::Error> {
    let text = String::deserialize(deserializer)?;
    blake3::Hash::from_hex(&text)
        .map(|hash| ContentHash(*hash.as_bytes()))
        .map_err(serde::de::Error::custom)
}

fn read_hash<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ContentHash>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| blake3::Hash::from_hex(&text).map(|hash| ContentHash(*hash.as_bytes())))
        .transpose()
        .map_err(serde::de::Error::custom)
}
