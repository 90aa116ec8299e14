//! What can be opened, and what is said when it cannot.

use std::fs;

use holdall_notes::{Notebook, NotebookOptions, SearchMode, SearchRequest};

use crate::support::{Desk, PATIENCE, found, found_by, inventory, open, paths, put};

const CARS: &str = "# Garage\n\nThe mechanic repaired the engine of my car and changed the tyres.\n";
const BREAD: &str = "# Kitchen\n\nMix flour, water and salt, let the dough rise, then bake the loaf.\n";

#[test]
fn notes_are_found_by_words_and_by_meaning() {
    let desk = Desk::new(&[("car.md", CARS), ("bread.md", BREAD)]);
    let notebook = desk.open();
    assert_eq!(found_by(&notebook, "mechanic", SearchMode::Lexical), ["car.md"]);
    assert_eq!(
        found_by(&notebook, "fixing a vehicle", SearchMode::Lexical),
        [""; 0]
    );
    assert_eq!(
        found_by(&notebook, "fixing a vehicle", SearchMode::Dense)[0],
        "car.md"
    );
    assert_eq!(
        found_by(&notebook, "how do I make pastry", SearchMode::Dense)[0],
        "bread.md"
    );
    let results = notebook.search(&SearchRequest::new("vehicle")).unwrap();
    assert!(results.legs.lexical && results.legs.dense, "{:?}", results.legs);
    assert_eq!((results.legs.passages, results.legs.embedded), (2, 2));
}

#[test]
fn filters_go_by_date_tag_and_folder() {
    let desk = Desk::new(&[
        ("work/2026-05-01.md", "---\ntags: [plan/big]\n---\nzebra one\n"),
        ("work/2026-06-01.md", "zebra two #plan\n"),
        ("home/x.md", "---\ndate: 2026-05-20\n---\nzebra three\n"),
    ]);
    let notebook = desk.open();
    let search = |change: &dyn Fn(&mut SearchRequest)| {
        let mut request = SearchRequest::new("zebra");
        change(&mut request);
        let results = notebook.search(&request).unwrap();
        let mut hits: Vec<_> = results.hits.iter().map(|hit| hit.path().to_string()).collect();
        hits.sort();
        hits
    };
    let may = holdall_notes::when::interval("2026-05", &notebook.now()).unwrap();
    let may = may.since.unwrap()..may.until.unwrap();
    let all = ["home/x.md", "work/2026-05-01.md", "work/2026-06-01.md"];
    assert_eq!(search(&|_| {}), all);
    assert_eq!(
        search(&|request| request.filter.interval = Some(may.clone())),
        [all[0], all[1]]
    );
    assert_eq!(
        search(&|request| request.filter.tags = vec!["#Plan".into()]),
        [all[1], all[2]]
    );
    assert_eq!(
        search(&|request| request.filter.tags = vec!["plan/big".into()]),
        [all[1]]
    );
    assert_eq!(
        search(&|request| request.filter.folder = Some("work/".into())),
        [all[1], all[2]]
    );
    assert_eq!(
        search(&|request| request.filter.folder = Some("nowhere".into())),
        [""; 0]
    );
}

#[test]
fn a_second_start_embeds_nothing_again() {
    let desk = Desk::new(&[("car.md", CARS), ("bread.md", BREAD)]);
    let vectors = || {
        let files = crate::support::files(desk.data.path());
        let vectors = files
            .into_iter()
            .find(|path| path.extension().is_some_and(|ext| ext == "bin"))
            .unwrap();
        let metadata = fs::metadata(&vectors).unwrap();
        (vectors, metadata.len(), metadata.modified().unwrap())
    };
    drop(desk.open());
    let before = vectors();
    let notebook = desk.open();
    assert_eq!(found(&notebook, "mechanic")[0], "car.md");
    drop(notebook);
    assert_eq!(vectors(), before);
    // A note that moves is not embedded again either.
    fs::rename(desk.path("car.md"), desk.path("garage.md")).unwrap();
    let notebook = desk.open();
    assert_eq!(paths(&notebook), ["bread.md", "garage.md"]);
    drop(notebook);
    assert_eq!(vectors(), before);
}

#[test]
fn an_empty_folder_is_a_knowledge_base() {
    let desk = Desk::new(&[]);
    let notebook = desk.open();
    assert_eq!(found(&notebook, "anything"), [""; 0]);
    assert_eq!(inventory(&notebook), []);
    assert_eq!(notebook.status().problems, []);
    notebook.create("first.md", "hello").unwrap();
    assert_eq!(found(&notebook, "hello"), ["first.md"]);
}

#[test]
fn without_meaning_words_are_searched_and_no_vectors_made() {
    let desk = Desk::new(&[("car.md", CARS)]);
    let notebook = desk.open_words();
    assert_eq!(found(&notebook, "mechanic"), ["car.md"]);
    let results = notebook.search(&SearchRequest::new("mechanic")).unwrap();
    assert!(results.legs.lexical && !results.legs.dense);
    assert_eq!(notebook.status().model, "none: search by meaning is switched off");
    drop(notebook);
    assert!(
        !crate::support::files(desk.data.path())
            .iter()
            .any(|path| path.extension().is_some_and(|ext| ext == "bin"))
    );
    // Switched on, the same index serves.
    assert_eq!(
        found_by(&desk.open(), "fixing a vehicle", SearchMode::Dense),
        ["car.md"]
    );
}

