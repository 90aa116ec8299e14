/// Whether an error of a watch means that the system has no watches, no instances or no descriptors left.
pub fn watches_exhausted(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => true,
        // EMFILE and ENFILE: instances and descriptors; ENOSPC: watches.
        notify::ErrorKind::Io(io) => {
            io.kind() == std::io::ErrorKind::StorageFull || matches!(io.raw_os_error(), Some(23 | 24))
        }
        _ => false,
    }
}

/// Why a watch failed in words, without the path.
pub fn watch_failure(error: &notify::Error) -> String {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "the system has no file watches left; raise fs.inotify.max_user_watches".to_owned()
        }
        notify::ErrorKind::Io(_) if watches_exhausted(error) => {
            "the system has no watch instances left; raise fs.inotify.max_user_instances".to_owned()
        }
        notify::ErrorKind::Io(io) => io.to_string(),
        notify::ErrorKind::Generic(text) => text.clone(),
        notify::ErrorKind::PathNotFound => "the folder is missing".to_owned(),
        other => format!("{other:?}"),
    }
}
