//! Appending and compacting: one process at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use super::format::{HEADER_BYTES, check_dimensions, is_whole, row_bytes, write_row};
use super::store::{VectorStore, generation_path, generations};
use super::{VectorError, VectorKey};

/// Below this many rows a file is never compacted: there is nothing to gain.
const COMPACTED_ROWS_MIN: u32 = 1_000;

/// The one who appends. Ends when dropped.
pub struct VectorWriter {
    store: Arc<VectorStore>,
    file: File,
    /// Held for its lock.
    _lock: File,
}

/// What a compaction did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compaction {
    /// Rows before.
    pub rows_before: u32,
    /// Rows after.
    pub rows_after: u32,
}

impl VectorWriter {
    /// Becomes the writer of `store`, repairs what a crash left behind and removes old generations.
    ///
    /// # Errors
    /// [`VectorError::Busy`] if there is a writer already, in any process.
    pub fn open(store: Arc<VectorStore>) -> Result<Self, VectorError> {
        let lock = lock(store.folder())?;
        store.refresh()?;
        let generation = store.rows().generation();
        let usable = File::open(generation_path(store.folder(), generation)).and_then(|mut file| {
            let mut header = [0; HEADER_BYTES];
            file.read_exact(&mut header)?;
            Ok(&header == store.header().bytes())
        });
        let file = if usable.unwrap_or(false) {
            open_for_append(&store, generation)?
        } else {
            replace(&store, std::iter::empty())?
        };
        let mut writer = Self {
            store,
            file,
            _lock: lock,
        };
        writer.repair()?;
        writer.remove_leftovers();
        Ok(writer)
    }

    /// The store appended to. Its rows are up to date after every call.
    pub fn store(&self) -> &Arc<VectorStore> {
        &self.store
    }

    /// Appends vectors of length 1 under the keys of their texts. Those that are there already are left out.
    ///
    /// On an error the file holds what it held before.
    pub fn append(&mut self, vectors: &[(VectorKey, &[f32])]) -> Result<(), VectorError> {
        let rows = self.store.rows();
        let mut new: Vec<(VectorKey, &[f32])> = Vec::with_capacity(vectors.len());
        for &(key, vector) in vectors {
            check_dimensions(self.store.dimensions(), vector.len())?;
            if rows.row_of(key).is_none() {
                new.push((key, vector));
            }
        }
        if u32::try_from(new.len())
            .ok()
            .and_then(|new| rows.len().checked_add(new))
            .is_none()
        {
            return Err(VectorError::Full { rows: rows.len() });
        }
        let mut bytes = Vec::with_capacity(new.len() * row_bytes(self.store.dimensions()));
        for (key, vector) in new {
            write_row(&mut bytes, key, vector);
        }
        if let Err(error) = self.file.write_all(&bytes) {
            // Should this fail too, the next writer repairs the end.
            let _ = self.file.set_len(self.end_of_rows());
            return Err(VectorError::io("written")(error));
        }
        self.store.refresh()?;
        Ok(())
    }

    /// Rewrites the file if more than half of its rows are garbage, that is rows `is_live` denies; nothing
    /// otherwise. The youngest garbage is kept, up to a quarter of the live rows: a note that was just deleted or
    /// edited may come back.
    pub fn compact(
        &mut self,
        is_live: impl Fn(VectorKey) -> bool,
    ) -> Result<Option<Compaction>, VectorError> {
        let rows = self.store.rows();
        let live: Vec<bool> = (0..rows.len()).map(|row| is_live(rows.key(row))).collect();
        let live_rows = live.iter().filter(|live| **live).count();
        if rows.len() < COMPACTED_ROWS_MIN || live_rows * 2 >= live.len() {
            return Ok(None);
        }
        let mut spared = live_rows / 4;
        let mut kept = live;
        for keep in kept.iter_mut().rev().filter(|keep| !**keep) {
            if spared == 0 {
                break;
            }
            (*keep, spared) = (true, spared - 1);
        }
        let kept = (0..rows.len()).filter(|&row| kept[row as usize]);
        self.file = replace(&self.store, kept.map(|row| rows.row(row).to_vec()))?;
        self.remove_leftovers();
        Ok(Some(Compaction {
            rows_before: rows.len(),
            rows_after: self.store.rows().len(),
        }))
    }