#[test]
fn several_folders_of_one_name_keep_their_names_in_any_order() {
    let parents: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let data = tempfile::tempdir().unwrap();
    let folders: Vec<_> = parents.iter().map(|parent| parent.path().join("notes")).collect();
    for (number, folder) in folders.iter().enumerate() {
        put(folder, "same.md", format!("word{number} zebra"));
    }
    let mut order: Vec<&std::path::Path> = folders.iter().map(AsRef::as_ref).collect();
    let listing = |order: &[&std::path::Path]| {
        let notebook = open(order, data.path(), |options| options.semantic = false);
        let mut notes: Vec<_> = (0..3)
            .map(|number| {
                let hit = found(&notebook, &format!("word{number}")).remove(0);
                let text = notebook.read(&hit, None).unwrap().text;
                assert!(
                    text.contains(&format!("word{number}")),
                    "{hit} is another note's name"
                );
                hit
            })
            .collect();
        assert_eq!(inventory(&notebook).len(), 3);
        notes.push(notebook.status().roots.join(","));
        notes
    };
    let first = listing(&order);
    let mut sorted = first[..3].to_vec();
    sorted.sort();
    assert_eq!(sorted, ["notes-2/same.md", "notes-3/same.md", "notes/same.md"]);
    order.rotate_left(1);
    assert_eq!(listing(&order)[..3], first[..3]);
    order.swap(0, 1);
    assert_eq!(listing(&order)[..3], first[..3]);
    // One index, not three.
    assert_eq!(fs::read_dir(data.path().join("notes")).unwrap().count(), 1);
}

#[test]
fn one_data_folder_serves_many_notebooks() {
    let (one, other) = (Desk::new(&[("a.md", "zebra")]), Desk::new(&[("b.md", "zebra")]));
    let first = open(&[one.notes.path()], one.data.path(), |options| {
        options.semantic = false
    });
    let second = open(&[other.notes.path()], one.data.path(), |options| {
        options.semantic = false
    });
    assert_eq!(found(&first, "zebra"), ["a.md"]);
    assert_eq!(found(&second, "zebra"), ["b.md"]);
    first.create("c.md", "zebra").unwrap();
    assert_eq!(second.undo().unwrap_err().kind(), "nothing_to_undo");
    assert_eq!(found(&first, "zebra").len(), 2);
}

#[test]
fn folders_that_cannot_be_used_are_named_with_what_to_do() {
    let desk = Desk::new(&[("a.md", "a"), ("sub/b.md", "b")]);
    let error = |folders: &[std::path::PathBuf], data: &std::path::Path| {
        let outcome = Notebook::open(folders, NotebookOptions::new(data));
        let error = outcome.err().unwrap();
        assert!(error.hint().is_some(), "{error}");
        (error.kind(), error.to_string())
    };
    let data = desk.data.path();
    let (kind, text) = error(&[desk.path("nowhere")], data);
    assert_eq!(kind, "root");
    assert!(
        text.contains("nowhere") && text.contains("does not exist"),
        "{text}"
    );
    let (kind, text) = error(&[desk.path("a.md")], data);
    assert_eq!(kind, "root");
    assert!(text.contains("is a file"), "{text}");
    let (kind, text) = error(&[desk.path(""), desk.path("sub")], data);
    assert_eq!(kind, "root");
    assert!(text.contains("one inside the other"), "{text}");
    let (kind, text) = error(&[], data);
    assert_eq!(kind, "root");
    assert!(text.contains("no folder was given"), "{text}");
    // A file where the data should go, and a file above it.
    for place in ["a.md", "a.md/deeper"] {
        let (kind, text) = error(&[desk.path("")], &desk.path(place));
        assert_eq!(kind, "data_folder");
        assert!(text.contains("a.md"), "{text}");
    }
}

#[test]
fn the_same_folder_twice_counts_once() {
    let desk = Desk::new(&[("a.md", "zebra")]);
    let folder = desk.notes.path();
    let notebook = open(&[folder, folder], desk.data.path(), |options| {
        options.semantic = false
    });
    assert_eq!(paths(&notebook), ["a.md"]);
}

#[test]
fn dropping_a_notebook_that_still_works_ends_it() {
    let text: String = (0..200)
        .map(|n| format!("# Part {n}\n\nSome words about the number {n}.\n\n"))
        .collect();
    let desk = Desk::new(&[]);
    for n in 0..50 {
        desk.put(&format!("{n}.md"), &text);
    }
    let notebook = Notebook::open(&[desk.notes.path()], NotebookOptions::new(desk.data.path())).unwrap();
    drop(notebook);
    // The next one goes on where it ended.
    let notebook = desk.open_words();
    assert_eq!(inventory(&notebook).len(), 50);
    assert!(notebook.wait_until_indexed(PATIENCE));
}
