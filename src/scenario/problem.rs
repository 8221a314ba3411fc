//! What is wrong with an input: every problem at once, each with the path of its field and what is allowed.

use std::fmt;

use serde::Serialize;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The field, for example `tasks.job.program.0.cpu`. Empty: the input as a whole.
    pub path: String,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl Problem {
    /// A problem at a field.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem { path: path.into(), message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.path, self.message) }
    }
}

/// Most problems that are told; a hostile text could have a hundred thousand.
const MOST: usize = 200;
/// Most names that are listed in one problem.
const MOST_NAMES: usize = 40;

/// Collects problems while reading goes on.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    list: Vec<Problem>,
    more: usize,
}

impl Problems {
    pub(crate) fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        if self.list.len() < MOST {
            self.list.push(Problem::new(path, message));
        } else {
            self.more += 1;
        }
    }

    /// Further problems are counted, not told.
    pub(crate) fn is_full(&self) -> bool {
        self.list.len() >= MOST
    }

    /// All of them; the last one says how many are not told.
    pub(crate) fn into_list(mut self) -> Vec<Problem> {
        if self.more > 0 {
            self.list.push(Problem::new("", format!("and {} more problems", self.more)));
        }
        self.list
    }

    /// The value if nothing is wrong.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Vec<Problem>> {
        if self.list.is_empty() { Ok(value) } else { Err(self.into_list()) }
    }
}

/// The path of a field inside another.
pub(crate) fn at(path: &str, key: impl fmt::Display) -> String {
    if path.is_empty() { key.to_string() } else { format!("{path}.{key}") }
}

/// Of the names that are allowed, the one that was probably meant: at most a third of its letters differ.
pub(crate) fn nearest<'a>(name: &str, allowed: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > 64 {
        return None;
    }
    let distance = |other: &str| {
        let other: Vec<char> = other.chars().collect();
        let mut row: Vec<usize> = (0..=other.len()).collect();
        for (i, a) in name.chars().enumerate() {
            let mut diagonal = std::mem::replace(&mut row[0], i + 1);
            for (j, &b) in other.iter().enumerate() {
                let cost = diagonal + usize::from(!a.eq_ignore_ascii_case(&b));
                diagonal = row[j + 1];
                row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
            }
        }
        row[other.len()]
    };
    let best = allowed.into_iter().map(|other| (distance(other), other)).min_by_key(|&(d, _)| d)?;
    (best.0 * 3 <= name.chars().count().max(best.1.chars().count())).then_some(best.1)
}

/// "a, b or c".
pub(crate) fn either<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    match names.as_slice() {
        many if many.len() > MOST_NAMES => {
            format!("{} and {} more", many[..MOST_NAMES].join(", "), many.len() - MOST_NAMES)
        }
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_only_when_it_is_near() {
        let allowed = ["workers", "name", "global_queue_interval"];
        assert_eq!(nearest("worker", allowed), Some("workers"));
        assert_eq!(nearest("NAME", allowed), Some("name"));
        assert_eq!(nearest("global_queue_intervall", allowed), Some("global_queue_interval"));
        assert_eq!(nearest("zzz", allowed), None);
    }

    #[test]
    fn a_flood_of_problems_is_cut_and_counted() {
        let mut problems = Problems::default();
        (0..MOST + 5).for_each(|n| problems.add(n.to_string(), "wrong"));
        let list = problems.into_list();
        assert_eq!(list.len(), MOST + 1);
        assert_eq!(list[MOST].message, "and 5 more problems");
    }
}
