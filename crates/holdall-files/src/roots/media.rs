//! What kind of file it is: the MIME type, by name and by content.

/// What a file of this name is, as far as the name says.
pub fn media_type_of(name: &str) -> String {
    match name
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase())
    {
        // A video stream to the registry, but hardly ever in a folder with text.
        Some(extension) if matches!(extension.as_str(), "ts" | "mts" | "cts") => {
            "text/x-typescript".to_owned()
        }
        _ => mime_guess::from_path(name)
            .first_raw()
            .unwrap_or("application/octet-stream")
            .to_owned(),
    }
}

/// What bytes are that are no text: by their beginning, and if that says nothing by the name.
pub(super) fn media_type_of_bytes(bytes: &[u8], name: &str) -> String {
    match infer::get(bytes) {
        Some(kind) => kind.mime_type().to_owned(),
        None => {
            let named = media_type_of(name);
            // The name says text or picture, and the bytes are neither.
            match is_text_type(&named) || named.starts_with("image/") || named.starts_with("audio/") {
                true => "application/octet-stream".to_owned(),
                false => named,
            }
        }
    }
}

/// What a text is: by its name, unless that speaks of something else.
pub(super) fn media_type_of_text(name: &str) -> String {
    let named = media_type_of(name);
    match is_text_type(&named) {
        true => named,
        false => "text/plain".to_owned(),
    }
}

/// Whether something of this MIME type is read as text.
pub fn is_text_type(media_type: &str) -> bool {
    let ends = [
        "+json",
        "+xml",
        "/json",
        "/xml",
        "/javascript",
        "/toml",
        "/yaml",
        "/x-yaml",
        "/sql",
        "/x-sh",
    ];
    media_type.starts_with("text/") || ends.iter().any(|end| media_type.ends_with(end))
}

/// The text of a file; its bytes where it is none: not UTF-8, with a NUL, or a PDF, which may be written in ASCII alone.
pub(super) fn as_text(bytes: Vec<u8>) -> Result<String, Vec<u8>> {
    // A NUL in the first bytes spares reading all of it.
    if bytes.contains(&0) || is_pdf(&bytes) {
        return Err(bytes);
    }
    String::from_utf8(bytes).map_err(std::string::FromUtf8Error::into_bytes)
}

/// `%PDF-` and a version.
fn is_pdf(bytes: &[u8]) -> bool {
    bytes
        .strip_prefix(b"%PDF-")
        .is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pdf_is_none_by_its_name_but_by_its_beginning() {
        let pdf = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n".to_vec();
        assert_eq!(media_type_of_bytes(&pdf, "paper.txt"), "application/pdf");
        assert!(as_text(pdf).is_err());
        assert!(as_text(b"%PDF- is how they begin".to_vec()).is_ok());
        assert!(as_text(b"see %PDF-1.4".to_vec()).is_ok());
    }
}
