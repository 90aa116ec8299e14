//! `holdall config`.

use std::io::Write;

use anyhow::Result;

use crate::arguments::ConfigCommand;
use crate::config::layers::Loaded;
use crate::config::reference;

/// Whatever the command, the configuration has been read without an error.
pub(crate) fn run(command: ConfigCommand, loaded: &Loaded) -> Result<()> {
    let text = match command {
        ConfigCommand::Check => {
            let from = match &loaded.file {
                Some(path) => format!("{} is right", path.display()),
                None => "there is no configuration file, so the defaults hold".to_owned(),
            };
            format!("{from}; {} keys are set\n", loaded.sources.len())
        }
        ConfigCommand::Show => reference::in_force(&loaded.config, &loaded.sources),
        ConfigCommand::Example => reference::commented(),
        ConfigCommand::Schema => format!("{:#}\n", reference::schema()),
        ConfigCommand::Page => reference::page(),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}
