//! Servers of PostgreSQL and MariaDB that belong to the tests: in a folder of their own, behind a Unix socket.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tempfile::TempDir;

/// `nobody`, as whom the servers run where the tests are root: PostgreSQL refuses to run as root.
const NOBODY: u32 = 65_534;

/// A server, shared by the tests that run at once; it ends with the last of them.
pub(crate) struct Server {
    process: Child,
    folder: TempDir,
    /// Where it listens on 127.0.0.1, encrypted if it is asked to.
    pub(crate) port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

static POSTGRES: Mutex<Weak<Server>> = Mutex::new(Weak::new());
static MARIADB: Mutex<Weak<Server>> = Mutex::new(Weak::new());

/// `None`, and a word about it, where PostgreSQL is not installed; CI has it.
pub(crate) fn postgres() -> Option<Arc<Server>> {
    shared(&POSTGRES, "PostgreSQL", start_postgres)
}

/// The same of MariaDB.
pub(crate) fn mariadb() -> Option<Arc<Server>> {
    shared(&MARIADB, "MariaDB", start_mariadb)
}

fn shared(
    running: &Mutex<Weak<Server>>,
    name: &str,
    start: impl FnOnce() -> Option<Server>,
) -> Option<Arc<Server>> {
    let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(server) = running.upgrade() {
        return Some(server);
    }
    let Some(server) = start() else {
        assert!(std::env::var_os("CI").is_none(), "{name} is needed in CI");
        eprintln!("skipped: needs {name}");
        return None;
    };
    let server = Arc::new(server);
    *running = Arc::downgrade(&server);
    Some(server)
}

fn start_postgres() -> Option<Server> {
    let initdb = program("initdb")?;
    let folder = folder();
    let data = folder.path().join("data");
    let made = unprivileged(&initdb, &folder)
        .args([
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--username=admin",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
            "-D",
        ])
        .arg(&data)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (certificate, key, port) = (certificate(&folder), folder.path().join("key.pem"), free_port());
    let mut process = unprivileged(&initdb.with_file_name("postgres"), &folder)
        .arg(format!("-cport={port}"))
        .arg(format!("-cssl_cert_file={}", certificate.display()))
        .arg(format!("-cssl_key_file={}", key.display()))
        .arg("-D")
        .arg(&data)
        .arg("-k")
        .arg(folder.path())
        .args([
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "fsync=off",
            "-c",
            "max_prepared_transactions=5",
            "-c",
            "ssl=on",
        ])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(&mut process, "ready to accept connections");
    Some(Server {
        process,
        folder,
        port,
    })
}

fn start_mariadb() -> Option<Server> {
    let (install, server) = (program("mariadb-install-db")?, program("mariadbd")?);
    let folder = folder();
    let data = folder.path().join("data");
    let made = unprivileged(&install, &folder)
        .args([
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ])
        .arg(format!("--datadir={}", data.display()))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (certificate, port) = (certificate(&folder), free_port());
    let mut process = unprivileged(&server, &folder)
        .args([
            "--no-defaults",
            "--bind-address=127.0.0.1",
            "--innodb-flush-log-at-trx-commit=0",
        ])
        .args([
            "--local-infile=1",
            "--secure-file-priv=",
            "--default-storage-engine=InnoDB",
        ])
        .arg(format!("--datadir={}", data.display()))
        .arg(format!("--socket={}", folder.path().join("my.sock").display()))
        .arg(format!("--port={port}"))
        .arg(format!("--ssl-cert={}", certificate.display()))
        .arg(format!("--ssl-key={}", folder.path().join("key.pem").display()))
        .arg(format!("--pid-file={}", folder.path().join("my.pid").display()))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(&mut process, "ready for connections");
    Some(Server {
        process,
        folder,
        port,
    })
}

impl Server {
    /// A folder the server may write to.
    pub(crate) fn outbox(&self) -> PathBuf {
        let outbox = self.folder.path().join("outbox");
        if fs::create_dir(&outbox).is_ok() && is_root(self.folder.path()) {
            chown(&outbox, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        outbox
    }

    /// What its certificate is signed by: itself.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// The URL of a database of PostgreSQL.
    pub(crate) fn postgres_url(&self, user: &str, database: &str) -> String {
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgresql://{user}@{folder}:{}/{database}", self.port)
    }

    /// The URL of a database of MariaDB.
    pub(crate) fn mariadb_url(&self, user: &str, database: &str) -> String {
        let socket = self.folder.path().join("my.sock").display().to_string();
        format!(
            "mariadb://{user}@localhost/{database}?socket={}",
            socket.replace('/', "%2F")
        )
    }

    /// Runs a script as the administrator of PostgreSQL, and returns what it prints.
    pub(crate) fn psql(&self, database: &str, script: &str) -> String {
        let mut command = Command::new(program("psql").unwrap());
        command.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "admin",
            "-d",
            database,
            "-h",
        ]);
        output(
            command
                .arg(self.folder.path())
                .arg(format!("--port={}", self.port)),
            script,
        )
    }

