use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::store::generation_path;
use super::*;

const DIMENSIONS: usize = 16;

fn store(folder: &Path) -> Arc<VectorStore> {
    Arc::new(VectorStore::open(folder, "test", DIMENSIONS).expect("the store opens"))
}

fn key(number: u32) -> VectorKey {
    ContentHash::of(&number.to_le_bytes()).into()
}

/// A vector of length 1 that `number` alone determines.
fn vector(number: u32) -> Vec<f32> {
    let raw = (0..DIMENSIONS as u32).map(|i| ((number * 31 + i * 17) % 97) as f32 - 48.0);
    let raw: Vec<f32> = raw.collect();
    let length = raw.iter().map(|c| c * c).sum::<f32>().sqrt();
    raw.iter().map(|c| c / length).collect()
}

fn append(writer: &mut VectorWriter, numbers: std::ops::Range<u32>) {
    let vectors: Vec<_> = numbers.map(|number| (key(number), vector(number))).collect();
    let borrowed: Vec<_> = vectors
        .iter()
        .map(|(key, vector)| (*key, vector.as_slice()))
        .collect();
    writer.append(&borrowed).expect("vectors are appended");
}

fn assert_has(rows: &VectorRows, number: u32) {
    let row = rows
        .row_of(key(number))
        .unwrap_or_else(|| panic!("vector {number} is there"));
    let cosine = rows.dot(row, &QueryVector::new(&vector(number)));
    assert!(
        (cosine - 1.0).abs() < 0.02,
        "vector {number} is itself, but its cosine is {cosine}"
    );
}

#[test]
fn rows_are_found_again_by_another_reader() {
    let folder = tempfile::tempdir().expect("a folder");
    let reader = store(folder.path());
    assert!(reader.rows().is_empty());
    let mut writer = VectorWriter::open(store(folder.path())).expect("the writer opens");
    append(&mut writer, 0..10);
    append(&mut writer, 5..12);
    assert!(reader.refresh().expect("refreshes"));
    assert!(!reader.refresh().expect("refreshes"));
    let rows = reader.rows();
    assert_eq!(rows.len(), 12);
    (0..12).for_each(|number| assert_has(&rows, number));
    assert_eq!(rows.row_of(key(12)), None);
}

#[test]
fn nearest_is_exact_and_keeps_to_its_candidates() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut writer = VectorWriter::open(store(folder.path())).expect("the writer opens");
    append(&mut writer, 0..200);
    let rows = writer.store().rows();
    let query = QueryVector::new(&vector(77));
    let candidates = || (0..200).filter(|row| row % 2 == 1).map(|row| (row, row));
    let nearest = rows.nearest(&query, candidates(), 7).expect("searches");
    let mut expected: Vec<_> = candidates()
        .map(|(row, _)| (row, rows.dot(row, &query)))
        .collect();
    expected.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    assert_eq!(nearest, expected[..7]);
    assert_eq!(nearest[0].0, 77);
    assert!(
        rows.nearest(&query, candidates(), 0)
            .expect("searches")
            .is_empty()
    );
    assert!(rows.nearest(&QueryVector::new(&[1.0]), candidates(), 1).is_err());
}

#[test]
fn a_second_writer_is_refused_until_the_first_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let writer = VectorWriter::open(store(folder.path())).expect("the writer opens");
    assert!(matches!(
        VectorWriter::open(store(folder.path())),
        Err(VectorError::Busy)
    ));
    drop(writer);
    VectorWriter::open(store(folder.path())).expect("the next writer opens");
}

#[test]
fn a_crash_at_any_byte_of_the_last_row_costs_that_row_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    append(
        &mut VectorWriter::open(store(folder.path())).expect("the writer opens"),
        0..4,
    );
    let path = generation_path(folder.path(), 1);
    let whole = fs::read(&path).expect("the file is read");
    let row = format::row_bytes(DIMENSIONS);
    for cut in 1..=row {
        fs::write(&path, &whole[..whole.len() - cut]).expect("the file is cut");
        assert_eq!(store(folder.path()).rows().len(), 3, "{cut} bytes are missing");
        let mut writer = VectorWriter::open(store(folder.path())).expect("the writer opens");
        assert_eq!(
            fs::metadata(&path).expect("it is there").len() as usize,
            whole.len() - row
        );
        append(&mut writer, 3..5);
        assert_eq!(writer.store().rows().len(), 5);
        (0..5).for_each(|number| assert_has(&writer.store().rows(), number));
    }
}

