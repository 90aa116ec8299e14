//! The registry: everything a server offers, compiled, in the order it was added, found by name or URI.

use std::collections::HashMap;
use std::sync::Arc;

use crate::contract::nearest;
use crate::error::{CallError, CallResult};
use crate::prompt::BuiltPrompt;
use crate::protocol::JsonObject;
use crate::resource::BuiltResource;
use crate::tasks::Rules;
use crate::tool::BuiltTool;
use crate::toolset::Components;

/// Everything a server offers.
pub(crate) struct Registry {
    tools: Named<BuiltTool>,
    prompts: Named<BuiltPrompt>,
    resources: Vec<Arc<BuiltResource>>,
}

impl Registry {
    /// Compiles the components and adds what is wrong with them to `problems`.
    pub(crate) fn build(components: Components, problems: &mut Vec<String>) -> Self {
        let Components {
            tools,
            resources,
            prompts,
        } = components;
        let mut registry = Self {
            tools: Named::new(),
            prompts: Named::new(),
            resources: Vec::new(),
        };
        for tool in tools {
            let name = tool.name.clone();
            registry.tools.insert("tool", name, tool.build(), problems);
        }
        for prompt in prompts {
            let name = prompt.name.clone();
            registry.prompts.insert("prompt", name, prompt.build(), problems);
        }
        for resource in resources {
            let uri = resource.uri.clone();
            if registry.resources.iter().any(|earlier| earlier.uri == uri) {
                problems.push(format!("resource `{uri}` is added twice"));
            }
            match resource.build() {
                Ok(resource) => registry.resources.push(Arc::new(resource)),
                Err(found) => {
                    problems.extend(found.iter().map(|problem| format!("resource `{uri}`: {problem}")));
                }
            }
        }
        // A fixed URI is more precise than any template that happens to fit it.
        registry.resources.sort_by_key(|resource| resource.is_template());
        registry
    }

    pub(crate) fn tools(&self) -> &[Arc<BuiltTool>] {
        &self.tools.items
    }

    /// The tools whose calls can become tasks.
    pub(crate) fn task_tools(&self) -> impl Iterator<Item = (&str, &Rules)> {
        let tools = self.tools().iter();
        tools.filter_map(|tool| Some((tool.listing.name.as_ref(), tool.task.as_ref()?)))
    }

    pub(crate) fn prompts(&self) -> &[Arc<BuiltPrompt>] {
        &self.prompts.items
    }

    /// Fixed resources first, then templates.
    pub(crate) fn resources(&self) -> &[Arc<BuiltResource>] {
        &self.resources
    }

    pub(crate) fn tool(&self, name: &str) -> CallResult<&Arc<BuiltTool>> {
        self.tools.get("tool", name)
    }

    pub(crate) fn prompt(&self, name: &str) -> CallResult<&Arc<BuiltPrompt>> {
        self.prompts.get("prompt", name)
    }

    /// The resource `uri` belongs to, and its variables.
    pub(crate) fn resource(&self, uri: &str) -> CallResult<(&Arc<BuiltResource>, JsonObject)> {
        for resource in &self.resources {
            if let Some(variables) = resource.variables_of(uri) {
                return Ok((resource, variables?));
            }
        }
        let error = CallError::not_found(format!("there is no resource `{uri}`"));
        let known = nearest(uri, self.resources.iter().map(|resource| resource.uri.as_str()));
        Err(match known {
            Some(known) => error.hint(format!("did you mean `{known}`?")),
            None => error,
        })
    }

    /// The resource whose URI or template is written exactly `uri`.
    pub(crate) fn resource_declared(&self, uri: &str) -> Option<&Arc<BuiltResource>> {
        self.resources.iter().find(|resource| resource.uri == uri)
    }

    /// Whether anything looks at the context of its call, and so can write into the client's log.
    pub(crate) fn may_log(&self) -> bool {
        !self.resources.is_empty()
            || !self.prompts().is_empty()
            || self.tools().iter().any(|tool| !tool.without_context)
    }

    /// Whether anything can be completed.
    pub(crate) fn has_completers(&self) -> bool {
        self.resources
            .iter()
            .any(|resource| !resource.completers.is_empty())
            || self.prompts().iter().any(|prompt| !prompt.completers.is_empty())
    }
}

/// Components found by name, in the order they were added.
struct Named<T> {
    items: Vec<Arc<T>>,
    by_name: HashMap<String, usize>,
}

impl<T> Named<T> {
    fn new() -> Self {
        Self {
            items: Vec::new(),
            by_name: HashMap::new(),
        }
    }

    fn insert(
        &mut self,
        kind: &str,
        name: String,
        built: Result<T, Vec<String>>,
        problems: &mut Vec<String>,
    ) {
        if self.by_name.contains_key(&name) {
            problems.push(format!("{kind} `{name}` is added twice"));
            return;
        }
        match built {
            Ok(item) => {
                self.by_name.insert(name, self.items.len());
                self.items.push(Arc::new(item));
            }
            Err(found) => problems.extend(found.iter().map(|problem| format!("{kind} `{name}`: {problem}"))),
        }
    }

    fn get(&self, kind: &str, name: &str) -> CallResult<&Arc<T>> {
        self.by_name
            .get(name)
            .and_then(|index| self.items.get(*index))
            .ok_or_else(|| {
                let error = CallError::not_found(format!("there is no {kind} `{name}`"));
                match nearest(name, self.by_name.keys().map(String::as_str)) {
                    Some(known) => error.hint(format!("did you mean `{known}`?")),
                    None => error.hint(format!("{kind}s/list shows what there is")),
                }
            })
    }
}