    /// Everything in a database of PostgreSQL, and what its server holds besides.
    pub(crate) fn pg_dump(&self, database: &str) -> String {
        let mut command = Command::new(program("pg_dump").unwrap());
        command.args(["--inserts", "--blobs", "-U", "admin", "-d", database, "-h"]);
        let dump = output(
            command
                .arg(self.folder.path())
                .arg(format!("--port={}", self.port)),
            "",
        );
        let rest = "SELECT rolname, rolsuper, rolcanlogin, rolconnlimit FROM pg_roles WHERE rolname IN ('admin', 'evil', 'owner', 'reader') ORDER BY 1;\n\
            SELECT gid FROM pg_prepared_xacts WHERE database = current_database();\n\
            SELECT name, setting FROM pg_settings WHERE source = 'configuration file' ORDER BY 1;\n\
            SELECT slot_name FROM pg_replication_slots;\n\
            SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database());\n\
            SELECT datname, datallowconn FROM pg_database WHERE datname IN ('postgres', current_database()) ORDER BY 1;\n";
        // Newer versions of it write a key that is made anew each time.
        let dump: String = dump
            .lines()
            .filter(|line| !line.contains("restrict"))
            .map(|line| format!("{line}\n"))
            .collect();
        dump + &self.psql(database, rest)
    }

    /// Runs a script as the administrator of MariaDB, and returns what it prints.
    pub(crate) fn mariadb(&self, script: &str) -> String {
        let mut command = Command::new(program("mariadb").unwrap());
        command.args(["--no-defaults", "-N", "-B", "-u", "root", "--socket"]);
        output(command.arg(self.folder.path().join("my.sock")), script)
    }
}

fn output(command: &mut Command, input: &str) -> String {
    use std::io::Write as _;
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Writes a certificate for 127.0.0.1 and its key where only the server reads them.
fn certificate(folder: &TempDir) -> PathBuf {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    for (name, text) in [
        ("certificate.pem", made.cert.pem()),
        ("key.pem", made.signing_key.serialize_pem()),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        if is_root(folder.path()) {
            chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    folder.path().join("certificate.pem")
}

/// A port the system has given, for servers that do not ask for one themselves.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    if is_root(folder.path()) {
        chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    folder
}

/// Who made a folder that was made just now is who runs the tests; `TempDir`s of servers are given to `nobody`.
fn is_root(folder: &Path) -> bool {
    [0, NOBODY].contains(&fs::metadata(folder).unwrap().uid())
}

/// A command as somebody who is not root, with nothing of the environment that leads it elsewhere.
fn unprivileged(program: &Path, folder: &TempDir) -> Command {
    let mut command = match is_root(folder.path()) {
        true => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
            command.arg(program);
            command
        }
        false => Command::new(program),
    };
    command
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

/// A program from the search path, or from where Debian keeps those of PostgreSQL and MariaDB.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut versions: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    versions.sort();
    folders.extend(versions.into_iter().rev());
    folders.push("/usr/sbin".into());
    let found = folders
        .into_iter()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())?;
    // A link in the search path has none of the other programs beside it.
    found
        .canonicalize()
        .ok()
        .filter(|real| real.file_name() == found.file_name())
        .or(Some(found))
}

/// Waits until a server says so, and goes on reading what it says.
fn wait_for(process: &mut Child, ready: &str) {
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let mut said = Vec::new();
    let is_ready = lines.by_ref().any(|line| {
        let line = line.unwrap_or_default();
        let is_ready = line.contains(ready);
        said.push(line);
        is_ready
    });
    assert!(is_ready, "the server ended: {said:#?}");
    std::thread::spawn(move || lines.for_each(drop));
}
