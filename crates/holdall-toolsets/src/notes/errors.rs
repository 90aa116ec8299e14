//! Errors of the knowledge base as errors of a call: the same words, kinds that every tool shares.

use holdall::{CallError, ErrorKind};
use holdall_notes::NotesError;

pub(super) fn call_error(error: NotesError) -> CallError {
    let kind = match error.kind() {
        "not_found" | "heading_not_found" | "nothing_to_undo" => ErrorKind::NotFound,
        "invalid_path" | "invalid_argument" | "unknown_time" | "count_mismatch" | "not_text" => {
            ErrorKind::InvalidArguments
        }
        "already_exists" => ErrorKind::AlreadyExists,
        "conflict" => ErrorKind::Conflict,
        "ambiguous" => ErrorKind::Ambiguous,
        "too_large" => ErrorKind::TooLarge,
        "refused" | "read_only" => ErrorKind::PermissionDenied,
        "index_not_ready" | "disk_full" => ErrorKind::Unavailable,
        _ => ErrorKind::Failed,
    };
    let mut call_error = CallError::new(kind, error.to_string());
    if let Some(hint) = error.hint() {
        call_error = call_error.hint(hint);
    }
    call_error
}
