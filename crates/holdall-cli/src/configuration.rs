//! `holdall config`.

use std::io::Write;

use anyhow::Result;

use crate::arguments::ConfigCommand;
use crate::config::layers::Loaded;
use crate::config::{Config, reference};
use crate::listening;
use crate::toolsets::Offer;

/// Whatever the command, the configuration has been read without an error.
pub(crate) fn run(command: ConfigCommand, loaded: &Loaded) -> Result<()> {
    let text = match command {
        ConfigCommand::Check => {
            let from = match &loaded.file {
                Some(path) => format!("{} is right", path.display()),
                None => "there is no configuration file, so the defaults hold".to_owned(),
            };
            examine(&loaded.config)?;
            match loaded.sources.len() {
                1 => format!("{from}; 1 key is set\n"),
                count => format!("{from}; {count} keys are set\n"),
            }
        }
        ConfigCommand::Show => reference::in_force(&loaded.config, &loaded.sources),
        ConfigCommand::Example => reference::commented(),
        ConfigCommand::Schema => format!("{:#}\n", reference::schema()),
        ConfigCommand::Page => reference::page(),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// Whether a server could start with it: folders, files and secrets are there, and every value is one it takes. Nothing is
/// listened on, nobody is asked over the network, and nothing is made in the folder of data.
fn examine(config: &Config) -> Result<()> {
    config.telemetry(true)?;
    let mut front = listening::reloadable(config)?;
    front.auth = config.auth.open()?;
    front.check()?;
    Offer::examine(config)
}
