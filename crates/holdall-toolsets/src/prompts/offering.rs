//! What a server offers of the templates: it is told of differences, and of nothing that is not this toolset's.

use std::collections::BTreeMap;
use std::sync::Arc;

use holdall::{Change, ServerHandle};

use super::built_in::BuiltIn;
use super::library::{Problem, Problems, Selection};
use super::template::Template;

/// The resource that tells of problems.
const PROBLEMS_URI: &str = "prompts://problems";

/// A server, and which templates it offers.
pub(super) struct Offering {
    server: ServerHandle,
    /// The built-in prompts the server had, by their names: a template may take the place of one.
    built_in: BTreeMap<&'static str, BuiltIn>,
    offered: BTreeMap<String, Arc<Template>>,
    problems: Arc<Problems>,
}

impl Offering {
    pub(super) fn new(server: ServerHandle, built_in: &[BuiltIn], problems: Arc<Problems>) -> Self {
        Self {
            server,
            built_in: built_in.iter().map(|prompt| (prompt.name(), *prompt)).collect(),
            offered: BTreeMap::new(),
            problems,
        }
    }

    /// Whether nobody is left to be offered anything.
    pub(super) fn has_ended(&self) -> bool {
        self.server.has_stopped()
    }

    /// Offers this from now on, and tells of what is wrong.
    pub(super) fn update(&mut self, selection: Selection) {
        let Selection {
            templates,
            mut problems,
        } = selection;
        let mut change = Change::new();
        let gone: Vec<String> = self
            .offered
            .keys()
            .filter(|name| !templates.contains_key(*name))
            .cloned()
            .collect();
        for name in &gone {
            change = self.without(change, name);
        }
        let fresh: Vec<_> = templates
            .iter()
            .filter(|(name, (_, template))| {
                self.offered
                    .get(*name)
                    .is_none_or(|old| !Arc::ptr_eq(old, template))
            })
            .collect();
        for (_, (_, template)) in &fresh {
            change = self.with(change, template);
        }
        if gone.is_empty() && fresh.is_empty() {
            return self.tell(problems);
        }
        if self.server.apply(change).is_ok() {
            for name in &gone {
                self.offered.remove(name);
            }
            for (name, (_, template)) in fresh {
                self.offered.insert(name.clone(), Arc::clone(template));
            }
        } else if self.has_ended() {
            return;
        } else {
            // One that is refused keeps none of the others away.
            for name in gone {
                if self.server.apply(self.without(Change::new(), &name)).is_ok() {
                    self.offered.remove(&name);
                }
            }
            for (name, (place, template)) in fresh {
                match self.server.apply(self.with(Change::new(), template)) {
                    Ok(()) => drop(self.offered.insert(name.clone(), Arc::clone(template))),
                    Err(error) => problems.push(refused(place, &error)),
                }
            }
        }
        self.tell(problems);
    }

    fn with(&self, change: Change, template: &Arc<Template>) -> Change {
        let name = template.name.as_str();
        // What another toolset has brought is not taken away from it.
        match self.offered.contains_key(name) || self.built_in.contains_key(name) {
            true => change.replace(template.prompt()),
            false => change.add(template.prompt()),
        }
    }

    fn without(&self, change: Change, name: &str) -> Change {
        match self.built_in.get(name) {
            Some(built_in) => change.replace(built_in.prompt()),
            None => change.remove_prompt(name),
        }
    }

    fn tell(&self, problems: Vec<Problem>) {
        let Some(fresh) = self.problems.set(problems) else {
            return;
        };
        for problem in fresh {
            tracing::warn!("a prompt of the user's own: {problem}");
        }
        self.server.resource_updated(PROBLEMS_URI);
    }
}

fn refused(place: &str, error: &holdall::Error) -> Problem {
    Problem {
        place: place.to_owned(),
        line: None,
        message: format!("it is not offered: {error}; rename this file, or add `name: …` to it"),
        kept: None,
    }
}
