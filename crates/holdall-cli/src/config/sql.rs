//! Which databases the SQL tools read: the section `[sql]`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use holdall::schemars::{self, JsonSchema, Schema, SchemaGenerator, json_schema};
use holdall_toolsets::sql;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Secret;

/// The databases the SQL tools read, and the bounds of a query.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SqlConfig {
    /// The databases by name, each with a `path` or a `url`. `path`: a file of SQLite; `url`:
    /// `postgresql://user@host/database` or `mysql://user@host/database`, without a password, or where the whole is
    /// found; `password`: where the password is found; `description`: what is in it, for models; `ca_file`:
    /// certificates in PEM which the server's may be signed by, instead of those of the system; `tls`: whether the
    /// connection is encrypted, which it is unless it goes to this machine.
    pub(crate) databases: BTreeMap<String, SqlDatabase>,
    /// How long a query may take, waiting for its turn included; up to 5 minutes.
    #[serde(with = "holdall::settings::duration")]
    #[schemars(schema_with = "holdall::settings::duration_schema")]
    pub(crate) timeout: Duration,
    /// Bytes of rows one reply holds, as JSON; from 1,000 to 4,000,000.
    pub(crate) result_bytes_max: usize,
    /// Bytes of one value that SQLite reads or makes on the way; servers send four times as many and 1,000,000 for a row
    /// (MySQL) or an answer (PostgreSQL). From 1,000 to 100,000,000.
    pub(crate) value_bytes_max: usize,
    /// Queries that run at once in one database, and connections to it; up to 64.
    pub(crate) connections_max: usize,
}

impl Default for SqlConfig {
    fn default() -> Self {
        let bounds = sql::SqlConfig::default();
        Self {
            databases: BTreeMap::new(),
            timeout: Duration::from_millis(bounds.timeout_ms),
            result_bytes_max: bounds.result_bytes_max,
            value_bytes_max: bounds.value_bytes_max,
            connections_max: bounds.connections_max,
        }
    }
}

/// One database.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SqlDatabase {
    /// A file of SQLite, which must be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub(crate) path: Option<PathBuf>,
    /// A server: `postgresql://user@host/database`, `mysql://user@host/database` or `mariadb://…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<Url>,
    /// The password, where the URL has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<Secret>,
    /// What is in it, for models.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// Certificates in PEM which the server's may be signed by, instead of those of the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "path"))]
    pub(crate) ca_file: Option<PathBuf>,
    /// Whether the connection is encrypted. Without it, unless it goes to this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls: Option<bool>,
}

/// The URL of a database: without a password, or where the whole of it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Url {
    Plain(String),
    Secret(Secret),
}

impl SqlConfig {
    /// The same for the tools, its secrets read.
    pub(crate) fn open(&self) -> Result<sql::SqlConfig> {
        let mut config = sql::SqlConfig::default();
        config.timeout_ms = u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX);
        config.result_bytes_max = self.result_bytes_max;
        config.value_bytes_max = self.value_bytes_max;
        config.connections_max = self.connections_max;
        for (name, database) in &self.databases {
            let opened = database
                .open()
                .with_context(|| format!("the database `{name}` of [sql] is not configured right"))?;
            config.databases.insert(name.clone(), opened);
        }
        Ok(config)
    }
}

impl SqlDatabase {
    fn open(&self) -> Result<sql::DatabaseConfig> {
        let source = match (&self.path, &self.url) {
            (Some(path), None) => {
                if self.password.is_some() || self.ca_file.is_some() || self.tls.is_some() {
                    bail!("a `path` takes no `password`, `ca_file` or `tls`: these are for servers");
                }
                sql::DatabaseSource::Sqlite(path.clone())
            }
            (None, Some(url)) => {
                let url = match url {
                    Url::Plain(url) => url.clone(),
                    Url::Secret(secret) => secret.read().context("its `url` is not to be had")?,
                };
                let password = self.password.as_ref().map(Secret::read).transpose();
                let password = password.context("its `password` is not to be had")?;
                sql::DatabaseSource::Server {
                    url: holdall::Secret::new(url),
                    password: password.map(holdall::Secret::new),
                }
            }
            _ => bail!("it has a `path` (SQLite) or a `url` (PostgreSQL, MySQL, MariaDB), one of them"),
        };
        let mut config = sql::DatabaseConfig::new(source);
        config.description.clone_from(&self.description);
        config.ca_file.clone_from(&self.ca_file);
        config.tls = self.tls;
        Ok(config)
    }
}

