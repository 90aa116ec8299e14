//! [`TokenFile`]: where tokens and keys are kept, hashed.
//!
//! ```toml
//! [[token]]
//! name = "ada-laptop"
//! hash = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
//! scopes = ["notes:read"]
//! created = 2026-11-21T14:00:00Z
//! expires = 2027-02-19T14:00:00Z
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, Value};

use super::chosen::{self, KEY_CHARS_MIN};
use super::entry::{KeptHash, NewToken, TokenEntry, TokenKind};
use super::error::TokenError;
use super::generate;
use holdall::Secret;

/// Larger files are refused: 10,000 tokens have some 3 MiB.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
const KEYS: [&str; 6] = ["name", "hash", "scopes", "created", "expires", "revoked"];

/// A file of tokens and keys. Who changes it holds a lock beside it, and swaps the whole file in one step.
#[derive(Clone, Debug)]
pub struct TokenFile {
    path: PathBuf,
}

impl TokenFile {
    /// The file at `path`, which need not be there yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a token and adds it; makes the file if there is none. The token is told here and never again.
    ///
    /// # Errors
    /// If there is one of this name, expired and revoked ones included, or the file cannot be read or written.
    pub fn create(&self, new: NewToken) -> Result<(Secret, TokenEntry), TokenError> {
        let token = generate::token();
        let hash = KeptHash::Sha256(generate::hash(token.expose()));
        let entry = self.add(new, TokenKind::Generated, hash)?;
        Ok((token, entry))
    }

    /// Adds a key that somebody chose. It is sent as `NAME:KEY`. Prefer [`create`](Self::create): what is chosen can be
    /// guessed, and takes longer to check.
    ///
    /// # Errors
    /// As [`create`](Self::create), and if the key has fewer than 12 characters.
    pub fn create_key(&self, new: NewToken, key: &Secret) -> Result<TokenEntry, TokenError> {
        let fits = |c: char| matches!(c, ' '..='~');
        let key_text = key.expose();
        if key_text.len() < KEY_CHARS_MIN || !key_text.chars().all(fits) || key_text.trim() != key_text {
            return Err(TokenError::Key {
                chars_min: KEY_CHARS_MIN,
            });
        }
        self.add(new, TokenKind::Chosen, KeptHash::Argon2(chosen::hash(key)))
    }

    /// All tokens and keys, in the order of the file.
    ///
    /// # Errors
    /// If the file cannot be read, or anything in it is wrong.
    pub fn list(&self) -> Result<Vec<TokenEntry>, TokenError> {
        let document = self.document()?;
        self.entries(&document)
    }

    /// Marks a token or key as good no longer. Its name stays taken, so that logs keep their meaning.
    ///
    /// # Errors
    /// If there is none of this name, or the file cannot be read or written.
    pub fn revoke(&self, name: &str) -> Result<TokenEntry, TokenError> {
        let _lock = self.lock()?;
        let mut document = self.document()?;
        let mut entries = self.entries(&document)?;
        let Some(index) = entries.iter().position(|entry| entry.name == name) else {
            let known = entries.into_iter().map(|entry| entry.name).collect();
            return Err(TokenError::Unknown {
                name: name.to_owned(),
                known,
            });
        };
        let mut entry = entries.swap_remove(index);
        if entry.revoked.is_none() {
            let now = now();
            let tables = document["token"].as_array_of_tables_mut();
            let table = tables
                .and_then(|tables| tables.get_mut(index))
                .expect("it was just read");
            table["revoked"] = Item::Value(moment(now));
            self.write(&document)?;
            entry.revoked = Some(now);
        }
        Ok(entry)
    }

