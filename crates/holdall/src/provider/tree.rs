//! [`Tree`]: a server and those mounted into it, each with its own components, changed while they serve.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use arc_swap::ArcSwap;

use super::catalogue::{Catalogue, Home, Offered, Shelf};
use super::compose::{Mounted, View, compose};
use super::labels::Labels;
use super::namespace::Namespace;
use super::registry::{IfTaken, Registry};
use super::{Component, Kind};
use crate::error::{Error, Result};
use crate::live::ServerHandle;
use crate::live::change::{Change, Step};
use crate::live::hub::Hub;
use crate::state::{States, missing_states};
use crate::tasks::TaskOptions;
use crate::toolset::{Components, Start};

/// What a server is made of before it is checked.
pub(crate) struct Plan {
    pub(crate) components: Components,
    pub(crate) states: States,
    pub(crate) view: View,
    /// Servers to be mounted, with their prefixes.
    pub(crate) mounts: Vec<(String, Plan)>,
    /// Whether components are said to come later, so that names and tags nothing has yet may be right.
    pub(crate) offers_later: bool,
}

/// A server and those mounted into it; the first branch is the server that contains all others.
pub(crate) struct Tree {
    branches: Vec<Branch>,
    /// Each branch's own components. Who changes any of them holds the lock until all catalogues are swapped and all
    /// listeners told, so changes are seen in one order everywhere.
    own: Mutex<Vec<Registry>>,
    hub: Arc<Hub>,
    /// How tasks behave, if clients are told that there are any.
    tasks: OnceLock<TaskOptions>,
}

/// One server.
struct Branch {
    parent: Option<usize>,
    /// What its parent calls it.
    namespace: Namespace,
    /// The servers mounted into it. They stand behind it in the tree.
    mounts: Vec<usize>,
    view: View,
    home: Arc<Home>,
    catalogue: ArcSwap<Catalogue>,
}

impl Tree {
    /// Compiles and checks everything. What is to begin does so when the caller says.
    ///
    /// # Errors
    /// All mistakes at once.
    pub(crate) fn build(plan: Plan) -> Result<(Arc<Self>, Starts), Vec<String>> {
        let mut planting = Planting::default();
        let tree = Arc::new_cyclic(|tree| {
            planting.plant(plan, None, Namespace::default(), tree);
            for index in (0..planting.branches.len()).rev() {
                planting.ripen(index);
            }
            Self {
                branches: std::mem::take(&mut planting.branches),
                own: Mutex::new(std::mem::take(&mut planting.own)),
                hub: Arc::default(),
                tasks: OnceLock::new(),
            }
        });
        if planting.problems.is_empty() {
            Ok((tree, Starts(planting.starts)))
        } else {
            Err(planting.problems)
        }
    }

    /// Lets tools that are added later become tasks.
    pub(crate) fn take_tasks(&self, options: TaskOptions) {
        // Said once, when the server is built.
        let _ = self.tasks.set(options);
    }

    /// What the server offers that contains all others.
    pub(crate) fn catalogue(&self) -> arc_swap::Guard<Arc<Catalogue>> {
        self.branches[0].catalogue.load()
    }

