//! `docs/rules.md` names a test for each rule: every one exists, and every policy has its section.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dandori::policy::Registry;

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of this repository") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// Names of all functions that are tests.
pub fn tests() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    sources(&root.join("src"), &mut paths);
    sources(&root.join("tests"), &mut paths);
    let mut names = BTreeSet::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a source file");
        for rest in text.split("#[test]").skip(1) {
            let name = rest.split_once("fn ").and_then(|(_, rest)| rest.split_once('('));
            names.extend(name.map(|(name, _)| name.to_owned()));
        }
    }
    names
}

fn docs() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    std::fs::read_to_string(path).expect("docs/rules.md")
}

#[test]
fn every_test_that_the_list_of_rules_names_exists() {
    let (text, tests) = (docs(), tests());
    let is_test = |word: &&str| word.contains('_') && word.matches('_').count() > 2;
    let named: Vec<&str> = text.split('`').skip(1).step_by(2).filter(is_test).collect();
    assert!(named.len() > 80, "{} rules", named.len());
    let missing: Vec<_> = named.iter().filter(|name| !tests.contains(**name)).collect();
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
}

#[test]
fn every_policy_has_its_section_and_each_row_a_test() {
    let text = docs();
    let sections: Vec<&str> = text.split("\n## ").skip(1).collect();
    for policy in Registry::standard().iter() {
        let name = policy.spec.name;
        let section = sections.iter().find(|section| section.lines().next() == Some(name));
        let section = section.unwrap_or_else(|| panic!("{name} has no section"));
        let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
        assert!(rows.len() >= 3, "{name} has {} rules", rows.len());
        for row in rows {
            let test = row.trim_end_matches(" |").rsplit(" | ").next().expect("a cell");
            assert!(test.starts_with('`') && test.ends_with('`'), "{name}: {row}");
        }
    }
}