    fn add(&self, new: NewToken, kind: TokenKind, hash: KeptHash) -> Result<TokenEntry, TokenError> {
        let entry = TokenEntry {
            name: new.name,
            kind,
            scopes: new.scopes,
            created: Some(now()),
            expires: new.expires.map(whole_seconds),
            revoked: None,
            hash,
        };
        let problems = entry.problems();
        if !problems.is_empty() {
            return Err(TokenError::Token { problems });
        }
        let _lock = self.lock()?;
        let mut document = match self.document() {
            Err(TokenError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                DocumentMut::new()
            }
            document => document?,
        };
        if self
            .entries(&document)?
            .iter()
            .any(|known| known.name == entry.name)
        {
            return Err(TokenError::Taken { name: entry.name });
        }
        let above = match document.trailing().as_str().unwrap_or_default() {
            "" => String::new(),
            text => format!("{}\n\n", text.trim_end()),
        };
        if document.is_empty() {
            document.set_trailing("");
        }
        let tables = document
            .entry("token")
            .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()))
            .as_array_of_tables_mut()
            .expect("it was just read as one");
        let mut table = table(&entry);
        if tables.is_empty() {
            // What stands in a file without any token is about those to come.
            table.decor_mut().set_prefix(above);
        }
        tables.push(table);
        self.write(&document)?;
        Ok(entry)
    }

    fn document(&self) -> Result<DocumentMut, TokenError> {
        let failed = |source| TokenError::Read {
            path: self.path.clone(),
            source,
        };
        let file = File::open(&self.path).map_err(failed)?;
        self.warn_if_open_to_others(&file);
        let mut text = String::new();
        file.take(FILE_BYTES_MAX + 1)
            .read_to_string(&mut text)
            .map_err(failed)?;
        if text.len() as u64 > FILE_BYTES_MAX {
            return Err(failed(io::Error::other(format!(
                "it has more than {FILE_BYTES_MAX} bytes"
            ))));
        }
        text.parse().map_err(|error: toml_edit::TomlError| {
            // The message of the whole error would show the line, and with it what is kept there.
            let line = error.span().map_or(1, |span| {
                text[..span.start.min(text.len())].matches('\n').count() + 1
            });
            self.invalid(vec![format!(
                "line {line} is no TOML: {}",
                error.message().replace('\n', ", ")
            )])
        })
    }

    #[cfg(unix)]
    fn warn_if_open_to_others(&self, file: &File) {
        use std::os::unix::fs::MetadataExt;
        if file.metadata().is_ok_and(|metadata| metadata.mode() & 0o077 != 0) {
            tracing::warn!(path = %self.path.display(), "others can read the file of tokens: `chmod 600` it");
        }
    }

    #[cfg(not(unix))]
    #[expect(clippy::unused_self, reason = "there is something to see on Unix")]
    fn warn_if_open_to_others(&self, _: &File) {}

    fn entries(&self, document: &DocumentMut) -> Result<Vec<TokenEntry>, TokenError> {
        let mut problems: Vec<String> = document
            .iter()
            .filter(|(key, _)| *key != "token")
            .map(|(key, _)| {
                format!(
                    "`{}` means nothing here: there are `[[token]]` only",
                    key.escape_debug()
                )
            })
            .collect();
        let tables = match document.get("token") {
            None => None,
            Some(Item::ArrayOfTables(tables)) => Some(tables),
            Some(_) => {
                problems.push("`token` is not written as `[[token]]`".into());
                None
            }
        };
        let mut entries: Vec<TokenEntry> = Vec::new();
        let mut names = std::collections::HashSet::new();
        let mut hashes = std::collections::HashSet::new();
        for (index, table) in tables.into_iter().flatten().enumerate() {
            match read(table) {
                Ok(entry) if !names.insert(entry.name.clone()) => {
                    problems.push(format!("two tokens are called `{}`", entry.name));
                }
                Ok(entry) if !hashes.insert(entry.hash.to_text()) => problems.push(format!(
                    "`{}` is the same token as one before: leave one of them out",
                    entry.name
                )),
                Ok(entry) => entries.push(entry),
                Err(found) => problems.extend(
                    found
                        .into_iter()
                        .map(|problem| format!("token {}: {problem}", index + 1)),
                ),
            }
        }
        if problems.is_empty() {
            Ok(entries)
        } else {
            Err(self.invalid(problems))
        }
    }

    fn invalid(&self, problems: Vec<String>) -> TokenError {
        TokenError::Invalid {
            path: self.path.clone(),
            problems,
        }
    }

    /// The lock is a file of its own, for the one it guards is another after each change.
    fn lock(&self) -> Result<File, TokenError> {
        let mut path = self.path.clone().into_os_string();
        path.push(".lock");
        let path = PathBuf::from(path);
        let lock = private().create(true).truncate(false).write(true).open(&path);
        lock.and_then(|file| file.lock().map(|()| file))
            .map_err(|source| TokenError::Write { path, source })
    }

    fn write(&self, document: &DocumentMut) -> Result<(), TokenError> {
        let failed = |source| TokenError::Write {
            path: self.path.clone(),
            source,
        };
        // Where the file is a link, what it leads to is swapped.
        let target = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let mut fresh = target.clone().into_os_string();
        fresh.push(".new");
        let fresh = PathBuf::from(fresh);
        // Left behind by one who was killed; who writes holds the lock, so nobody else is at it.
        let _ = fs::remove_file(&fresh);
        let mut file = private()
            .create_new(true)
            .write(true)
            .open(&fresh)
            .map_err(failed)?;
        let written = file
            .write_all(document.to_string().as_bytes())
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&fresh, &target))
            .and_then(|()| sync_folder(&target));
        written.map_err(|source| {
            let _ = fs::remove_file(&fresh);
            failed(source)
        })
    }
}

