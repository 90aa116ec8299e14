//! Whether ignore files leave a path out. For one path this is cheaper than a walk, and there need be no file yet;
//! a test holds both to the same verdicts.

use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::Gitignore;

/// Whether `.gitignore` or `.ignore` files leave out `relative`, a file below `root`, or a folder it lies in.
pub(crate) fn is_ignored(root: &Path, relative: &Path) -> bool {
    // The rules that hold in each folder on the way, outermost first.
    let mut rules: Vec<FolderRules> = Vec::new();
    let mut folder = root.to_owned();
    let mut parts = relative.components().peekable();
    while let Some(part) = parts.next() {
        rules.push(FolderRules::read(&folder));
        folder.push(part);
        if leaves_out(&rules, &folder, parts.peek().is_some()) {
            return true;
        }
    }
    false
}

struct FolderRules {
    ignore: Gitignore,
    gitignore: Gitignore,
}

impl FolderRules {
    fn read(folder: &Path) -> Self {
        // What cannot be read, or understood, ignores nothing: so does the walk.
        let rules = |name: &str| -> Gitignore {
            let file: PathBuf = folder.join(name);
            if file.is_file() {
                Gitignore::new(file).0
            } else {
                Gitignore::empty()
            }
        };
        Self {
            ignore: rules(".ignore"),
            gitignore: rules(".gitignore"),
        }
    }
}

/// The innermost rule decides; `.ignore` goes before `.gitignore`.
fn leaves_out(rules: &[FolderRules], path: &Path, is_folder: bool) -> bool {
    let mut by_ignore = Match::None;
    let mut by_gitignore = Match::None;
    for rules in rules.iter().rev() {
        by_ignore = by_ignore.or(rules.ignore.matched(path, is_folder));
        by_gitignore = by_gitignore.or(rules.gitignore.matched(path, is_folder));
    }
    by_ignore.or(by_gitignore).is_ignore()
}
