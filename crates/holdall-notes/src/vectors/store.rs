//! Reading: snapshots of the file, shared by every search.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use hashbrown::HashTable;
use memmap2::{Mmap, MmapOptions};

use super::format::{HEADER_BYTES, Header, QueryVector, check_dimensions, is_whole, row_bytes, row_key};
use super::{VectorError, VectorKey};

/// The vectors of a knowledge base, as one process sees them.
pub struct VectorStore {
    folder: PathBuf,
    header: Header,
    dimensions: usize,
    current: RwLock<Arc<VectorRows>>,
    refreshing: Mutex<()>,
}

/// A snapshot of the vectors. Cheap to hold; rows keep their numbers as long as [`generation`](Self::generation)
/// stays the same.
pub struct VectorRows {
    generation: u64,
    map: Option<Mmap>,
    rows: u32,
    dimensions: usize,
    numbers: Arc<RwLock<HashTable<u32>>>,
}

impl VectorStore {
    /// Opens the vectors in `folder` made by the embedder named. Vectors of another embedder are not seen.
    pub fn open(folder: &Path, embedder: &str, dimensions: usize) -> Result<Self, VectorError> {
        let store = Self {
            folder: folder.to_owned(),
            header: Header::new(embedder, dimensions),
            dimensions,
            current: RwLock::new(Arc::new(VectorRows::empty(0, dimensions))),
            refreshing: Mutex::new(()),
        };
        store.refresh()?;
        Ok(store)
    }

    /// The rows as of the last [`refresh`](Self::refresh).
    pub fn rows(&self) -> Arc<VectorRows> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks for rows appended, or a new generation, by whatever process; says whether there were any. Costs a
    /// listing of the folder when there are none.
    pub fn refresh(&self) -> Result<bool, VectorError> {
        let _one_at_a_time = self.refreshing.lock().unwrap_or_else(PoisonError::into_inner);
        // A generation can be replaced between listing and opening; then there is a newer one to be listed.
        const TRIES: usize = 8;
        for _ in 0..TRIES {
            let newest = newest_generation(&self.folder).map_err(VectorError::io("listed"))?;
            let Some(generation) = newest else {
                return Ok(self.publish(VectorRows::empty(0, self.dimensions)));
            };
            match File::open(generation_path(&self.folder, generation)) {
                Ok(file) => return self.read(generation, file).map_err(VectorError::io("read")),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(VectorError::io("opened")(error)),
            }
        }
        Ok(false)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    pub(super) fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn read(&self, generation: u64, mut file: File) -> io::Result<bool> {
        let mut header = [0; HEADER_BYTES];
        let whole = file.read_exact(&mut header).is_ok();
        if !whole || &header != self.header.bytes() {
            return Ok(self.publish(VectorRows::empty(generation, self.dimensions)));
        }
        let before = self.rows();
        let grows = before.generation == generation && before.map.is_some();
        let (known, numbers) = if grows {
            (before.rows, Arc::clone(&before.numbers))
        } else {
            Default::default()
        };
        let rows = whole_rows(&mut file, known, self.dimensions)?;
        if grows && rows == known {
            return Ok(false);
        }
        let bytes = HEADER_BYTES + rows as usize * row_bytes(self.dimensions);
        // SAFETY: by the contract of the file, the header and the rows just found whole are never changed or cut
        // off within a generation; nothing beyond them is mapped.
        let map = unsafe { MmapOptions::new().len(bytes).map(&file)? };
        let rows = VectorRows {
            generation,
            map: Some(map),
            rows,
            dimensions: self.dimensions,
            numbers,
        };
        rows.number(known);
        Ok(self.publish(rows))
    }

    /// Makes `rows` the current ones; says whether that is news.
    fn publish(&self, rows: VectorRows) -> bool {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let news = (current.generation, current.rows) != (rows.generation, rows.rows);
        *current = Arc::new(rows);
        news
    }
}

impl VectorRows {
    fn empty(generation: u64, dimensions: usize) -> Self {
        Self {
            generation,
            map: None,
            rows: 0,
            dimensions,
            numbers: Arc::default(),
        }
    }

    /// Row numbers of different generations have nothing to do with each other.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// How many rows there are; they are numbered from 0.
    pub fn len(&self) -> u32 {
        self.rows
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The number of the row of `key`.
    pub fn row_of(&self, key: VectorKey) -> Option<u32> {
        let numbers = self.numbers.read().unwrap_or_else(PoisonError::into_inner);
        // Later snapshots share the table: it may know rows this one does not have.
        numbers
            .find(hash_of(key), |&row| row < self.rows && self.key(row) == key)
            .copied()
    }

    /// The key of a row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn key(&self, row: u32) -> VectorKey {
        row_key(self.row(row))
    }