/// How files are opened that nobody else may read.
fn private() -> OpenOptions {
    #[cfg_attr(not(unix), allow(unused_mut, reason = "there are no modes"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Without it a power cut could bring the old file back, and with it a token that was revoked.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn read(table: &Table) -> Result<TokenEntry, Vec<String>> {
    let mut problems: Vec<String> = table
        .iter()
        .filter(|(key, _)| !KEYS.contains(key))
        .map(|(key, _)| {
            format!(
                "`{}` means nothing here: there are {}",
                key.escape_debug(),
                KEYS.join(", ")
            )
        })
        .collect();
    let mut text = |key: &str| {
        let text = table.get(key).and_then(Item::as_str);
        if text.is_none() {
            problems.push(format!("`{key}` is missing, or no text"));
        }
        text.unwrap_or_default()
    };
    let (name, hash) = (text("name").to_owned(), text("hash"));
    let hash = KeptHash::parse(hash);
    if hash.is_none() {
        problems
            .push("`hash` is neither `sha256:` with 64 hexadecimal digits nor a PHC string of Argon2".into());
    }
    let scopes = table.get("scopes").map_or(Some(Vec::new()), texts);
    if scopes.is_none() {
        problems.push("`scopes` is no list of texts".into());
    }
    let mut time = |key: &str| {
        let item = table.get(key)?;
        let time = item
            .as_datetime()
            .and_then(|time| time.to_string().parse::<jiff::Timestamp>().ok());
        if time.is_none() {
            problems.push(format!(
                "`{key}` is no time with an offset, such as 2027-02-19T14:00:00Z"
            ));
        }
        time.map(SystemTime::from)
    };
    let (created, expires, revoked) = (time("created"), time("expires"), time("revoked"));
    let (Some(hash), Some(scopes)) = (hash, scopes) else {
        return Err(problems);
    };
    let kind = match &hash {
        KeptHash::Sha256(_) => TokenKind::Generated,
        KeptHash::Argon2(_) => TokenKind::Chosen,
    };
    let entry = TokenEntry {
        name,
        kind,
        scopes,
        created,
        expires,
        revoked,
        hash,
    };
    problems.extend(entry.problems());
    if problems.is_empty() {
        Ok(entry)
    } else {
        Err(problems)
    }
}

fn texts(item: &Item) -> Option<Vec<String>> {
    let texts = item.as_array()?.iter();
    texts.map(|text| text.as_str().map(str::to_owned)).collect()
}

fn table(entry: &TokenEntry) -> Table {
    let mut table = Table::new();
    table["name"] = toml_edit::value(&entry.name);
    table["hash"] = toml_edit::value(entry.hash.to_text());
    table["scopes"] = toml_edit::value(entry.scopes.iter().collect::<toml_edit::Array>());
    for (key, time) in [
        ("created", entry.created),
        ("expires", entry.expires),
        ("revoked", entry.revoked),
    ] {
        if let Some(time) = time {
            table[key] = Item::Value(moment(time));
        }
    }
    table
}

fn moment(time: SystemTime) -> Value {
    let time = jiff::Timestamp::try_from(time).unwrap_or(jiff::Timestamp::MAX);
    let time: toml_edit::Datetime = time
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
        .parse()
        .expect("it is written as TOML has it");
    time.into()
}

fn now() -> SystemTime {
    whole_seconds(SystemTime::now())
}

/// Times are written without fractions.
fn whole_seconds(time: SystemTime) -> SystemTime {
    let Ok(time) = jiff::Timestamp::try_from(time) else {
        return time;
    };
    jiff::Timestamp::from_second(time.as_second()).map_or(SystemTime::from(time), SystemTime::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_folder_is_written_down_wherever_it_is() {
        // One beside which nothing is said of a folder lies in the one the process works in.
        sync_folder(Path::new("tokens.toml")).expect("there is a folder");
        let folder = tempfile::tempdir().expect("a folder");
        sync_folder(&folder.path().join("tokens.toml")).expect("there is a folder");
        sync_folder(&folder.path().join("nowhere").join("tokens.toml")).expect_err("there is none");
    }
}
