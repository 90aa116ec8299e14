//! Paths in URIs.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stands unescaped in the path of a URI (RFC 3986), `/` included.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// The URI of a path.
pub(crate) fn encoded(scheme: &str, path: &str) -> String {
    format!("{scheme}{}", utf8_percent_encode(path, PATH))
}

/// The path of a URI; `None` if the text does not begin with the scheme.
pub(crate) fn decoded(scheme: &str, text: &str) -> Option<String> {
    let encoded = text.strip_prefix(scheme)?;
    Some(percent_decode_str(encoded).decode_utf8_lossy().into_owned())
}