/// Whether a URL has a password in it, before the host or as a parameter.
fn has_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    // A password with an unescaped slash ends the authority too early; then the @ is in the tail.
    user.contains(':') || tail.contains('@') || tail.to_lowercase().contains("password=")
}

impl<'de> Deserialize<'de> for Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UrlVisitor)
    }
}

struct UrlVisitor;

impl<'de> Visitor<'de> for UrlVisitor {
    type Value = Url;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a URL without a password, `{ env = \"NAME\" }` or `{ file = \"path\" }`")
    }

    fn visit_str<E: serde::de::Error>(self, url: &str) -> Result<Self::Value, E> {
        if has_password(url) {
            // The value holds the secret: it is not repeated.
            return Err(E::custom(
                "a password does not stand in the configuration: leave it out of the url and say where it is with password = { env = \"NAME\" }, or say where the whole url is with url = { env = \"NAME\" }",
            ));
        }
        Ok(Url::Plain(url.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Secret::deserialize(MapAccessDeserializer::new(map)).map(Url::Secret)
    }
}

impl Serialize for Url {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(url) => serializer.serialize_str(url),
            Self::Secret(secret) => secret.serialize(serializer),
        }
    }
}

impl JsonSchema for Url {
    fn schema_name() -> Cow<'static, str> {
        "DatabaseUrl".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "string", "format": "uri" }, Secret::json_schema(generator)] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<SqlConfig, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn passwords_are_named_not_told() {
        for url in [
            "postgresql://me:canary@host/x",
            "mysql://me:can@ary@host",
            "postgresql://me:can/ary@host/x",
            "postgresql://host/x?user=me&password=canary",
            "mysql://:canary@host",
        ] {
            let told = parse(&format!("databases.a.url = '{url}'")).expect_err(url);
            assert!(
                told.contains("a password does not stand") && !told.contains("canary"),
                "{told}"
            );
        }
        let config = parse(
            "databases.a.url = 'postgresql://me@host:5432/x?sslmode=require'\ndatabases.a.password.env = 'P'\n\
             databases.b.url = { file = '/run/url' }\ndatabases.c.path = 'shop.db'",
        )
        .expect("all of them are right");
        assert_eq!(
            config.databases["b"].url,
            Some(Url::Secret(Secret::File("/run/url".into())))
        );
        let again = toml::to_string(&config).expect("it is TOML");
        assert_eq!(parse(&again).expect("it is the same").databases.len(), 3);
    }

    #[test]
    fn a_database_is_a_file_or_a_server() {
        let opened = |text: &str| {
            parse(text)
                .expect("it is TOML")
                .open()
                .map_err(|error| format!("{error:#}"))
        };
        let error = opened("[databases.a]").expect_err("it is nowhere");
        assert!(
            error.contains("the database `a` of [sql]") && error.contains("one of them"),
            "{error}"
        );
        opened("databases.a = { path = 'x', url = 'mysql://h/x' }").expect_err("it is both");
        opened("databases.a = { path = 'x', tls = true }").expect_err("a file is not encrypted");
        let error =
            opened("databases.a.url = { env = 'HOLDALL_TEST_NO_SUCH_VARIABLE' }").expect_err("it is not set");
        assert!(error.contains("HOLDALL_TEST_NO_SUCH_VARIABLE"), "{error}");
        let config = opened("timeout = '1m 30s'\ndatabases.a = { path = 'x', description = 'd' }")
            .expect("it is right");
        assert_eq!(
            (config.timeout_ms, config.databases["a"].description.as_deref()),
            (90_000, Some("d"))
        );
    }
}
