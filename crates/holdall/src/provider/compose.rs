//! From registry, mounted servers, new names and filters to one catalogue.

use super::catalogue::{Catalogue, Offered, Shelf};
use super::grant::Grant;
use super::namespace::Namespace;
use super::registry::Registry;
use super::{Component, Kind};
use crate::contract::nearest;

/// How a server shows its components and those of the servers mounted into it: first under other names, then filtered
/// by tags. Which of them was asked for first makes no difference.
#[derive(Clone, Default)]
pub(crate) struct View {
    pub(crate) renames: Vec<Rename>,
    /// If given, only components with one of these tags are offered.
    pub(crate) only_tags: Option<Vec<String>>,
    /// Components with one of these tags are not offered.
    pub(crate) without_tags: Vec<String>,
    /// Scopes to ask for, by the names components have in the end.
    pub(crate) grants: Vec<Grant>,
    /// What is wrong with what was asked for.
    pub(crate) problems: Vec<String>,
}

/// A new name.
#[derive(Clone)]
pub(crate) struct Rename {
    pub(crate) kind: Kind,
    pub(crate) from: String,
    pub(crate) to: String,
}

/// A server mounted into another.
pub(crate) struct Mounted<'a> {
    pub(crate) namespace: &'a Namespace,
    pub(crate) catalogue: &'a Catalogue,
}

