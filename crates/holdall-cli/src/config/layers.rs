//! File, environment and command line become one configuration, and it is known who said what.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use etcetera::BaseStrategy as _;
use serde::Deserialize;
use toml::{Table, Value};

use super::{Config, places, reference, secret};

/// The prefix of environment variables that are settings: `HOLDALL_NOTES__EMBEDDINGS` is `notes.embeddings`.
const PREFIX: &str = "HOLDALL_";
/// What stands for the dots of a key in the name of an environment variable.
const DOT: &str = "__";
/// The environment variable that names the file, as `--config` does.
const FILE_VARIABLE: &str = "HOLDALL_CONFIG";
/// A configuration has some hundred lines.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Everything that has a say in the configuration. Kept, so that it can be read again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// The file given on the command line.
    pub(crate) file: Option<PathBuf>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) flags: Vec<Setting>,
}

/// A configuration, and where it comes from.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) config: Config,
    /// The file that was read.
    pub(crate) file: Option<PathBuf>,
    /// Who said what, by key; what is not here is a default.
    pub(crate) sources: BTreeMap<String, String>,
}

/// One value said beside the file.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    key: Vec<String>,
    /// What it may mean, the most likely first.
    values: Vec<Value>,
    /// Who says so: `--http`, `HOLDALL_HTTP__LISTEN`.
    source: String,
}

impl Setting {
    /// A flag of the command line that stands for `key`.
    pub(crate) fn flag(flag: &str, key: &str, value: impl Into<Value>) -> Self {
        Self {
            key: key.split('.').map(str::to_owned).collect(),
            values: vec![value.into()],
            source: flag.to_owned(),
        }
    }

    /// An environment variable, if it is a setting.
    fn variable(name: &str, text: &str) -> Option<Self> {
        let key = name.strip_prefix(PREFIX).filter(|key| key.contains(DOT))?;
        let mut values = Vec::new();
        // `true`, `5`, `["a", "b"]` mean what they mean in the file.
        if let Ok(Value::Table(mut table)) = toml::from_str(&format!("value = {text}")) {
            values.extend(table.remove("value").filter(|_| table.is_empty()));
        }
        values.push(Value::String(text.to_owned()));
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        values.push(parts.map(Value::from).collect::<Vec<_>>().into());
        Some(Self {
            key: key.split(DOT).map(str::to_lowercase).collect(),
            values,
            source: name.to_owned(),
        })
    }
}

/// Reads the configuration.
///
/// The file is the one given, or that of `HOLDALL_CONFIG`, or `holdall/holdall.toml` in the user's configuration
/// directory if there is one. A file in the current folder is not looked for: a host may start the program in a folder
/// somebody else has filled.
pub(crate) fn load(from: &Sources) -> Result<Loaded> {
    let Sources {
        file,
        environment,
        flags,
    } = from;
    let named = environment.iter().find(|(name, _)| name == FILE_VARIABLE);
    let named = file.as_deref().or(named.map(|(_, path)| Path::new(path)));
    let file = match named {
        Some(path) => Some(path.to_owned()),
        None => user_file().filter(|path| path.exists()),
    };
    let mut sources = BTreeMap::new();
    let mut table = match &file {
        Some(path) => read(path)?,
        None => Table::new(),
    };
    if let Some(path) = &file {
        note_sources(&table, "", &path.display().to_string(), &mut sources);
    }
    let variables = environment
        .iter()
        .filter_map(|(name, text)| Setting::variable(name, text));
    for setting in variables.chain(flags.iter().cloned()) {
        table = apply(&table, &setting)?;
        sources.insert(setting.key.join("."), setting.source);
    }
    let config = Config::deserialize(Value::Table(table))
        .map_err(|error| anyhow::anyhow!(explained(error.message())))?;
    Ok(Loaded {
        config,
        file,
        sources,
    })
}

/// The environment of the process as far as it is text, with the variables of a `.env` file that it lacks.
pub(crate) fn environment(env_file: Option<&Path>) -> Result<Vec<(String, String)>> {
    if let Some(path) = env_file {
        use_env_file(path).with_context(|| format!("{} cannot be used as --env-file", path.display()))?;
    }
    let text = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let mut variables: Vec<_> = text.collect();
    variables.sort();
    Ok(variables)
}

/// Sets the variables of a `.env` file that the environment lacks. What is wrong is told without the values, which may be
/// secret.
fn use_env_file(path: &Path) -> Result<()> {
    let problem = match dotenvy::from_path(path) {
        Ok(()) => return Ok(()),
        Err(dotenvy::Error::LineParse(problem, _)) => problem,
        Err(dotenvy::Error::Io(error)) => return Err(error.into()),
        Err(_) => bail!("it holds what cannot be a variable of the environment"),
    };
    // A quote that is not closed takes the lines after it, too.
    let problem = problem.lines().next().unwrap_or_default();
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut lines = text.lines().enumerate();
    let found = lines.find(|(_, line)| !problem.is_empty() && line.contains(problem));
    let place = found.map_or_else(
        || "a line".to_owned(),
        |(index, line)| {
            let name = line.split_once('=').map_or("", |(name, _)| name);
            let name = name.trim().trim_start_matches("export ").trim();
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let name = if is_name {
                format!(" ({name})")
            } else {
                String::new()
            };
            format!("line {}{name}", index + 1)
        },
    );
    bail!(
        "{place} is not of the form NAME=value: put a value with spaces, quotes, `$` or `#` in single quotes, \
         as in NAME='a value', and one that holds a single quote in double quotes"
    );
}

