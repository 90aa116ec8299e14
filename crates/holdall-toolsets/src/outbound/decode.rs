//! What a body says once it is unpacked, up to a bound that counts unpacked bytes.

use std::io::{self, Read};

use brotli_decompressor::Decompressor;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue};
use ruzstd::decoding::StreamingDecoder;

use super::error::OutboundError;

/// What servers may pack a body in.
pub(super) const ACCEPTED: HeaderValue = HeaderValue::from_static("gzip, deflate, br, zstd");
/// The window a Zstandard body on the web may ask for (RFC 9659).
const ZSTD_WINDOW_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Bytes Brotli reads at once.
const BROTLI_BUFFER_BYTES: usize = 4096;

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Plain,
    Gzip,
    Deflate,
    Brotli,
    Zstandard,
}

impl Coding {
    /// What the headers say. A body packed twice is not unpacked: nobody needs that but those who send bombs.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, OutboundError> {
        let mut found = Self::Plain;
        for value in headers.get_all(CONTENT_ENCODING) {
            let unknown = || OutboundError::Coding {
                coding: String::from_utf8_lossy(value.as_bytes())
                    .chars()
                    .take(40)
                    .collect(),
            };
            for word in value.to_str().map_err(|_| unknown())?.split(',') {
                let coding = match word.trim().to_ascii_lowercase().as_str() {
                    "" | "identity" => continue,
                    "gzip" | "x-gzip" => Self::Gzip,
                    "deflate" => Self::Deflate,
                    "br" => Self::Brotli,
                    "zstd" => Self::Zstandard,
                    _ => return Err(unknown()),
                };
                if found != Self::Plain {
                    return Err(unknown());
                }
                found = coding;
            }
        }
        Ok(found)
    }
}

/// Unpacks a body. `None` if it has more than `bytes_max` bytes.
pub(super) fn unpack(coding: Coding, packed: &[u8], bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
    if packed.is_empty() {
        return Ok(Some(Vec::new()));
    }
    match coding {
        Coding::Plain => read(packed, bytes_max),
        Coding::Gzip => read(MultiGzDecoder::new(packed), bytes_max),
        Coding::Deflate => read(ZlibDecoder::new(packed), bytes_max),
        Coding::Brotli => read(Decompressor::new(packed, BROTLI_BUFFER_BYTES), bytes_max),
        Coding::Zstandard => {
            let decoder = StreamingDecoder::new_with_max_window_size(packed, ZSTD_WINDOW_BYTES_MAX);
            read(decoder.map_err(io::Error::other)?, bytes_max)
        }
    }
}

fn read(unpacking: impl Read, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    // One byte more tells what is too large from what is just large enough.
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    unpacking.take(limit).read_to_end(&mut body)?;
    Ok((body.len() <= bytes_max).then_some(body))
}
