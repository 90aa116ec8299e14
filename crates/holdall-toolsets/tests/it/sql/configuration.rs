//! What is wrong with a configuration is said before anything is served.

use std::fs;

use holdall::Secret;
use holdall_toolsets::sql::{DatabaseConfig, DatabaseSource, SqlConfig, SqlToolset};

use super::client::server;

fn problem(name: &str, source: DatabaseSource, change: impl FnOnce(&mut SqlConfig)) -> String {
    let mut config = SqlConfig::default();
    config
        .databases
        .insert(name.to_owned(), DatabaseConfig::new(source));
    change(&mut config);
    match SqlToolset::new(&config) {
        Ok(_) => "nothing".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn mistakes_are_named_and_secrets_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.db");
    fs::write(&file, "").unwrap();
    let sqlite = || DatabaseSource::Sqlite(file.clone());
    assert_eq!(problem("a", sqlite(), |_| ()), "nothing");
    assert!(problem("a", DatabaseSource::Sqlite("nowhere.db".into()), |_| ()).contains("nowhere.db"));
    assert!(problem("a", DatabaseSource::Sqlite(folder.path().into()), |_| ()).contains("is no file"));
    assert!(problem("a b", sqlite(), |_| ()).contains("`a b` cannot be the name"));
    assert!(problem("a", sqlite(), |config| config.databases.clear()).contains("there is no database"));
    assert!(
        problem("a", sqlite(), |config| config.timeout_ms = 0)
            .contains("`timeout` is 0 ms: it must be from 1 ms to 300000 ms (5 minutes)")
    );
    assert!(problem("a", sqlite(), |config| config.connections_max = 65).contains("`connections_max` is 65"));
    for url in [
        "postgresql://me:canary@host:port:5/x",
        "postgresql://me:canary@",
        "mysql://me:canary@host:99999/x",
        "mysql://me:canary@host/x?nonsense=canary",
        "redis://me:canary@host",
        "canary",
    ] {
        let said = problem("a", server(url), |_| ());
        assert!(
            said.starts_with("the url of the database `a` cannot be used"),
            "{url}: {said}"
        );
        assert!(!said.contains("canary"), "{said}");
    }
    for url in [
        "postgresql://me:canary@127.0.0.1/x",
        "mysql://me:canary@127.0.0.1/x",
        "mariadb://me@localhost/x",
    ] {
        assert_eq!(problem("a", server(url), |_| ()), "nothing", "{url}");
    }
    let mut settings = DatabaseConfig::new(DatabaseSource::Server {
        url: Secret::new("postgresql://me:canary1@db.example/x"),
        password: Some(Secret::new("canary2")),
    });
    assert!(!format!("{settings:?}").contains("canary"));
    settings.ca_file = Some(file);
    let mut config = SqlConfig::default();
    config.databases.insert("a".into(), settings);
    let said = SqlToolset::new(&config).err().unwrap().to_string();
    assert!(
        said.starts_with("the connection to the database `a` cannot be encrypted"),
        "{said}"
    );
}