    /// The server that contains all others.
    pub(crate) fn home(&self) -> &Arc<Home> {
        &self.branches[0].home
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// What one server of the tree offers, under the names it knows itself.
    pub(crate) fn catalogue_of(&self, branch: usize) -> arc_swap::Guard<Arc<Catalogue>> {
        self.branches[branch].catalogue.load()
    }

    /// The server mounted into `branch` with this prefix.
    pub(crate) fn mounted(&self, branch: usize, prefix: &str) -> Option<usize> {
        let namespace = Namespace::parse(prefix).ok()?;
        let mut mounts = self.branches[branch].mounts.iter().copied();
        mounts.find(|mounted| self.branches[*mounted].namespace == namespace)
    }

    /// A URI of `branch` as clients of the whole know it.
    pub(crate) fn outward(&self, branch: usize, uri: &str) -> String {
        let mut uri = uri.to_owned();
        let mut at = branch;
        while let Some(parent) = self.branches[at].parent {
            uri = self.branches[at].namespace.uri(&uri);
            at = parent;
        }
        uri
    }

    /// Changes the own components of `branch`, and tells everybody who listens.
    ///
    /// # Errors
    /// [`Error::Change`] with all mistakes at once; then nothing is changed.
    pub(crate) fn change(&self, branch: usize, change: Change) -> Result<()> {
        let starts = change.starts();
        self.swap(branch, change)?;
        // Only now, because what begins may change the server in its turn.
        for start in starts {
            start.call(self.branches[branch].home.server.clone());
        }
        Ok(())
    }

    fn swap(&self, branch: usize, change: Change) -> Result<()> {
        let mut problems = Vec::new();
        let steps = self.compile(branch, change, &mut problems);
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = own[branch].clone();
        for step in steps {
            match step {
                Compiled::Add(added, if_taken) => changed.add(added, if_taken, &mut problems),
                Compiled::Remove(kind, key) => changed.remove(kind, &key, &mut problems),
            }
        }
        if !problems.is_empty() {
            return Err(Error::Change(problems));
        }
        let fresh = self.recompose(branch, &changed, &own).map_err(Error::Change)?;
        own[branch] = changed;
        let before = self.catalogue_of(0).clone();
        for (index, catalogue) in fresh {
            self.branches[index].catalogue.store(catalogue);
        }
        self.tell(&before, &self.catalogue_of(0));
        Ok(())
    }

    /// Compiling schemas takes time, so it is done before the lock is taken.
    fn compile(&self, branch: usize, change: Change, problems: &mut Vec<String>) -> Vec<Compiled> {
        let home = &self.branches[branch].home;
        let mut compile = |components: Components| {
            problems.extend(missing_states(&components, &home.states));
            problems.extend(TaskOptions::newcomer_problems(
                self.tasks.get(),
                &components.tools,
            ));
            Registry::compile(components, home, problems)
        };
        let steps = change.steps.into_iter().map(|step| match step {
            Step::Add(components) => Compiled::Add(compile(components), IfTaken::Refuse),
            Step::Replace(components) => Compiled::Add(compile(components), IfTaken::Replace),
            Step::Remove(kind, key) => Compiled::Remove(kind, key),
        });
        steps.collect()
    }

    /// The new catalogues of `branch` and of all that contain it, from the inside out.
    fn recompose(
        &self,
        branch: usize,
        changed: &Registry,
        own: &[Registry],
    ) -> Result<Vec<(usize, Arc<Catalogue>)>, Vec<String>> {
        let mut fresh: Vec<(usize, Arc<Catalogue>)> = Vec::new();
        let mut next = Some(branch);
        while let Some(at) = next {
            let own = if at == branch { changed } else { &own[at] };
            let mounted = self.branches[at].mounts.iter().map(|mounted| {
                let newest = fresh.iter().find(|(index, _)| index == mounted);
                newest.map_or_else(
                    || self.branches[*mounted].catalogue.load_full(),
                    |(_, catalogue)| Arc::clone(catalogue),
                )
            });
            let catalogue = compose_branch(&self.branches, at, own, &mounted.collect::<Vec<_>>())?;
            fresh.push((at, Arc::new(catalogue)));
            next = self.branches[at].parent;
        }
        Ok(fresh)
    }

    fn tell(&self, before: &Catalogue, now: &Catalogue) {
        let tools = labels(&differences(&before.tools, &now.tools));
        let prompts = labels(&differences(&before.prompts, &now.prompts));
        let resources = differences(&before.resources, &now.resources);
        let templates = labels(&differences(&before.templates, &now.templates));
        self.hub.list_changed(Kind::Tool, &tools);
        self.hub.list_changed(Kind::Prompt, &prompts);
        let listed: Vec<&Labels> = labels(&resources).into_iter().chain(templates).collect();
        self.hub.list_changed(Kind::Resource, &listed);
        // Who watches a resource that is replaced or gone has old contents.
        for resource in resources {
            if before.resources.get(&resource.uri).is_some() {
                self.hub.updated(&resource.uri, &resource.labels);
            }
        }
    }

    /// Says that a resource has new contents. `uri` is one of the server `branch`.
    pub(crate) fn resource_updated(&self, branch: usize, uri: &str) {
        let uri = self.outward(branch, uri);
        for (identity, labels) in self.catalogue().identities(&uri) {
            self.hub.updated(&identity, labels);
        }
    }

    /// Says that what a template lists has changed. `template` is one of the server `branch`.
    pub(crate) fn listing_changed(&self, branch: usize, template: &str) {
        let template = self.outward(branch, template);
        if let Some(offered) = self.catalogue().templates.get(&template) {
            self.hub.list_changed(Kind::Resource, &[&offered.labels]);
        }
    }
}

/// What is to begin when a tree stands, and in which branch.
pub(crate) struct Starts(Vec<(usize, Start)>);

impl Starts {
    pub(crate) fn begin(self, tree: &Tree) {
        for (branch, start) in self.0 {
            start.call(tree.branches[branch].home.server.clone());
        }
    }
}

/// A step of a change with its schemas compiled.
enum Compiled {
    Add(Registry, IfTaken),
    Remove(Kind, String),
}

/// A tree being built.
#[derive(Default)]
struct Planting {
    branches: Vec<Branch>,
    own: Vec<Registry>,
    problems: Vec<String>,
    offers_later: Vec<bool>,
    /// What begins when the tree stands, and in which branch.
    starts: Vec<(usize, Start)>,
}

impl Planting {
    /// Compiles the components of a server and of those mounted into it.
    fn plant(&mut self, plan: Plan, parent: Option<usize>, namespace: Namespace, tree: &Weak<Tree>) -> usize {
        let Plan {
            mut components,
            states,
            view,
            mounts,
            offers_later,
        } = plan;
        let index = self.branches.len();
        let starts = std::mem::take(&mut components.starts).into_iter();
        self.starts.extend(starts.map(|start| (index, start)));
        let mut problems = missing_states(&components, &states);
        let server = ServerHandle::new(tree.clone(), index);
        let home = Arc::new(Home { states, server });
        self.own.push(Registry::compile(components, &home, &mut problems));
        self.report(problems, &namespace);
        self.offers_later.push(offers_later);
        self.branches.push(Branch {
            parent,
            namespace,
            mounts: Vec::new(),
            view,
            home,
            catalogue: ArcSwap::default(),
        });
        for (position, (prefix, _)) in mounts.iter().enumerate() {
            if !prefix.is_empty() && mounts[..position].iter().any(|(earlier, _)| earlier == prefix) {
                self.problems.push(format!(
                    "two servers are mounted as `{prefix}`: choose another prefix for one"
                ));
            }
        }
        for (prefix, mounted) in mounts {
            let namespace = Namespace::parse(&prefix).unwrap_or_else(|problem| {
                self.problems.push(problem);
                Namespace::default()
            });
            let mounted = self.plant(mounted, Some(index), namespace, tree);
            self.branches[index].mounts.push(mounted);
        }
        index
    }