    /// Removes what is not whole: an unfinished end is cut off, damage before the end costs a rewrite.
    fn repair(&mut self) -> Result<(), VectorError> {
        let end = self.end_of_rows();
        let length = self.file.metadata().map_err(VectorError::io("read"))?.len();
        if length == end {
            return Ok(());
        }
        let behind = whole_rows_behind(&self.store, end).map_err(VectorError::io("read"))?;
        if behind.is_empty() {
            return self.file.set_len(end).map_err(VectorError::io("repaired"));
        }
        let rows = self.store.rows();
        let before = (0..rows.len()).map(|row| rows.row(row).to_vec());
        self.file = replace(&self.store, before.chain(behind))?;
        Ok(())
    }

    /// Where the next row goes.
    fn end_of_rows(&self) -> u64 {
        (HEADER_BYTES + self.store.rows().len() as usize * row_bytes(self.store.dimensions())) as u64
    }

    /// Removes older generations and unfinished ones. A file that another process has open may refuse on some
    /// systems; the next writer tries again.
    fn remove_leftovers(&self) {
        let folder = self.store.folder();
        let current = self.store.rows().generation();
        for old in generations(folder)
            .unwrap_or_default()
            .into_iter()
            .filter(|&old| old < current)
        {
            let _ = fs::remove_file(generation_path(folder, old));
        }
        let _ = fs::remove_file(folder.join(UNFINISHED));
    }
}

const UNFINISHED: &str = "vectors.new";

fn lock(folder: &Path) -> Result<File, VectorError> {
    let path = folder.join("vectors.lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path);
    let file = file.map_err(VectorError::io("locked"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(VectorError::Busy),
        Err(TryLockError::Error(error)) => Err(VectorError::io("locked")(error)),
    }
}

fn open_for_append(store: &VectorStore, generation: u64) -> Result<File, VectorError> {
    let path = generation_path(store.folder(), generation);
    OpenOptions::new()
        .read(true)
        .append(true)
        .open(path)
        .map_err(VectorError::io("opened"))
}

/// Writes the next generation, waits for the disk, and makes it the current one.
fn replace(store: &VectorStore, rows: impl Iterator<Item = Vec<u8>>) -> Result<File, VectorError> {
    let folder = store.folder();
    let written = || -> io::Result<u64> {
        let generation = generations(folder)?.into_iter().max().unwrap_or(0) + 1;
        let unfinished = folder.join(UNFINISHED);
        let mut writer = io::BufWriter::with_capacity(1 << 20, File::create(&unfinished)?);
        writer.write_all(store.header().bytes())?;
        for row in rows {
            writer.write_all(&row)?;
        }
        writer
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .sync_all()?;
        fs::rename(&unfinished, generation_path(folder, generation))?;
        #[cfg(unix)]
        File::open(folder)?.sync_all()?;
        Ok(generation)
    };
    let generation = written().map_err(VectorError::io("rewritten"))?;
    store.refresh()?;
    open_for_append(store, generation)
}

/// The whole rows behind the first that is not.
fn whole_rows_behind(store: &VectorStore, end: u64) -> io::Result<Vec<Vec<u8>>> {
    let mut file = File::open(generation_path(store.folder(), store.rows().generation()))?;
    file.seek(SeekFrom::Start(end))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let rows = bytes.chunks_exact(row_bytes(store.dimensions()));
    Ok(rows.filter(|row| is_whole(row)).map(<[u8]>::to_vec).collect())
}
