//! What a file looks like: text, picture, sound or page; as the reply of a tool and as a resource.

use holdall::IntoToolResult;
use holdall::prelude::*;
use holdall::protocol::{CallToolResult, JsonObject};
use holdall_files::{Contents, EntryKind, FileError, ListRequest, Roots};
use serde::Serialize;

use super::replies::{self, FOLDER_TYPE};
use super::uri_of;
use crate::excerpt::{cut_line, fitting, from_byte_of};

/// Largest picture, sound or PDF a tool returns: 5 MiB, which is what models take.
const MEDIA_BYTES_MAX: u64 = 5 * 1024 * 1024;
/// Names in the resource of a folder.
const FOLDER_NAMES_MAX: usize = 1_000;

/// A file, as programs read it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct FileReply {
    path: String,
    /// URI of the resource.
    uri: String,
    mime_type: String,
    /// Size of the whole file.
    bytes: u64,
    /// When it last changed.
    modified: String,
    /// Hash of the whole file: the `expected_hash` of a write.
    hash: String,
    /// First line given, counted from 1; of text only.
    #[serde(skip_serializing_if = "Option::is_none")]
    from_line: Option<usize>,
    /// Last line given.
    #[serde(skip_serializing_if = "Option::is_none")]
    to_line: Option<usize>,
    /// Lines the file has.
    #[serde(skip_serializing_if = "Option::is_none")]
    lines_total: Option<usize>,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// Where the file goes on, or why there is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// A file with what models read.
pub(super) struct ReadResult {
    reply: FileReply,
    contents: Vec<Content>,
}

impl IntoToolResult for ReadResult {
    fn into_tool_result(self) -> CallResult<CallToolResult> {
        let mut result = Json(self.reply).into_tool_result()?;
        result.content = self.contents.into_tool_result()?.content;
        Ok(result)
    }

    fn output_schema() -> Option<JsonObject> {
        <Json<FileReply> as IntoToolResult>::output_schema()
    }
}

impl FileReply {
    pub(super) fn result(
        contents: Contents,
        from_line: i64,
        from_byte: usize,
        lines: usize,
    ) -> CallResult<ReadResult> {
        let mut reply = Self {
            uri: uri_of(&contents.path),
            path: contents.path,
            mime_type: contents.media_type,
            bytes: contents.bytes,
            modified: contents.modified.to_string(),
            hash: contents.hash.to_string(),
            from_line: None,
            to_line: None,
            lines_total: None,
            text: None,
            note: None,
        };
        let contents = match contents.body {
            Ok(text) => {
                reply.take_lines(&text, from_line, from_byte, lines)?;
                vec![Content::new(reply.text())]
            }
            Err(bytes) => {
                let media = reply.media(bytes)?;
                vec![Content::new(reply.text()), media]
            }
        };
        Ok(ReadResult { reply, contents })
    }

    fn take_lines(&mut self, whole: &str, from: i64, from_byte: usize, count: usize) -> CallResult<()> {
        let starts: Vec<usize> = std::iter::once(0)
            .chain(whole.match_indices('\n').map(|(at, _)| at + 1))
            .filter(|start| *start < whole.len())
            .collect();
        let total = starts.len();
        let distance = usize::try_from(from.unsigned_abs()).unwrap_or(usize::MAX);
        let first = match from {
            0.. => distance.max(1),
            _ => total.saturating_sub(distance) + 1,
        };
        let start_of = |line: usize| starts.get(line - 1).copied().unwrap_or(whole.len());
        let asked = &whole[start_of(first)..start_of(first.saturating_add(count))];
        let (text, given) = match asked.is_empty() {
            true => ("", 0),
            false => fitting(from_byte_of(asked, first, from_byte)?),
        };
        let last = (first + given as usize).saturating_sub(1);
        self.note = if total == 0 {
            Some("the file is empty".to_owned())
        } else if first > total {
            Some(format!("the file ends at line {total}"))
        } else if let Some(said) = cut_line(asked, first, from_byte, text) {
            Some(said)
        } else if last < total {
            Some(format!("read on with from_line={}", last + 1))
        } else {
            None
        };
        self.from_line = Some(first);
        self.to_line = Some(last);
        self.lines_total = Some(total);
        self.text = Some(text.to_owned());
        Ok(())
    }

    /// The bytes as the content that fits them.
    fn media(&self, bytes: Vec<u8>) -> CallResult<Content> {
        let mime_type = self.mime_type.as_str();
        let is_shown = mime_type.starts_with("image/")
            || mime_type.starts_with("audio/")
            || mime_type == "application/pdf";
        if !is_shown {
            let why = not_text(&bytes);
            let size = replies::bytes_of(self.bytes);
            let message = format!("`{}` is no text: {why} ({mime_type}, {size})", self.path);
            return Err(CallError::invalid_arguments(message)
                .hint("text is read as UTF-8, beside it images, audio and PDF; file_info tells more"));
        }
        if self.bytes > MEDIA_BYTES_MAX {
            let message = format!(
                "`{}` has {} bytes ({mime_type}), the limit is {MEDIA_BYTES_MAX}",
                self.path, self.bytes
            );
            return Err(CallError::new(holdall::ErrorKind::TooLarge, message)
                .hint("make a smaller version of it and read that"));
        }
        Ok(match mime_type.split('/').next() {
            Some("image") => Content::new(Image::new(bytes, mime_type)),
            Some("audio") => Content::new(Audio::new(bytes, mime_type)),
            _ => Content::new(Embedded::blob(&self.uri, bytes).mime_type(mime_type)),
        })
    }

    fn text(&self) -> String {
        let Self { path, hash, .. } = self;
        let (Some(from), Some(to), Some(total), Some(text)) =
            (self.from_line, self.to_line, self.lines_total, &self.text)
        else {
            let size = replies::bytes_of(self.bytes);
            return format!("{path}, {}, {size}, hash {hash}", self.mime_type);
        };
        let lines = match to < from {
            true => format!("no lines of {total}"),
            false => format!("lines {from}–{to} of {total}"),
        };
        let note = self.note.iter().map(|note| format!("\n({note})"));
        let note: String = note.collect();
        format!("{path}, {lines}, hash {hash}\n\n{text}{note}")
    }
}

/// What keeps bytes from being a text.
fn not_text(bytes: &[u8]) -> String {
    let wrong = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    match bytes[..wrong].iter().position(|byte| *byte == 0) {
        Some(nul) => format!("byte {nul} is NUL"),
        None => format!("byte {wrong} is not UTF-8"),
    }
}

/// A file or folder as a resource: under its own name and no other, so that who subscribes hears of it.
pub(super) fn resource(roots: &Roots, path: &str) -> Result<Embedded, FileError> {
    let entry = roots.entry(path)?;
    if entry.path != path {
        return Err(FileError::NotFound {
            path: path.to_owned(),
        });
    }
    let uri = uri_of(path);
    if matches!(entry.kind, EntryKind::Folder | EntryKind::Root) {
        let request = ListRequest {
            path: Some(path),
            depth: 1,
            limit: FOLDER_NAMES_MAX,
            after: None,
        };
        let listing = roots.list(&request)?;
        return Ok(Embedded::text(uri, replies::names(&listing)).mime_type(FOLDER_TYPE));
    }
    let contents = roots.read(path)?;
    let embedded = match contents.body {
        Ok(text) => Embedded::text(uri, text),
        Err(bytes) => Embedded::blob(uri, bytes),
    };
    Ok(embedded.mime_type(contents.media_type))
}