#[test]
fn a_flipped_bit_anywhere_costs_its_row_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    append(
        &mut VectorWriter::open(store(folder.path())).expect("the writer opens"),
        0..4,
    );
    let whole = fs::read(generation_path(folder.path(), 1)).expect("the file is read");
    let row = format::row_bytes(DIMENSIONS);
    for byte in format::HEADER_BYTES..whole.len() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut damaged = whole.clone();
        damaged[byte] ^= 1 << (byte % 8);
        fs::write(generation_path(folder.path(), 1), &damaged).expect("the file is damaged");
        let lost = ((byte - format::HEADER_BYTES) / row) as u32;
        assert_eq!(
            store(folder.path()).rows().len(),
            lost,
            "readers stop before damage at byte {byte}"
        );
        let writer = VectorWriter::open(store(folder.path())).expect("the writer opens");
        let rows = writer.store().rows();
        assert_eq!(rows.len(), 3, "byte {byte}");
        (0..4)
            .filter(|&number| number != lost)
            .for_each(|number| assert_has(&rows, number));
        assert_eq!(rows.row_of(key(lost)), None);
    }
}

#[test]
fn zeros_and_a_damaged_header_are_not_vectors() {
    let folder = tempfile::tempdir().expect("a folder");
    append(
        &mut VectorWriter::open(store(folder.path())).expect("the writer opens"),
        0..2,
    );
    let path = generation_path(folder.path(), 1);
    let mut bytes = fs::read(&path).expect("the file is read");
    bytes.resize(bytes.len() + 3 * format::row_bytes(DIMENSIONS), 0);
    fs::write(&path, &bytes).expect("zeros are added");
    assert_eq!(store(folder.path()).rows().len(), 2);
    for damaged in [&bytes[..0], &bytes[..100], &[0u8; 2_000][..]] {
        fs::write(&path, damaged).expect("the header is damaged");
        assert!(store(folder.path()).rows().is_empty());
    }
    let mut writer = VectorWriter::open(store(folder.path())).expect("the writer starts anew");
    append(&mut writer, 0..2);
    assert_eq!(store(folder.path()).rows().len(), 2);
}

#[test]
fn vectors_of_another_embedder_are_not_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    append(
        &mut VectorWriter::open(store(folder.path())).expect("the writer opens"),
        0..2,
    );
    let other = || Arc::new(VectorStore::open(folder.path(), "other", DIMENSIONS).expect("the store opens"));
    assert!(other().rows().is_empty());
    let mut writer = VectorWriter::open(other()).expect("the writer opens");
    append(&mut writer, 7..9);
    assert_eq!(other().rows().len(), 2);
    assert!(store(folder.path()).rows().is_empty());
}

#[test]
fn compaction_keeps_live_rows_and_the_youngest_garbage() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut writer = VectorWriter::open(store(folder.path())).expect("the writer opens");
    append(&mut writer, 0..2_000);
    let live_until = |end: u32| {
        let live: std::collections::HashSet<VectorKey> = (0..end).map(key).collect();
        move |key| live.contains(&key)
    };
    assert_eq!(
        writer.compact(live_until(1_000)).expect("looks"),
        None,
        "half is not more than half"
    );
    let reader = store(folder.path());
    let before = reader.rows();
    let done = writer
        .compact(live_until(400))
        .expect("compacts")
        .expect("there is enough garbage");
    assert_eq!(
        done,
        Compaction {
            rows_before: 2_000,
            rows_after: 500
        }
    );
    assert!(reader.refresh().expect("refreshes"));
    let after = reader.rows();
    assert_ne!(before.generation(), after.generation());
    (0..400)
        .chain(1_900..2_000)
        .for_each(|number| assert_has(&after, number));
    assert_eq!(after.row_of(key(1_000)), None);
    (0..2_000).for_each(|number| assert_has(&before, number));
    append(&mut writer, 400..500);
    assert_has(&writer.store().rows(), 450);
    assert_eq!(super::store::generations(folder.path()).expect("lists"), [2]);
}

#[test]
fn readers_see_whole_rows_only_while_a_writer_appends_and_compacts() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut writer = VectorWriter::open(store(folder.path())).expect("the writer opens");
    append(&mut writer, 0..10);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let reader = store(folder.path());
                while !done.load(Ordering::Acquire) {
                    reader.refresh().expect("refreshes");
                    let rows = reader.rows();
                    (0..10).for_each(|number| assert_has(&rows, number));
                    let query = QueryVector::new(&vector(3));
                    let all = (0..rows.len()).map(|row| (row, row));
                    let (nearest, cosine) = rows.nearest(&query, all, 1).expect("searches")[0];
                    assert!(cosine > 0.98 && nearest < rows.len());
                }
            });
        }
        let live: std::collections::HashSet<VectorKey> = (0..10).map(key).collect();
        for round in 0..20 {
            (0..20).for_each(|step| {
                append(
                    &mut writer,
                    10 + round * 1_000 + step * 50..60 + round * 1_000 + step * 50,
                );
            });
            writer.compact(|key| live.contains(&key)).expect("compacts");
        }
        done.store(true, Ordering::Release);
    });
    assert!(writer.store().rows().generation() > 1, "compaction happened");
}
