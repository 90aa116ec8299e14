//! [`UnixSocket`]: how a Unix socket gets its path, and gives it back.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream as Probe;
use std::path::{Path, PathBuf};

use tokio::net::unix::SocketAddr;
use tokio::net::{UnixListener, UnixStream};

/// A Unix socket that listens.
pub(super) struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
    /// The file, if it is ours to remove: device and number.
    file: Option<(u64, u64)>,
}

impl UnixSocket {
    /// Listens at `path`. A socket that is there is replaced only if nobody listens to it any more.
    pub(super) fn bind(path: &Path, mode: u32) -> io::Result<Self> {
        match fs::symlink_metadata(path) {
            Ok(there) if !there.file_type().is_socket() => {
                return Err(io::Error::new(
                    io::ErrorKind::AlreadyExists,
                    "there is a file that is no socket",
                ));
            }
            Ok(_) => match Probe::connect(path) {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                _ => {
                    return Err(io::Error::new(
                        io::ErrorKind::AddrInUse,
                        "another server listens there",
                    ));
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        // Opened under another name and moved, so that at no moment more may connect than `mode` says.
        let mut fresh = path.as_os_str().to_owned();
        fresh.push(".new");
        let fresh = PathBuf::from(fresh);
        if fs::symlink_metadata(&fresh).is_ok_and(|left| left.file_type().is_socket()) {
            fs::remove_file(&fresh)?;
        }
        let listener = UnixListener::bind(&fresh)?;
        let placed = fs::set_permissions(&fresh, fs::Permissions::from_mode(mode))
            .and_then(|()| fs::rename(&fresh, path))
            .and_then(|()| fs::symlink_metadata(path));
        match placed {
            Ok(file) => Ok(Self {
                listener,
                path: path.to_owned(),
                file: Some((file.dev(), file.ino())),
            }),
            Err(error) => {
                let _ = fs::remove_file(&fresh);
                Err(error)
            }
        }
    }

    /// One that somebody else opened, and will remove.
    pub(super) fn inherited(listener: std::os::unix::net::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let path = address.as_pathname().unwrap_or(Path::new("(no path)"));
        Ok(Self {
            path: path.to_owned(),
            listener: UnixListener::from_std(listener)?,
            file: None,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        self.listener.accept().await
    }
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        let now = fs::symlink_metadata(&self.path).map(|file| (file.dev(), file.ino()));
        // Another server may have taken the path since.
        if self.file.is_some_and(|ours| now.is_ok_and(|now| now == ours)) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_dead_server_left_is_replaced_and_what_lives_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("holdall.sock");
        // A listener that is gone without removing its file.
        drop(std::os::unix::net::UnixListener::bind(&path).expect("it is free"));
        assert!(path.exists());
        let socket = UnixSocket::bind(&path, 0o600).expect("nobody listens");
        let mode = fs::metadata(&path).expect("it is there").mode();
        assert_eq!(mode & 0o777, 0o600);
        let taken = UnixSocket::bind(&path, 0o600).err().expect("somebody listens");
        assert_eq!(taken.kind(), io::ErrorKind::AddrInUse);
        drop(socket);
        assert!(!path.exists(), "it is removed with its server");
        fs::write(&path, "precious").expect("it is written");
        let refused = UnixSocket::bind(&path, 0o600).err().expect("it is a file");
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "precious");
    }

    #[tokio::test]
    async fn a_path_that_another_has_taken_stays_theirs() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("holdall.sock");
        let socket = UnixSocket::bind(&path, 0o600).expect("it is free");
        fs::remove_file(&path).expect("it is there");
        let other = UnixSocket::bind(&path, 0o600).expect("it is free");
        drop(socket);
        assert!(path.exists());
        drop(other);
    }
}
