//! The bytes of the file.
//!
//! A header of [`HEADER_BYTES`], then rows of one size: key 16, checksum 4, scale 4, components padded to 8.
//! All numbers are little-endian.

use simsimd::SpatialSimilarity;

use super::{VectorError, VectorKey};

pub(super) const HEADER_BYTES: usize = 512;
const MAGIC: &[u8; 8] = b"HOLDVEC1";
const EMBEDDER_BYTES_MAX: usize = HEADER_BYTES - 20;
const KEY: std::ops::Range<usize> = 0..16;
const CHECKSUM: std::ops::Range<usize> = 16..20;
const SCALE: std::ops::Range<usize> = 20..24;
const COMPONENTS: usize = 24;

/// What a file must say of itself to be used: the embedder and the size of its vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    bytes: [u8; HEADER_BYTES],
}

impl Header {
    pub(super) fn new(embedder: &str, dimensions: usize) -> Self {
        // A name that does not fit is told apart by its hash.
        let hashed;
        let name = if embedder.len() <= EMBEDDER_BYTES_MAX {
            embedder.as_bytes()
        } else {
            hashed = *blake3::hash(embedder.as_bytes()).as_bytes();
            &hashed
        };
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&(dimensions as u32).to_le_bytes());
        bytes[12..16].copy_from_slice(&(name.len() as u32).to_le_bytes());
        bytes[16..16 + name.len()].copy_from_slice(name);
        let checksum = crc32fast::hash(&bytes[..HEADER_BYTES - 4]).to_le_bytes();
        bytes[HEADER_BYTES - 4..].copy_from_slice(&checksum);
        Self { bytes }
    }

    pub(super) fn bytes(&self) -> &[u8; HEADER_BYTES] {
        &self.bytes
    }
}

/// The size of a row of vectors with `dimensions` components.
pub(super) fn row_bytes(dimensions: usize) -> usize {
    (COMPONENTS + dimensions).next_multiple_of(8)
}

/// Appends the row of `vector` to `bytes`.
pub(super) fn write_row(bytes: &mut Vec<u8>, key: VectorKey, vector: &[f32]) {
    let start = bytes.len();
    let (scale, components) = quantise(vector);
    bytes.extend_from_slice(&key.0.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&scale.to_le_bytes());
    bytes.extend(components.iter().map(|component| component.cast_unsigned()));
    bytes.resize(start + row_bytes(vector.len()), 0);
    let checksum = row_checksum(&bytes[start..]).to_le_bytes();
    bytes[start + CHECKSUM.start..start + CHECKSUM.end].copy_from_slice(&checksum);
}

/// Whether a row is whole.
pub(super) fn is_whole(row: &[u8]) -> bool {
    row[CHECKSUM] == row_checksum(row).to_le_bytes()
}

pub(super) fn row_key(row: &[u8]) -> VectorKey {
    VectorKey(u128::from_le_bytes(
        row[KEY].try_into().expect("a key has 16 bytes"),
    ))
}

/// A vector to compare rows with.
#[derive(Clone, Debug)]
pub struct QueryVector {
    scale: f32,
    components: Vec<i8>,
}

impl QueryVector {
    /// Rounds `vector`, which has length 1, the way rows are.
    pub fn new(vector: &[f32]) -> Self {
        let (scale, components) = quantise(vector);
        Self { scale, components }
    }

    pub(super) fn dimensions(&self) -> usize {
        self.components.len()
    }

    /// The dot product with a row of as many dimensions.
    pub(super) fn dot(&self, row: &[u8]) -> f32 {
        let components = &row[COMPONENTS..COMPONENTS + self.components.len()];
        // SAFETY: `u8` and `i8` have the same size and alignment, and every bit pattern is valid for both.
        let components =
            unsafe { std::slice::from_raw_parts(components.as_ptr().cast::<i8>(), components.len()) };
        let scale = f32::from_le_bytes(row[SCALE].try_into().expect("a scale has 4 bytes"));
        let dot = i8::dot(&self.components, components).expect("both sides have the same length");
        dot as f32 * scale * self.scale
    }

    /// The query as a row's vector, for finding what is like a passage that is there already.
    pub(super) fn of_row(row: &[u8], dimensions: usize) -> Self {
        Self {
            scale: f32::from_le_bytes(row[SCALE].try_into().expect("a scale has 4 bytes")),
            components: row[COMPONENTS..COMPONENTS + dimensions]
                .iter()
                .map(|byte| byte.cast_signed())
                .collect(),
        }
    }
}

pub(super) fn check_dimensions(expected: usize, found: usize) -> Result<(), VectorError> {
    if expected == found {
        Ok(())
    } else {
        Err(VectorError::Dimensions { expected, found })
    }
}

/// One scale per vector uses all 255 steps for every one of them; a scale for all must leave room for the largest
/// component of any.
fn quantise(vector: &[f32]) -> (f32, Vec<i8>) {
    let largest = vector
        .iter()
        .filter(|component| component.is_finite())
        .fold(0.0f32, |max, c| max.max(c.abs()));
    if largest < f32::MIN_POSITIVE {
        return (0.0, vec![0; vector.len()]);
    }
    // `as` saturates and makes 0 of NaN.
    (
        largest / 127.0,
        vector
            .iter()
            .map(|component| (component / largest * 127.0).round() as i8)
            .collect(),
    )
}

fn row_checksum(row: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&row[KEY]);
    hasher.update(&row[SCALE.start..]);
    // A row of zeros, as a crash leaves behind, must not look whole.
    !hasher.finalize()
}
