//! Compile errors are written for people: the texts are pinned in `tests/ui`.

#[test]
fn misuses_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
