//! All templates of all folders: what is offered of them, and what is wrong with the rest.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::PromptsError;
use super::folder::{Folder, stem};
use super::template::{Mistake, Template, visible};

/// The folders, and what their files said when they were last read.
#[derive(Clone, Debug)]
pub(super) struct Library {
    folders: Vec<Folder>,
    /// By the place of the folder and the name of the file: whoever comes first has a name that two want.
    files: BTreeMap<(usize, String), Known>,
    /// What is wrong with whole folders.
    folder_problems: Vec<Problem>,
}

/// What is known of a file.
#[derive(Clone, Debug, Default)]
struct Known {
    /// The last version that was right.
    good: Option<Arc<Template>>,
    mistake: Option<Mistake>,
}

/// Something a user has to see to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Problem {
    /// The file, with its folder if there are several; or the folder.
    pub(super) place: String,
    pub(super) line: Option<usize>,
    pub(super) message: String,
    /// The prompt of which an earlier version is still offered.
    pub(super) kept: Option<String>,
}

/// What is to be offered.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// By the names of the prompts; each with its file as it is shown.
    pub(super) templates: BTreeMap<String, (String, Arc<Template>)>,
    pub(super) problems: Vec<Problem>,
}

impl Library {
    /// Opens folders; the same one twice counts once.
    pub(super) fn open(paths: &[PathBuf]) -> Result<Self, PromptsError> {
        let mut folders: Vec<Folder> = Vec::with_capacity(paths.len());
        for path in paths {
            let folder = Folder::open(path)?;
            if !folders.iter().any(|other| other.path == folder.path) {
                folders.push(folder);
            }
        }
        Ok(Self {
            folders,
            files: BTreeMap::new(),
            folder_problems: Vec::new(),
        })
    }

    pub(super) fn folders(&self) -> &[Folder] {
        &self.folders
    }

    /// Reads everything again. A file that is gone is forgotten; of one that is wrong the last version that was right
    /// is kept, and of a folder that is missing as a whole everything: it may be on its way back.
    pub(super) fn refresh(&mut self) {
        self.folder_problems.clear();
        for (at, folder) in self.folders.iter().enumerate() {
            let problem = |message: String| Problem {
                place: visible(&folder.name),
                line: None,
                message,
                kept: None,
            };
            let content = match folder.read() {
                Ok(content) => content,
                Err(reason) => {
                    let message =
                        format!("the folder cannot be read: {reason}; its prompts are offered as they were");
                    self.folder_problems.push(problem(message));
                    continue;
                }
            };
            self.folder_problems
                .extend(content.problems.into_iter().map(problem));
            let mut before = std::mem::take(&mut self.files);
            for file in content.files {
                let key = (at, file.name);
                let good = before.remove(&key).and_then(|known| known.good);
                let read = file.text.map_err(Mistake::of_file);
                let read = read.and_then(|text| Template::read(&text, stem(&key.1).unwrap_or(&key.1)));
                let known = match read {
                    // What has not changed stays the same value, by which it is recognised.
                    Ok(template) if good.as_deref() == Some(&template) => Known { good, mistake: None },
                    Ok(template) => Known {
                        good: Some(Arc::new(template)),
                        mistake: None,
                    },
                    Err(mistake) => Known {
                        good,
                        mistake: Some(mistake),
                    },
                };
                self.files.insert(key, known);
            }
            self.files
                .extend(before.into_iter().filter(|((of, _), _)| *of != at));
        }
    }

    /// What is to be offered of what was read, and everything that is wrong.
    pub(super) fn selection(&self) -> Selection {
        let mut selection = Selection {
            templates: BTreeMap::new(),
            problems: self.folder_problems.clone(),
        };
        for ((at, file), known) in &self.files {
            let place = self.shown(*at, file);
            if let Some(mistake) = &known.mistake {
                selection.problems.push(Problem {
                    place: place.clone(),
                    line: mistake.line,
                    message: mistake.message.clone(),
                    kept: known.good.as_ref().map(|template| template.name.clone()),
                });
            }
            let Some(template) = &known.good else { continue };
            if let Some((first, _)) = selection.templates.get(&template.name) {
                selection.problems.push(Problem {
                    place,
                    line: None,
                    message: format!(
                        "`{first}` has the name `{}` already: rename this file, or add `name: …` to it",
                        template.name
                    ),
                    kept: None,
                });
                continue;
            }
            let offered = (place, Arc::clone(template));
            selection.templates.insert(template.name.clone(), offered);
        }
        selection
    }

    /// A file as clients may know it.
    fn shown(&self, folder: usize, file: &str) -> String {
        match self.folders.len() {
            1 => visible(file),
            _ => visible(&format!("{}/{file}", self.folders[folder].name)),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.place)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.message)?;
        match &self.kept {
            Some(name) => write!(f, "; `{name}` is offered as it was before"),
            None => Ok(()),
        }
    }
}

/// What is wrong at the moment, for whoever asks.
#[derive(Debug, Default)]
pub(super) struct Problems(Mutex<Vec<Problem>>);

impl Problems {
    /// Takes note of what is wrong now; returns what was not wrong before, or `None` if nothing has changed.
    pub(super) fn set(&self, mut now: Vec<Problem>) -> Option<Vec<Problem>> {
        now.sort_unstable();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *known == now {
            return None;
        }
        let fresh = now
            .iter()
            .filter(|problem| !known.contains(problem))
            .cloned()
            .collect();
        *known = now;
        Some(fresh)
    }

    /// All of it as Markdown.
    pub(super) fn text(&self) -> String {
        let problems = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if problems.is_empty() {
            return "All files of prompts are right.\n".to_owned();
        }
        let mut text = String::new();
        for problem in problems.iter() {
            let _ = writeln!(text, "- {problem}");
        }
        text
    }
}
