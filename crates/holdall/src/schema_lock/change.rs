//! [`Change`]: one difference, judged; and [`Report`]: all of them, told.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// Characters of a value that a report shows.
const SHOWN_CHARS: usize = 120;

/// How much a change asks of those who use a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// People and models read something else; nothing works differently.
    Cosmetic,
    /// Whatever worked still works.
    Compatible,
    /// Something that worked may fail.
    Breaking,
}

/// What kind of change it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// It is there under another name.
    Renamed,
    /// It must be there now.
    Required,
    /// It need not be there any more.
    Optional,
    /// It has another type.
    Retyped,
    /// Fewer values fit.
    Narrowed,
    /// More values fit.
    Widened,
    /// It is not known whether fewer values fit.
    Unproven,
    /// The same values mean something else, such as another default.
    Meaning,
    /// Other callers may use it.
    Access,
    /// It says other words.
    Wording,
    /// The same things come in another order.
    Order,
}

/// One difference between two locks.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// What kind it is.
    pub kind: ChangeKind,
    /// How bad it is.
    pub severity: Severity,
    /// Where in the lock file, as a JSON pointer: `/tools/search/input/properties/limit/maximum`.
    pub path: String,
    /// What was there; `None` if nothing was, or if it does not matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What is there now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// Why it is judged so.
    pub why: String,
}

/// The smallest step of the version that tells users of a server what to expect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bump {
    /// Nothing has changed.
    #[default]
    None,
    /// Words have changed.
    Patch,
    /// There is more than before.
    Minor,
    /// Something may fail.
    Major,
}

impl Bump {
    /// The version after this step, by Cargo's rules: before `1.0.0` the second number stands for the first.
    /// `None` if `version` is not of the form `1.2.3`.
    ///
    /// ```
    /// use holdall::schema_lock::Bump;
    ///
    /// assert_eq!(Bump::Major.next("1.4.2").as_deref(), Some("2.0.0"));
    /// assert_eq!(Bump::Major.next("0.4.2").as_deref(), Some("0.5.0"));
    /// assert_eq!(Bump::Minor.next("0.4.2").as_deref(), Some("0.4.3"));
    /// ```
    pub fn next(self, version: &str) -> Option<String> {
        let numbers: Vec<u64> = version
            .split('.')
            .map(|number| number.parse().ok())
            .collect::<Option<_>>()?;
        let [major, minor, patch] = numbers[..] else {
            return None;
        };
        let (major, minor, patch) = match (self, major, minor) {
            (Self::None, ..) => (major, minor, patch),
            (Self::Major, 0, 0) | (Self::Patch, ..) | (Self::Minor, 0, _) => (major, minor, patch + 1),
            (Self::Major, 0, _) | (Self::Minor, ..) => (major, minor + 1, 0),
            (Self::Major, ..) => (major + 1, 0, 0),
        };
        Some(format!("{major}.{minor}.{patch}"))
    }
}

impl fmt::Display for Bump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "no",
            Self::Patch => "a patch",
            Self::Minor => "a minor",
            Self::Major => "a major",
        })
    }
}

/// Everything that has changed, the worst first.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    changes: Vec<Change>,
}

impl Report {
    pub(super) fn new(mut changes: Vec<Change>) -> Self {
        changes.sort_by(|left, right| {
            let order = right.severity.cmp(&left.severity);
            order.then_with(|| left.path.cmp(&right.path))
        });
        changes.dedup();
        Self { changes }
    }

    /// The changes, the worst first, then by path.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The changes of one severity.
    pub fn of(&self, severity: Severity) -> impl Iterator<Item = &Change> {
        self.changes
            .iter()
            .filter(move |change| change.severity == severity)
    }

    /// The step of the version these changes ask for.
    pub fn bump(&self) -> Bump {
        let worst = self.changes.iter().map(|change| change.severity).max();
        match worst {
            None => Bump::None,
            Some(Severity::Cosmetic) => Bump::Patch,
            Some(Severity::Compatible) => Bump::Minor,
            Some(Severity::Breaking) => Bump::Major,
        }
    }
}

/// The report as people read it.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.changes.is_empty() {
            return writeln!(f, "nothing has changed");
        }
        for (severity, title) in [
            (Severity::Breaking, "breaking"),
            (Severity::Compatible, "compatible"),
            (Severity::Cosmetic, "cosmetic"),
        ] {
            let changes: Vec<&Change> = self.of(severity).collect();
            if changes.is_empty() {
                continue;
            }
            writeln!(f, "{title} ({})", changes.len())?;
            for change in changes {
                write!(f, "{change}")?;
            }
            writeln!(f)?;
        }
        writeln!(f, "this asks for {} version", self.bump())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {}", self.path)?;
        writeln!(f, "    {}", self.why)?;
        if let Some(before) = &self.before {
            writeln!(f, "    before: {}", shown(before))?;
        }
        if let Some(after) = &self.after {
            writeln!(f, "    after:  {}", shown(after))?;
        }
        Ok(())
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_CHARS) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
