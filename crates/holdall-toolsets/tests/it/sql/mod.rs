//! Databases: a file of SQLite, and servers of PostgreSQL and MariaDB that the tests start themselves.

mod client;
mod configuration;
#[cfg(unix)]
mod mariadb;
#[cfg(unix)]
mod postgres;
#[cfg(unix)]
mod rights;
#[cfg(unix)]
mod servers;
mod sqlite;
mod sqlite_hostile;
#[cfg(unix)]
mod tls;