    /// The cosine of `query` and a row.
    ///
    /// # Panics
    /// If there is no such row, or if `query` has other dimensions.
    pub fn dot(&self, row: u32, query: &QueryVector) -> f32 {
        query.dot(self.row(row))
    }

    /// A row's vector, to search with.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn vector(&self, row: u32) -> QueryVector {
        QueryVector::of_row(self.row(row), self.dimensions)
    }

    /// The `limit` rows nearest to `query` among `candidates`, best first; each row with what the caller needs to
    /// know it by. Fastest when rows ascend.
    ///
    /// # Errors
    /// If `query` has other dimensions than the rows.
    pub fn nearest<T: Ord + Copy>(
        &self,
        query: &QueryVector,
        candidates: impl IntoIterator<Item = (u32, T)>,
        limit: usize,
    ) -> Result<Vec<(T, f32)>, VectorError> {
        self.check(query)?;
        let mut best = BinaryHeap::with_capacity(limit.min(1_000) + 1);
        let mut worst = f32::NEG_INFINITY;
        // Not a `for` loop: nested iterators run much faster from inside.
        candidates.into_iter().for_each(|(row, name)| {
            let score = query.dot(self.row(row));
            if score <= worst && best.len() >= limit {
                return;
            }
            best.push(Scored { score, name });
            if best.len() > limit {
                best.pop();
                worst = best.peek().map_or(f32::INFINITY, |scored| scored.score);
            }
        });
        Ok(best
            .into_sorted_vec()
            .into_iter()
            .map(|scored| (scored.name, scored.score))
            .collect())
    }

    /// Whether `query` can be compared with the rows.
    pub(crate) fn check(&self, query: &QueryVector) -> Result<(), VectorError> {
        check_dimensions(self.dimensions, query.dimensions())
    }

    pub(super) fn row(&self, row: u32) -> &[u8] {
        let size = row_bytes(self.dimensions);
        let rows = self
            .map
            .as_deref()
            .and_then(|map| map.get(HEADER_BYTES..))
            .unwrap_or_default();
        &rows[row as usize * size..][..size]
    }

    /// Enters the rows from `first` on into the table. A key that is there twice keeps its first row.
    fn number(&self, first: u32) {
        let mut numbers = self.numbers.write().unwrap_or_else(PoisonError::into_inner);
        numbers.reserve((self.rows - first) as usize, |&row| hash_of(self.key(row)));
        for row in first..self.rows {
            let key = self.key(row);
            if numbers
                .find(hash_of(key), |&other| self.key(other) == key)
                .is_none()
            {
                numbers.insert_unique(hash_of(key), row, |&row| hash_of(self.key(row)));
            }
        }
    }
}

/// The worst of them is the greatest, so that a heap gives it away first; at the same score, the later name.
#[derive(PartialEq)]
struct Scored<T> {
    score: f32,
    name: T,
}

impl<T: Ord> Eq for Scored<T> {}

impl<T: Ord> PartialOrd for Scored<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> Ord for Scored<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then_with(|| self.name.cmp(&other.name))
    }
}

/// The keys are hashes already.
fn hash_of(key: VectorKey) -> u64 {
    key.0 as u64
}

/// How many rows of the file are whole, the first `known` being known to be.
///
/// Reads instead of mapping: a writer may cut off a damaged end at this moment, and touching mapped bytes that
/// are gone kills the process.
pub(super) fn whole_rows(file: &mut File, known: u32, dimensions: usize) -> io::Result<u32> {
    let size = row_bytes(dimensions);
    file.seek(SeekFrom::Start((HEADER_BYTES + known as usize * size) as u64))?;
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut row = vec![0; size];
    let mut rows = known;
    loop {
        match reader.read_exact(&mut row) {
            Ok(()) if is_whole(&row) && rows < u32::MAX => rows += 1,
            Ok(()) => return Ok(rows),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(rows),
            Err(error) => return Err(error),
        }
    }
}

pub(super) fn generation_path(folder: &Path, generation: u64) -> PathBuf {
    folder.join(format!("vectors-{generation:08}.bin"))
}

/// The generations in `folder`, in no order.
pub(super) fn generations(folder: &Path) -> io::Result<Vec<u64>> {
    let mut generations = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix("vectors-")?.strip_suffix(".bin"));
        generations.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    Ok(generations)
}

fn newest_generation(folder: &Path) -> io::Result<Option<u64>> {
    Ok(generations(folder)?.into_iter().max())
}
