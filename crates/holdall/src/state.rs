//! State by type: what a server owns and its functions ask for with a `State<T>` parameter.

use std::any::{Any, TypeId, type_name};
use std::collections::{HashMap, HashSet};
use std::ops::Deref;
use std::sync::Arc;

use crate::toolset::Components;

/// A shared value of the server, handed to functions that ask for it.
///
/// ```
/// use holdall::prelude::*;
///
/// struct Greeting(String);
///
/// /// Greet a person by name.
/// #[tool]
/// fn greet(greeting: State<Greeting>, name: String) -> String {
///     format!("{}, {name}", greeting.0)
/// }
///
/// let server = Server::new("greeter").state(Greeting("Good day".into())).add(tools![greet]);
/// server.build()?;
/// # Ok::<(), holdall::Error>(())
/// ```
///
/// A server whose functions ask for a state it was not given does not start.
#[derive(Debug)]
pub struct State<T>(Arc<T>);

impl<T> State<T> {
    /// Wraps a value, for calling such a function in a unit test.
    pub fn new(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// A state some function needs: checked when the server is built.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequiredState {
    id: TypeId,
    name: &'static str,
}

impl RequiredState {
    pub(crate) fn of<T: Send + Sync + 'static>() -> Self {
        Self {
            id: TypeId::of::<T>(),
            name: type_name::<T>(),
        }
    }
}

/// All states of a server, by type.
#[derive(Clone, Default)]
pub(crate) struct States(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl States {
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        self.0.insert(TypeId::of::<T>(), Arc::new(value));
    }

    pub(crate) fn get<T: Send + Sync + 'static>(&self) -> Option<State<T>> {
        self.0
            .get(&TypeId::of::<T>())
            .cloned()?
            .downcast::<T>()
            .ok()
            .map(State)
    }

    /// Names the type if it is missing.
    pub(crate) fn missing(&self, required: &RequiredState) -> Option<&'static str> {
        (!self.0.contains_key(&required.id)).then_some(required.name)
    }
}

/// What is missing of the states these components ask for.
pub(crate) fn missing_states(components: &Components, states: &States) -> Vec<String> {
    let tools = components
        .tools
        .iter()
        .map(|tool| ("tool", &tool.name, &tool.states));
    let resources = components
        .resources
        .iter()
        .map(|resource| ("resource", &resource.uri, &resource.states));
    let prompts = components
        .prompts
        .iter()
        .map(|prompt| ("prompt", &prompt.name, &prompt.states));
    let mut said = HashSet::new();
    let mut problems = Vec::new();
    for (kind, name, required) in tools.chain(resources).chain(prompts) {
        for missing in required
            .iter()
            .filter_map(|state: &RequiredState| states.missing(state))
        {
            if said.insert((kind, name, missing)) {
                problems.push(format!(
                    "{kind} `{name}` needs a state of type `{missing}`: add `.state(…)`"
                ));
            }
        }
    }
    problems
}