    /// Puts together the catalogue of a server whose mounted servers have theirs.
    fn ripen(&mut self, index: usize) {
        let branch = &self.branches[index];
        let mounted: Vec<Arc<Catalogue>> = branch
            .mounts
            .iter()
            .map(|mounted| self.branches[*mounted].catalogue.load_full())
            .collect();
        let own = &self.own[index];
        let mut problems = branch.view.problems.clone();
        if !self.offers_later[index] {
            let mounted = with_namespaces(&self.branches, index, &mounted);
            problems.extend(branch.view.misspelt(own, &mounted));
        }
        match compose_branch(&self.branches, index, own, &mounted) {
            Ok(catalogue) => branch.catalogue.store(Arc::new(catalogue)),
            Err(found) => problems.extend(found),
        }
        let namespace = branch.namespace.clone();
        self.report(problems, &namespace);
    }

    fn report(&mut self, problems: Vec<String>, namespace: &Namespace) {
        self.problems.extend(problems.into_iter().map(|problem| {
            if namespace.renames_nothing() {
                problem
            } else {
                format!("mounted as `{}`: {problem}", namespace.mount_name())
            }
        }));
    }
}

fn compose_branch(
    branches: &[Branch],
    index: usize,
    own: &Registry,
    mounted: &[Arc<Catalogue>],
) -> Result<Catalogue, Vec<String>> {
    compose(
        own,
        &with_namespaces(branches, index, mounted),
        &branches[index].view,
    )
}

fn with_namespaces<'a>(
    branches: &'a [Branch],
    index: usize,
    mounted: &'a [Arc<Catalogue>],
) -> Vec<Mounted<'a>> {
    let mounts = branches[index].mounts.iter();
    mounts
        .zip(mounted)
        .map(|(mount, catalogue)| Mounted {
            namespace: &branches[*mount].namespace,
            catalogue,
        })
        .collect()
}

/// Components that are in one of the shelves only; of those that were replaced the new one.
fn differences<'a, T: Component>(before: &'a Shelf<T>, now: &'a Shelf<T>) -> Vec<&'a Offered<T>> {
    let ids = |shelf: &Shelf<T>| shelf.iter().map(Offered::id).collect::<HashSet<_>>();
    let (old, new) = (ids(before), ids(now));
    let gone = before.iter().filter(|offered| !new.contains(&offered.id()));
    let come = now.iter().filter(|offered| !old.contains(&offered.id()));
    gone.chain(come).collect()
}

fn labels<'a, T: Component>(offered: &[&'a Offered<T>]) -> Vec<&'a Labels> {
    offered.iter().map(|offered| offered.labels()).collect()
}
