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

/// The text of a file; `None` where it is none: not UTF-8, or with a NUL.
pub(super) fn as_text(bytes: Vec<u8>) -> Result<String, Vec<u8>> {
    // A NUL in the first bytes spares reading all of it.
    if bytes.contains(&0) {
        return Err(bytes);
    }
    String::from_utf8(bytes).map_err(std::string::FromUtf8Error::into_bytes)
}
