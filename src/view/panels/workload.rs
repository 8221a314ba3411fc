//! A workload that was edited as text: what is wrong with it, or the fewest fields that make it from the lesson's.

use serde::Serialize;
use std::collections::BTreeMap;

use crate::scenario::{Json, Problem};

/// What a workload consists of.
pub const PARTS: [&str; 3] = ["channels", "sockets", "tasks"];
/// So many items of a list may differ to be set one by one; more set the list.
const SINGLE: usize = 2;

/// What an edited workload comes to.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Edited {
    /// Everything that is wrong.
    pub problems: Vec<Problem>,
    /// All fields that differ from the lesson, those outside of the workload included.
    pub set: BTreeMap<String, Json>,
}

/// Whether a field belongs to the workload.
#[must_use]
pub fn is_workload(path: &str) -> bool {
    PARTS.iter().any(|part| path == *part || path.strip_prefix(part).is_some_and(|rest| rest.starts_with('.')))
}

/// The parts of a workload.
///
/// # Errors
/// If it is not JSON, or has something else in it.
pub fn read(text: &str) -> Result<Json, Vec<Problem>> {
    let json = Json::parse(text)?;
    let Json::Map(fields) = &json else {
        return Err(vec![Problem::new("", format!("expected an object with {}, found {}", parts(), json.found()))]);
    };
    let strange = fields.iter().filter(|(name, _)| !PARTS.contains(&name.as_str()));
    let problems: Vec<Problem> = strange
        .map(|(name, _)| {
            let name: String = name.chars().take(64).collect();
            Problem::new(name, format!("a workload has {}; all else is in the other settings", parts()))
        })
        .collect();
    if problems.is_empty() { Ok(json) } else { Err(problems) }
}

fn parts() -> String {
    PARTS.join(", ")
}

/// The fields that make `new` from `old`, the deepest that are enough. `null` takes a field out.
#[must_use]
pub fn changes(old: &Json, new: &Json) -> Vec<(String, Json)> {
    let mut out = Vec::new();
    for part in PARTS {
        match (old.get(part), new.get(part)) {
            (Some(old), Some(new)) => differ(part, old, new, &mut out),
            (None, Some(new)) => out.push((part.to_owned(), new.clone())),
            (Some(_), None) => out.push((part.to_owned(), Json::Null)),
            (None, None) => {}
        }
    }
    out
}

fn differ(path: &str, old: &Json, new: &Json, out: &mut Vec<(String, Json)>) {
    if old == new {
        return;
    }
    let whole = (path.to_owned(), new.clone());
    match (old, new) {
        (Json::Map(before), Json::Map(after)) if related(before, after) => {
            for (name, _) in before.iter().filter(|(name, _)| new.get(name).is_none()) {
                out.push((format!("{path}.{name}"), Json::Null));
            }
            for (name, value) in after {
                let path = format!("{path}.{name}");
                match old.get(name) {
                    Some(known) => differ(&path, known, value, out),
                    None => out.push((path, value.clone())),
                }
            }
        }
        (Json::List(before), Json::List(after)) if before.len() == after.len() => {
            let changed: Vec<usize> = (0..after.len()).filter(|&i| before[i] != after[i]).collect();
            if changed.len() > SINGLE {
                return out.push(whole);
            }
            for i in changed {
                differ(&format!("{path}.{i}"), &before[i], &after[i], out);
            }
        }
        _ => out.push(whole),
    }
}

/// Whether two objects are one with other fields, and all names can stand in a path. Another step is another object.
fn related(before: &[(String, Json)], after: &[(String, Json)]) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let named = |(name, _): &(String, Json)| name.chars().all(plain) && !name.is_empty();
    let common: Vec<&String> = after.iter().map(|(name, _)| name).filter(|name| has(before, name)).collect();
    let order = before.iter().map(|(name, _)| name).filter(|name| has(after, name));
    // What is set by its name comes last: a new one between others needs the whole.
    let last = after.iter().skip(common.len()).all(|(name, _)| !has(before, name));
    !common.is_empty() && last && before.iter().chain(after).all(named) && order.eq(common.iter().copied())
}

