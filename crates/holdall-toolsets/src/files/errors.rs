//! Errors of files as errors of a call: the same words, kinds that every tool shares.

use holdall::{CallError, ErrorKind};
use holdall_files::FileError;

/// An error of what may replace a file.
pub(super) fn write_error(error: FileError) -> CallError {
    let is_there = matches!(error, FileError::AlreadyExists { .. });
    let error = call_error(error);
    match is_there {
        true => error.hint("choose another name, or say with `if_exists` what becomes of the file"),
        false => error,
    }
}

pub(super) fn call_error(error: FileError) -> CallError {
    let kind = match error.kind() {
        "not_found" => ErrorKind::NotFound,
        "invalid_path" | "invalid_argument" | "count_mismatch" | "not_text" => ErrorKind::InvalidArguments,
        "already_exists" => ErrorKind::AlreadyExists,
        "conflict" => ErrorKind::Conflict,
        "ambiguous" => ErrorKind::Ambiguous,
        "too_large" => ErrorKind::TooLarge,
        "refused" | "not_writable" | "read_only" => ErrorKind::PermissionDenied,
        "root" | "disk_full" => ErrorKind::Unavailable,
        _ => ErrorKind::Failed,
    };
    let mut call_error = CallError::new(kind, error.to_string());
    if let Some(hint) = error.hint() {
        call_error = call_error.hint(hint);
    }
    call_error
}
