//! Reading fields of a JSON tree: every helper reports what is wrong and goes on with a stand-in, so that one pass
//! finds everything. The stand-ins never leave the reader: one problem, and there is no result.

use std::ops::RangeInclusive;

use super::json::{Json, clip, quote};
use super::length;
use super::limits::NAME;
use super::problem::{Problems, at, either, nearest};
use crate::time::{Nanos, Time};

/// The fields of an object that was checked for unknown names.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    map: &'a [(String, Json)],
}

impl<'a> Fields<'a> {
    pub(super) fn get(self, name: &str) -> Option<&'a Json> {
        self.map.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(super) fn has(self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// What was found where something else is needed.
pub(super) fn expected(problems: &mut Problems, path: &str, what: &str, json: &Json) {
    problems.add(path, format!("expected {what}, found {}", json.found()));
}

/// The object at `path`, if it is one. Unknown fields are problems.
pub(super) fn object<'a>(problems: &mut Problems, path: &str, json: &'a Json, known: &[&str]) -> Option<Fields<'a>> {
    let Json::Map(map) = json else {
        let fields = if known.is_empty() { String::new() } else { format!(" with {}", either(known.iter().copied())) };
        expected(problems, path, &format!("an object{fields}"), json);
        return None;
    };
    for (name, _) in map {
        if !known.contains(&name.as_str()) {
            unknown(problems, at(path, clip(name)), "field", name, known.iter().copied());
        }
    }
    Some(Fields { map })
}

/// A name that is none of those that are allowed: "there is no field ...; did you mean ...? Allowed: ...".
pub(super) fn unknown<'a>(
    problems: &mut Problems,
    path: impl Into<String>,
    what: &str,
    name: &str,
    allowed: impl IntoIterator<Item = &'a str> + Clone,
) {
    // Comparing names takes time, and a hostile text could have thousands.
    if problems.is_full() {
        return problems.add("", "");
    }
    let names = either(allowed.clone());
    let meant = nearest(name, allowed).map_or(".".to_owned(), |near| format!("; did you mean {near}?"));
    problems.add(path, format!("there is no {what} {}{meant} Allowed: {names}", quote(name)));
}

pub(super) fn list<'a>(problems: &mut Problems, path: &str, what: &str, json: &'a Json) -> &'a [Json] {
    match json {
        Json::List(items) => items,
        other => {
            expected(problems, path, &format!("a list of {what}"), other);
            &[]
        }
    }
}

/// An object whose fields have names of the user's own.
pub(super) fn named<'a>(problems: &mut Problems, path: &str, what: &str, json: &'a Json) -> &'a [(String, Json)] {
    match json {
        Json::Map(fields) => fields,
        other => {
            expected(problems, path, &format!("an object with one field per {what}"), other);
            &[]
        }
    }
}

pub(super) fn integer(problems: &mut Problems, path: &str, json: &Json, range: RangeInclusive<u64>) -> u64 {
    let (lo, hi) = (*range.start(), *range.end());
    match json {
        Json::Number(number) => match number.as_u64() {
            Some(value) if range.contains(&value) => return value,
            _ => problems.add(path, format!("{number} is not allowed: whole numbers from {lo} to {hi} are")),
        },
        other => expected(problems, path, &format!("a whole number from {lo} to {hi}"), other),
    }
    lo
}

/// A number between two bounds, with three decimals at most: so many are read and written exactly.
pub(super) fn number(problems: &mut Problems, path: &str, json: &Json, range: RangeInclusive<f64>) -> f64 {
    let (lo, hi) = (*range.start(), *range.end());
    match json {
        Json::Number(number) => match number.as_f64() {
            Some(value) if range.contains(&value) => {
                let thousandths = (value * 1_000.0).round();
                if (value * 1_000.0 - thousandths).abs() < 1e-6 {
                    return thousandths / 1_000.0;
                }
                problems.add(path, format!("{number} is finer than a thousandth"));
            }
            _ => problems.add(path, format!("{number} is not allowed: {lo} to {hi} is")),
        },
        other => expected(problems, path, &format!("a number from {lo} to {hi}"), other),
    }
    lo
}

pub(super) fn flag(problems: &mut Problems, path: &str, json: &Json) -> bool {
    match json {
        Json::Bool(flag) => *flag,
        other => {
            expected(problems, path, "true or false", other);
            false
        }
    }
}

pub(super) fn text<'a>(problems: &mut Problems, path: &str, what: &str, json: &'a Json) -> Option<&'a str> {
    match json {
        Json::Text(text) => Some(text),
        other => {
            expected(problems, path, what, other);
            None
        }
    }
}

/// A length of time between two bounds.
pub(super) fn nanos(problems: &mut Problems, path: &str, json: &Json, range: RangeInclusive<Nanos>) -> Nanos {
    let (lo, hi) = (*range.start(), *range.end());
    let Json::Text(text) = json else {
        expected(problems, path, "a length of time with its unit, such as \"400 ms\" (ns, us, ms or s)", json);
        return lo;
    };
    match length::parse(text) {
        Ok(length) if range.contains(&length) => return length,
        Ok(length) => problems.add(path, format!("{length} is not allowed: {lo} to {hi} is")),
        Err(why) => problems.add(
            path,
            format!("expected a length of time such as \"400 ms\" (ns, us, ms or s), found {}: {why}", quote(text)),
        ),
    }
    lo
}

/// A point in time, written as the length since the start.
pub(super) fn time(problems: &mut Problems, path: &str, json: &Json, range: RangeInclusive<Nanos>) -> Time {
    Time(nanos(problems, path, json, range).0)
}

/// A name: lower case letters, digits, hyphens and underscores, a letter first.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    name.len() <= NAME && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(plain)
}

/// Reports a name that is none.
pub(super) fn check_name(problems: &mut Problems, path: &str, name: &str) {
    if !is_name(name) {
        let allowed = format!("at most {NAME} lower case letters, digits, hyphens and underscores, a letter first");
        problems.add(path, format!("{} is not a name: {allowed}", quote(name)));
    }
}
