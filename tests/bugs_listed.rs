//! `docs/bugs.md`: 55 bugs of other executors, each with tests that exist, or with a reason why it cannot occur here.

use crate::rules_listed::tests;

fn docs() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/bugs.md");
    std::fs::read_to_string(path).expect("docs/bugs.md")
}

/// Number, what happened, what answers it.
fn rows(text: &str) -> Vec<[&str; 3]> {
    let cells =
        |line| <str>::strip_prefix(line, "| ")?.strip_suffix(" |")?.split(" | ").collect::<Vec<_>>().try_into().ok();
    text.lines().filter_map(cells).filter(|[number, ..]: &[&str; 3]| number.parse::<u32>().is_ok()).collect()
}

#[test]
fn every_bug_has_a_test_that_exists_or_a_reason() {
    let (text, tests) = (docs(), tests());
    let rows = rows(&text);
    let numbers: Vec<u32> = rows.iter().map(|[number, ..]| number.parse().expect("a number")).collect();
    assert_eq!(numbers, (1..=55).collect::<Vec<_>>());
    let mut wrong = Vec::new();
    for [number, _, answer] in rows {
        let named: Vec<&str> =
            answer.split('`').skip(1).step_by(2).filter(|word| word.matches('_').count() > 2).collect();
        let missing: Vec<_> = named.iter().filter(|name| !tests.contains(**name)).collect();
        if !missing.is_empty() {
            wrong.push(format!("{number}: no such test: {missing:?}"));
        }
        if named.is_empty() && !answer.starts_with("Cannot occur: ") {
            wrong.push(format!("{number}: neither a test nor a reason: {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