fn has(fields: &[(String, Json)], name: &str) -> bool {
    fields.iter().any(|(known, _)| known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(old: &str, new: &str) -> Vec<(String, String)> {
        let found = changes(&Json::parse(old).unwrap(), &read(new).unwrap());
        found.into_iter().map(|(path, value)| (path, value.to_string())).collect()
    }

    const W: &str = r#"{"tasks": {"a": {"label": "A", "program": [{"cpu": "1 ms"}, {"sleep": "2 ms"}, "join"]}, "b": {"program": []}}}"#;

    #[test]
    fn a_number_that_changed_is_one_short_field() {
        assert_eq!(between(W, W), []);
        let path = |path: &str, value: &str| (path.to_owned(), value.to_owned());
        assert_eq!(between(W, &W.replace("1 ms", "3 ms")), [path("tasks.a.program.0.cpu", r#""3 ms""#)]);
        // Another verb is another step.
        assert_eq!(between(W, &W.replace("cpu", "block")), [path("tasks.a.program.0", r#"{"block": "1 ms"}"#)]);
        let less = W.replace(r#"{"cpu": "1 ms"}, "#, "");
        assert_eq!(between(W, &less), [path("tasks.a.program", r#"[{"sleep": "2 ms"}, "join"]"#)]);
    }

    #[test]
    fn kinds_come_and_go_by_their_names() {
        let gone = r#"{"tasks": {"a": {"label": "A", "program": [{"cpu": "1 ms"}, {"sleep": "2 ms"}, "join"]}}}"#;
        assert_eq!(between(W, gone), [("tasks.b".to_owned(), "null".to_owned())]);
        assert_eq!(between(gone, W), [("tasks.b".to_owned(), r#"{"program": []}"#.to_owned())]);
        assert_eq!(between(W, r#"{"channels": {}}"#).len(), 2);
        // The order decides colours, so another order is the whole.
        for other in [r#"{"tasks": {"b": {"program": []}, "a": {}}}"#, r#"{"tasks": {"n": {}, "a": {}, "b": {}}}"#] {
            let paths: Vec<String> = between(W, other).into_iter().map(|(path, _)| path).collect();
            assert_eq!(paths, ["tasks"], "{other}");
        }
    }

    #[test]
    fn a_name_that_cannot_stand_in_a_path_sets_what_is_around_it() {
        let (old, new) = (
            r#"{"tasks": {"a": {"program": [{"join!": [[]]}]}}}"#,
            r#"{"tasks": {"a": {"program": [{"join!": [["join"]]}]}}}"#,
        );
        assert_eq!(between(old, new), [("tasks.a.program.0".to_owned(), r#"{"join!": [["join"]]}"#.to_owned())]);
    }

    #[test]
    fn what_is_no_workload_is_told_with_its_path() {
        let paths = |text: &str| read(text).unwrap_err().into_iter().map(|problem| problem.path).collect::<Vec<_>>();
        assert_eq!(paths(r#"{"seed": 3, "tasks": {}, "limits": 1}"#), ["seed", "limits"]);
        assert_eq!(paths("[]"), [""]);
        assert_eq!(paths("{"), [""]);
    }

    #[test]
    fn every_change_makes_the_new_from_the_old() {
        use crate::scenario::{Draft, library};
        let texts: Vec<String> = library::ALL.iter().map(|named| named.draft().json().to_string()).collect();
        let part = |text: &str| {
            let json = Json::parse(text).unwrap();
            // The order of the parts themselves means nothing.
            Json::Map(PARTS.iter().filter_map(|p| Some(((*p).to_owned(), json.get(p)?.clone()))).collect())
        };
        for (old, new) in texts.iter().zip(texts.iter().skip(1)) {
            let mut draft = Draft::parse(old).unwrap();
            for (path, value) in changes(&part(old), &part(new)) {
                draft.put(&path, value).unwrap();
            }
            assert_eq!(part(&draft.json().to_string()), part(new));
        }
    }
}