/// Puts a catalogue together: a server's own components first, then those of each mounted server, in the order of
/// mounting.
///
/// # Errors
/// Every name that is taken twice, with both who take it, and every name that is not valid.
pub(crate) fn compose(
    own: &Registry,
    mounted: &[Mounted<'_>],
    view: &View,
) -> Result<Catalogue, Vec<String>> {
    let mut problems = Vec::new();
    let fixed = own.resources.iter().filter(|resource| !resource.is_template());
    let templates = own.resources.iter().filter(|resource| resource.is_template());
    let catalogue = Catalogue {
        tools: gather(own.tools.iter(), mounted, |it| &it.tools, view, &mut problems),
        prompts: gather(own.prompts.iter(), mounted, |it| &it.prompts, view, &mut problems),
        resources: gather(fixed, mounted, |it| &it.resources, view, &mut problems),
        templates: gather(templates, mounted, |it| &it.templates, view, &mut problems),
    };
    if problems.is_empty() {
        Ok(catalogue)
    } else {
        Err(problems)
    }
}

fn gather<'a, T: Component + 'a>(
    own: impl Iterator<Item = &'a Offered<T>>,
    mounted: &[Mounted<'a>],
    shelf: fn(&'a Catalogue) -> &'a Shelf<T>,
    view: &View,
    problems: &mut Vec<String>,
) -> Shelf<T> {
    let mut gathered = Gathered {
        shelf: Shelf::default(),
        owners: Vec::new(),
        view,
        problems,
    };
    for offered in own {
        gathered.add(offered.clone(), None);
    }
    for mounted in mounted {
        for offered in shelf(mounted.catalogue).iter() {
            match offered.mounted(mounted.namespace) {
                Ok(offered) => gathered.add(offered, Some(mounted.namespace)),
                Err(problem) => gathered.problems.push(format!(
                    "{} `{}` of the {}: {problem}",
                    T::KIND,
                    offered.key(),
                    owner(Some(mounted.namespace))
                )),
            }
        }
    }
    gathered.shelf
}

struct Gathered<'a, T> {
    shelf: Shelf<T>,
    /// Where each item of the shelf comes from.
    owners: Vec<Option<&'a Namespace>>,
    view: &'a View,
    problems: &'a mut Vec<String>,
}

impl<'a, T: Component> Gathered<'a, T> {
    fn add(&mut self, offered: Offered<T>, from: Option<&'a Namespace>) {
        let offered = match self.view.new_name(T::KIND, offered.key()) {
            None => offered,
            Some(to) => match offered.renamed(to) {
                Ok(offered) => offered,
                Err(problem) => return self.problems.push(problem),
            },
        };
        if !self.view.shows(&offered.labels().tags) {
            return;
        }
        let offered = match self.view.scopes_for(offered.key()) {
            scopes if scopes.is_empty() => offered,
            scopes => offered.scoped(scopes),
        };
        let key = offered.key();
        if let Some(taken) = self.shelf.position(key) {
            let (kind, first, second) = (T::KIND, owner(self.owners[taken]), owner(from));
            self.problems.push(if first == second {
                format!("{kind} `{key}` is offered twice by the {first}: give one of them another name")
            } else {
                let remedy = match kind {
                    Kind::Tool | Kind::Prompt => "rename one of them, or mount under another prefix",
                    Kind::Resource => "change the URI of one of them, or leave one out with `without_tags`",
                };
                format!("{kind} `{key}` is offered by the {first} and by the {second}: {remedy}")
            });
            return;
        }
        self.shelf.push(offered);
        self.owners.push(from);
    }
}

fn owner(namespace: Option<&Namespace>) -> String {
    match namespace {
        None => "server itself".into(),
        Some(namespace) if namespace.renames_nothing() => "server mounted without a prefix".into(),
        Some(namespace) => format!("server mounted as `{}`", namespace.mount_name()),
    }
}

impl View {
    fn new_name(&self, kind: Kind, key: &str) -> Option<&str> {
        self.renames
            .iter()
            .find(|rename| rename.kind == kind && rename.from == key)
            .map(|rename| rename.to.as_str())
    }

    /// The scopes the operator asks for.
    fn scopes_for(&self, key: &str) -> Vec<String> {
        let grants = self.grants.iter().filter(|grant| grant.covers(key));
        grants.map(|grant| grant.scope.clone()).collect()
    }

    fn shows(&self, tags: &[String]) -> bool {
        let any_of = |wanted: &[String]| tags.iter().any(|tag| wanted.contains(tag));
        self.only_tags.as_deref().is_none_or(any_of) && !any_of(&self.without_tags)
    }

    /// Names and tags nothing has: most likely misspelt, and a filter with a misspelt tag would let through what it is
    /// there to hold back.
    pub(crate) fn misspelt(&self, own: &Registry, mounted: &[Mounted<'_>]) -> Vec<String> {
        let Ok(all) = compose(own, mounted, &Self::default()) else {
            return Vec::new();
        };
        let (mut tags, mut names) = (Vec::new(), Vec::new());
        note(&all.tools, &mut tags, &mut names);
        note(&all.prompts, &mut tags, &mut names);
        note(&all.resources, &mut tags, &mut names);
        note(&all.templates, &mut tags, &mut names);
        let renames = self.renames.iter().filter_map(|Rename { kind, from, .. }| {
            let known = || {
                names
                    .iter()
                    .filter(|(known, _)| known == kind)
                    .map(|(_, name)| *name)
            };
            let unknown = known().all(|name| name != from);
            unknown.then(|| {
                let meant = did_you_mean(from, known());
                format!("there is no {kind} `{from}` to rename{meant}")
            })
        });
        let filters = self.only_tags.iter().flatten().chain(&self.without_tags);
        let filters = filters.filter(|tag| !tags.contains(&tag.as_str())).map(|tag| {
            let meant = did_you_mean(tag, tags.iter().copied());
            format!("nothing has the tag `{tag}`{meant}")
        });
        let mut misspelt: Vec<String> = renames.chain(filters).collect();
        misspelt.extend(self.idle_patterns(own, mounted));
        misspelt
    }

    /// Patterns that match nothing: what they were meant to keep from others would be open to all.
    fn idle_patterns(&self, own: &Registry, mounted: &[Mounted<'_>]) -> Vec<String> {
        let Ok(offered) = compose(own, mounted, self) else {
            return Vec::new();
        };
        let (mut tags, mut names) = (Vec::new(), Vec::new());
        note(&offered.tools, &mut tags, &mut names);
        note(&offered.prompts, &mut tags, &mut names);
        note(&offered.resources, &mut tags, &mut names);
        note(&offered.templates, &mut tags, &mut names);
        let grants = self.grants.iter().flat_map(|grant| {
            let patterns = grant.patterns.iter();
            patterns.map(move |pattern| (&grant.scope, pattern))
        });
        let idle = grants.filter(|(_, pattern)| !names.iter().any(|(_, name)| pattern.matches(name)));
        idle.map(|(scope, pattern)| {
            let meant = did_you_mean(&pattern.text, names.iter().map(|(_, name)| *name));
            format!(
                "the scope `{scope}` is asked for `{}`, which matches no tool, prompt, resource or template{meant}",
                pattern.text
            )
        })
        .collect()
    }
}

fn note<'a, T: Component>(shelf: &'a Shelf<T>, tags: &mut Vec<&'a str>, names: &mut Vec<(Kind, &'a str)>) {
    for offered in shelf.iter() {
        tags.extend(offered.labels().tags.iter().map(String::as_str));
        names.push((T::KIND, offered.key()));
    }
}

fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(name, known).map_or_else(String::new, |known| format!("; did you mean `{known}`?"))
}
