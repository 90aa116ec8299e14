use std::time::Duration;

use similar::TextDiff;

/// Longest diff that is returned, in bytes.
const DIFF_BYTES_MAX: usize = 64 * 1024;
/// Time after which a diff gives up being minimal.
const DIFF_TIME: Duration = Duration::from_millis(200);

/// The difference between two versions of a file as a unified diff, at most 64 KiB of it; `None` is a file that is not
/// there. Empty when nothing changed.
pub fn diff(path: &str, old: Option<&str>, new: Option<&str>) -> String {
    let name = |side: &str, there: bool| {
        if there {
            format!("{side}/{path}")
        } else {
            "/dev/null".to_owned()
        }
    };
    let mut config = TextDiff::configure();
    let texts = config
        .timeout(DIFF_TIME)
        .diff_lines(old.unwrap_or(""), new.unwrap_or(""));
    let mut unified = texts.unified_diff();
    let mut diff = unified
        .context_radius(3)
        .header(&name("a", old.is_some()), &name("b", new.is_some()))
        .to_string();
    if diff.len() > DIFF_BYTES_MAX {
        diff.truncate(diff.floor_char_boundary(DIFF_BYTES_MAX));
        diff.push_str("\n… the diff is longer\n");
    }
    diff
}
