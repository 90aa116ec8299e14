//! [`Registry`]: the components that are a server's own, compiled, in the order they were added.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::catalogue::{Home, Offered};
use super::{Component, Kind};
use crate::contract::nearest;
use crate::prompt::BuiltPrompt;
use crate::resource::BuiltResource;
use crate::tool::BuiltTool;
use crate::toolset::Components;

/// The components of one server, without those of servers mounted into it.
#[derive(Clone, Default)]
pub(crate) struct Registry {
    pub(crate) tools: Vec<Offered<BuiltTool>>,
    pub(crate) prompts: Vec<Offered<BuiltPrompt>>,
    /// Resources and templates.
    pub(crate) resources: Vec<Offered<BuiltResource>>,
}

/// What is done with a component whose name is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum IfTaken {
    Refuse,
    Replace,
}

impl Registry {
    /// Compiles components and adds what is wrong with them to `problems`.
    pub(crate) fn compile(components: Components, home: &Arc<Home>, problems: &mut Vec<String>) -> Self {
        let Components {
            tools,
            resources,
            prompts,
            starts: _,
        } = components;
        let tools = tools.into_iter().map(|tool| (tool.name.clone(), tool.build()));
        let prompts = prompts
            .into_iter()
            .map(|prompt| (prompt.name.clone(), prompt.build()));
        let resources = resources
            .into_iter()
            .map(|resource| (resource.uri.clone(), resource.build()));
        Self {
            tools: compile_all(tools, home, problems),
            prompts: compile_all(prompts, home, problems),
            resources: compile_all(resources, home, problems),
        }
    }

    /// Adds compiled components: new ones at the end, replaced ones where the old ones were.
    pub(crate) fn add(&mut self, added: Self, if_taken: IfTaken, problems: &mut Vec<String>) {
        add_all(&mut self.tools, added.tools, if_taken, problems);
        add_all(&mut self.prompts, added.prompts, if_taken, problems);
        add_all(&mut self.resources, added.resources, if_taken, problems);
    }

    /// Removes the component with this name or URI.
    pub(crate) fn remove(&mut self, kind: Kind, key: &str, problems: &mut Vec<String>) {
        let removed = match kind {
            Kind::Tool => remove(&mut self.tools, key),
            Kind::Prompt => remove(&mut self.prompts, key),
            Kind::Resource => remove(&mut self.resources, key),
        };
        problems.extend(removed.err());
    }
}

fn compile_all<T: Component>(
    components: impl Iterator<Item = (String, Result<T, Vec<String>>)>,
    home: &Arc<Home>,
    problems: &mut Vec<String>,
) -> Vec<Offered<T>> {
    let kind = T::KIND;
    let mut seen = std::collections::HashSet::new();
    let mut compiled = Vec::new();
    for (key, built) in components {
        if !seen.insert(key.clone()) {
            problems.push(format!("{kind} `{key}` is added twice"));
            continue;
        }
        match built {
            Ok(item) => compiled.push(Offered::new(item, next_id(), Arc::clone(home))),
            Err(found) => problems.extend(found.iter().map(|problem| format!("{kind} `{key}`: {problem}"))),
        }
    }
    compiled
}

fn add_all<T: Component>(
    all: &mut Vec<Offered<T>>,
    added: Vec<Offered<T>>,
    if_taken: IfTaken,
    problems: &mut Vec<String>,
) {
    let places: std::collections::HashMap<String, usize> = all
        .iter()
        .enumerate()
        .map(|(index, offered)| (offered.key().to_owned(), index))
        .collect();
    for offered in added {
        match places.get(offered.key()) {
            None => all.push(offered),
            Some(index) if if_taken == IfTaken::Replace => all[*index] = offered,
            Some(_) => problems.push(format!(
                "there is a {} `{}` already: replace it, or choose another name",
                T::KIND,
                offered.key()
            )),
        }
    }
}

fn remove<T: Component>(all: &mut Vec<Offered<T>>, key: &str) -> Result<(), String> {
    let Some(index) = all.iter().position(|offered| offered.key() == key) else {
        let known = nearest(key, all.iter().map(|offered| offered.key()));
        let known = known.map_or_else(String::new, |known| format!("; did you mean `{known}`?"));
        return Err(format!("there is no {} `{key}` to remove{known}", T::KIND));
    };
    all.remove(index);
    Ok(())
}

fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