fn user_file() -> Option<PathBuf> {
    let user = etcetera::base_strategy::choose_native_strategy().ok()?;
    Some(user.config_dir().join("holdall").join("holdall.toml"))
}

/// The file as a table that is known to be a configuration, its paths absolute.
fn read(path: &Path) -> Result<Table> {
    let shown = path.display();
    let cannot = || format!("the configuration {shown} cannot be read");
    let size = std::fs::metadata(path).with_context(cannot)?.len();
    if size > FILE_BYTES_MAX {
        bail!("the configuration {shown} has {size} bytes: more than {FILE_BYTES_MAX} are not read");
    }
    let text = std::fs::read_to_string(path).with_context(cannot)?;
    if let Err(error) = toml::from_str::<Config>(&text) {
        if error.message().contains(secret::MISPLACED) {
            // The line with the mistake holds a secret: it is not shown.
            let before = error
                .span()
                .and_then(|span| text.get(..span.start))
                .unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            bail!(
                "the configuration {shown} is wrong in line {line}: {}",
                error.message()
            );
        }
        let said = error
            .to_string()
            .replace(error.message(), &explained(error.message()));
        bail!("the configuration {shown} is wrong: {}", said.trim_end());
    }
    let table: Table = toml::from_str(&text).with_context(cannot)?;
    let mut value = Value::Table(table);
    let folder = std::path::absolute(path)
        .ok()
        .and_then(|path| path.parent().map(Path::to_owned))
        .unwrap_or_default();
    let home = etcetera::home_dir().ok();
    places::settle(&mut value, &reference::schema(), &folder, home.as_deref());
    match value {
        Value::Table(table) => Ok(table),
        _ => unreachable!("a table stays a table"),
    }
}

/// The table with one more setting, which must make sense.
fn apply(table: &Table, setting: &Setting) -> Result<Table> {
    let mut problem = None;
    for value in &setting.values {
        let mut changed = table.clone();
        match insert(&mut changed, &setting.key, value.clone()) {
            Ok(()) => {}
            Err(inside) => {
                problem.get_or_insert(format!("`{inside}` has no keys below it"));
                continue;
            }
        }
        match Config::deserialize(Value::Table(changed.clone())) {
            Ok(_) => return Ok(changed),
            // What is tried last is the text as a list. It says most where a list is wanted and its parts are wrong.
            Err(error)
                if problem
                    .as_deref()
                    .is_some_and(|first| first.contains("expected a sequence")) =>
            {
                problem = Some(explained(error.message()));
            }
            Err(error) => {
                problem.get_or_insert(explained(error.message()));
            }
        }
    }
    let key = setting.key.join(".");
    let problem = problem.expect("a setting has a value");
    bail!("{} (`{key}` of the configuration): {problem}", setting.source)
}

/// Sets the value of a key, or returns the part of the key that is no table.
fn insert(table: &mut Table, key: &[String], value: Value) -> Result<(), String> {
    let (last, sections) = key.split_last().expect("a key has a part");
    let mut inner = table;
    for section in sections {
        let entry = inner
            .entry(section.clone())
            .or_insert_with(|| Value::Table(Table::new()));
        let Value::Table(below) = entry else {
            return Err(section.clone());
        };
        inner = below;
    }
    inner.insert(last.clone(), value);
    Ok(())
}

fn note_sources(table: &Table, prefix: &str, source: &str, sources: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let key = format!("{prefix}{key}");
        match value {
            Value::Table(below) => note_sources(below, &format!("{key}."), source, sources),
            _ => {
                sources.insert(key, source.to_owned());
            }
        }
    }
}

