//! `holdall token`.

use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use holdall::Secret;
use holdall_http::auth::{NewToken, TokenEntry, TokenFile, TokenKind};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::arguments::{NewTokenArguments, TokenCommand};
use crate::config::AuthConfig;
use crate::say;

pub(crate) fn run(command: &TokenCommand, config: &AuthConfig) -> Result<()> {
    let file = file(config)?;
    match command {
        TokenCommand::New(arguments) => new(&file, arguments),
        TokenCommand::List { json } => list(&file, *json),
        TokenCommand::Revoke { name } => {
            let entry = file.revoke(name)?;
            say(&format!(
                "`{}` is revoked; a running server heeds it after SIGHUP, or when it is started anew",
                entry.name
            ));
            Ok(())
        }
    }
}

fn file(config: &AuthConfig) -> Result<TokenFile> {
    let Some(path) = &config.token_file else {
        bail!(
            "it is not said where tokens are kept: give --tokens FILE, or set `token_file` of [auth] in the configuration"
        );
    };
    Ok(TokenFile::at(path))
}

fn new(file: &TokenFile, arguments: &NewTokenArguments) -> Result<()> {
    let mut new = NewToken::new(&arguments.name).scopes(&arguments.scope);
    if let Some(lifetime) = arguments.expires {
        new = new.expires(SystemTime::now() + lifetime);
    }
    if arguments.chosen {
        let entry = file.create_key(new, &chosen_key()?)?;
        say(&format!(
            "`{}` is added to {}; send it as `{}:KEY`",
            entry.name,
            shown(file.path()),
            entry.name
        ));
        return Ok(());
    }
    let (token, entry) = file.create(new)?;
    say(&format!(
        "`{}` is added to {}; this is the only time the token is shown:",
        entry.name,
        shown(file.path())
    ));
    writeln!(std::io::stdout(), "{}", token.expose())?;
    Ok(())
}

/// The key on standard input: never on the command line, where other users of the machine see it.
fn chosen_key() -> Result<Secret> {
    let input = std::io::stdin();
    if input.is_terminal() {
        say("Type the key, and Enter:");
        let mut line = String::new();
        input.read_line(&mut line).context("no key could be read")?;
        return Ok(Secret::new(line.trim_end_matches(['\r', '\n'])));
    }
    let mut text = String::new();
    input
        .take(4096)
        .read_to_string(&mut text)
        .context("no key could be read from standard input")?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

fn list(file: &TokenFile, as_json: bool) -> Result<()> {
    let entries = file.list()?;
    let mut output = std::io::stdout().lock();
    if as_json {
        let entries: Vec<_> = entries.iter().map(described).collect();
        writeln!(output, "{:#}", json!(entries))?;
        return Ok(());
    }
    if entries.is_empty() {
        say(&format!(
            "{} has no tokens; make one with `holdall token new NAME`",
            shown(file.path())
        ));
    }
    let width = entries.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
    for entry in entries {
        let scopes = match entry.scopes.as_slice() {
            [] => "no scopes".to_owned(),
            scopes => scopes.join(" "),
        };
        writeln!(
            output,
            "{:width$}  {:7}  {scopes}  {}",
            entry.name,
            kind(&entry),
            state(&entry)
        )?;
    }
    Ok(())
}

fn described(entry: &TokenEntry) -> serde_json::Value {
    let time = |time: Option<SystemTime>| time.map(written);
    json!({
        "name": entry.name,
        "kind": kind(entry),
        "scopes": entry.scopes,
        "good": entry.is_good_at(SystemTime::now()),
        "created": time(entry.created),
        "expires": time(entry.expires),
        "revoked": time(entry.revoked),
    })
}

fn kind(entry: &TokenEntry) -> &'static str {
    match entry.kind {
        TokenKind::Generated => "token",
        TokenKind::Chosen => "key",
        _ => "other",
    }
}

fn state(entry: &TokenEntry) -> String {
    match (entry.revoked, entry.expires) {
        (Some(revoked), _) => format!("revoked {}", written(revoked)),
        (None, Some(expires)) if !entry.is_good_at(SystemTime::now()) => {
            format!("expired {}", written(expires))
        }
        (None, Some(expires)) => format!("good until {}", written(expires)),
        (None, None) => "good".to_owned(),
    }
}

/// A moment to the second, in UTC.
fn written(time: SystemTime) -> String {
    match Timestamp::try_from(time) {
        Ok(time) => time
            .to_zoned(TimeZone::UTC)
            .strftime("%Y-%m-%dT%H:%M:%SZ")
            .to_string(),
        Err(_) => "out of all calendars".to_owned(),
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// `30d`, `12h`, `1y`: a time from now on.
pub(crate) fn lifetime(text: &str) -> Result<std::time::Duration, String> {
    let wrong = || "give a time such as 12h, 90d or 1y".to_owned();
    let span: jiff::Span = text.parse().map_err(|_| wrong())?;
    let from = jiff::Zoned::now();
    let until = from.checked_add(span).map_err(|_| wrong())?;
    let lifetime: SignedDuration = from.duration_until(&until);
    std::time::Duration::try_from(lifetime)
        .ok()
        .filter(|lifetime| !lifetime.is_zero())
        .ok_or_else(wrong)
}