/// What is wrong, with the name that may have been meant.
fn explained(message: &str) -> String {
    let message = message.trim_end();
    for kind in ["usize", "u64", "u32", "u16", "u8"] {
        if let Some(before) = message
            .strip_suffix(kind)
            .filter(|before| before.ends_with("expected "))
        {
            return format!("{before}a whole number");
        }
    }
    let mut names = message.split('`').skip(1).step_by(2);
    let unknown = ["unknown field", "unknown variant"]
        .iter()
        .any(|start| message.starts_with(start));
    let (true, Some(given)) = (unknown, names.next()) else {
        return message.to_owned();
    };
    let nearest = names
        .map(|name| (strsim::normalized_damerau_levenshtein(given, name), name))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((likeness, name)) if likeness > 0.5 => format!("{message}; did you mean `{name}`?"),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::ToolsetName;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("it is written");
        file
    }

    fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn load_from(file: Option<&Path>, environment: &[(String, String)], flags: &[Setting]) -> Result<Loaded> {
        load(&Sources {
            file: file.map(Path::to_owned),
            environment: environment.to_vec(),
            flags: flags.to_vec(),
        })
    }

    fn fail(text: &str, environment: &[(&str, &str)], flags: &[Setting]) -> String {
        let file = file(text);
        let error = load_from(Some(file.path()), &variables(environment), flags).expect_err("it is refused");
        error
            .to_string()
            .replace(&file.path().display().to_string(), "[file]")
    }

    #[test]
    fn flags_outweigh_the_environment_which_outweighs_the_file() {
        let file = file("[notes]\nfolders = ['a']\n[data]\ndir = '/d'\n[log]\nlevel = 'info'\n");
        let environment = variables(&[
            ("HOLDALL_NOTES__FOLDERS", "x,y"),
            ("HOLDALL_LOG__LEVEL", "debug"),
            ("HOLDALL_BIN", "z"),
        ]);
        let flags = [Setting::flag("--log", "log.level", "trace")];
        let loaded = load_from(Some(file.path()), &environment, &flags).expect("it is right");
        assert_eq!(
            loaded.config.notes.folders,
            [PathBuf::from("x"), PathBuf::from("y")]
        );
        assert_eq!(loaded.config.data.dir, Some(PathBuf::from("/d")));
        assert_eq!(loaded.config.log.level, "trace");
        assert!(loaded.config.notes.embeddings, "a default");
        let sources: Vec<_> = loaded
            .sources
            .iter()
            .map(|(key, source)| (key.as_str(), source.as_str()))
            .collect();
        let shown = file.path().display().to_string();
        assert_eq!(
            sources,
            [
                ("data.dir", shown.as_str()),
                ("log.level", "--log"),
                ("notes.folders", "HOLDALL_NOTES__FOLDERS"),
            ]
        );
    }

    #[test]
    fn variables_are_read_as_in_the_file_or_as_text_or_as_a_list() {
        for (text, expected) in [
            ("notes", &[ToolsetName::Notes][..]),
            ("[\"notes\"]", &[ToolsetName::Notes]),
            ("[]", &[]),
            ("", &[]),
        ] {
            let loaded = load_from(
                None,
                &variables(&[("HOLDALL_SERVE__TOOLSETS", text), ("HOLDALL_CONFIG", "/dev/null")]),
                &[],
            )
            .expect(text);
            assert_eq!(loaded.config.serve.toolsets, expected, "{text}");
        }
        let loaded = load_from(
            None,
            &variables(&[("HOLDALL_DATA__DIR", "5"), ("HOLDALL_CONFIG", "/dev/null")]),
            &[],
        )
        .expect("a folder may be called 5");
        assert_eq!(loaded.config.data.dir, Some(PathBuf::from("5")));
    }

    #[test]
    fn paths_of_the_file_are_relative_to_it() {
        let file = file("notes.folders = ['a']");
        let loaded = load_from(Some(file.path()), &[], &[]).expect("it is right");
        assert_eq!(loaded.config.notes.folders, [file.path().with_file_name("a")]);
    }

    #[test]
    fn a_secret_in_the_file_is_not_shown() {
        for text in [
            "[sentry]\n\ndsn = 'https://canary@host/1'",
            "[sql.databases.a]\n\nurl = 'postgresql://me:canary@host/x'",
        ] {
            let said = fail(text, &[], &[]);
            assert!(
                said.contains("is wrong in line 3: ") && !said.contains("canary"),
                "{said}"
            );
        }
    }

    #[test]
    fn mistakes_say_where_and_what_was_meant() {
        insta::assert_snapshot!(
            [
                fail("[notes]\nfoldrs = ['a']\n", &[], &[]),
                fail("[nots]\n", &[], &[]),
                fail("[notes]\nembeddings = 'yes'\n", &[], &[]),
                fail("[notes\n", &[], &[]),
                fail("", &[("HOLDALL_NOTES__FOLDER", "a")], &[]),
                fail("", &[("HOLDALL_NOTES__EMBEDDINGS", "maybe")], &[]),
                fail("", &[("HOLDALL_NOTES__EMBEDDINGS__NOW", "true")], &[]),
                fail(
                    "",
                    &[],
                    &[Setting::flag(
                        "--toolset",
                        "serve.toolsets",
                        Value::from(vec!["nots"])
                    )]
                ),
            ]
            .join("\n---\n")
        );
        let missing =
            load_from(Some(Path::new("/nowhere/holdall.toml")), &[], &[]).expect_err("it is not there");
        assert!(missing.to_string().contains("/nowhere/holdall.toml"), "{missing}");
    }
}
