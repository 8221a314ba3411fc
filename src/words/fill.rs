//! Templates become text with links.

use serde::Serialize;

use crate::id::TaskId;
use crate::time::Time;

/// How a run of text looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// Bold.
    Bold,
    /// The wait in question.
    Harm,
    /// Code.
    Code,
    /// Secondary.
    Dim,
}

/// A run of text.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Span {
    /// The text.
    pub text: String,
    /// How it looks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<Style>,
    /// A link to this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    /// A link to this task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
}

/// A text with styles and links.
pub type Rich = Vec<Span>;

/// What goes into a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    /// Plain text.
    Text(String),
    /// A task, as a link to it.
    Task(String, TaskId),
    /// A time, as a link to it.
    At(String, Time),
    /// A text that was filled before: a list.
    Rich(Rich),
}

impl From<&str> for Arg {
    fn from(text: &str) -> Arg {
        Arg::Text(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Arg {
        Arg::Text(text)
    }
}

impl From<Rich> for Arg {
    fn from(rich: Rich) -> Arg {
        Arg::Rich(rich)
    }
}

/// Fills a template. `{n}` is the value of a slot; `{n|task|tasks}` is the first word if that value is `1`, else the second.
///
/// # Panics
/// If the template asks for a slot that is not given, or is not closed: only a mistake in a dictionary does that.
#[must_use]
pub fn fill(template: &str, args: &[(&str, Arg)]) -> Rich {
    let mut out = Rich::new();
    let mut style = None;
    let mut rest = template;
    while let Some(at) = rest.find(['{', '<']) {
        push(&mut out, &rest[..at], style);
        let (open, close) = if rest[at..].starts_with('{') { ('{', '}') } else { ('<', '>') };
        let end = at + rest[at..].find(close).unwrap_or_else(|| panic!("`{template}`: {open} is not closed"));
        let name = &rest[at + 1..end];
        if open == '{' {
            let (name, forms) = name.split_once('|').map_or((name, None), |(name, forms)| (name, Some(forms)));
            let found = args.iter().find(|(slot, _)| *slot == name);
            let (_, arg) = found.unwrap_or_else(|| panic!("`{template}` has no value for {{{name}}}"));
            match forms {
                None => put(&mut out, arg, style),
                Some(forms) => {
                    let forms = forms.split_once('|');
                    let (one, many) = forms.unwrap_or_else(|| panic!("`{template}`: {{{name}}} needs two forms"));
                    let is_one = matches!(arg, Arg::Text(text) if text == "1");
                    push(&mut out, if is_one { one } else { many }, style);
                }
            }
        } else {
            style = match name {
                "b" => Some(Style::Bold),
                "h" => Some(Style::Harm),
                "c" => Some(Style::Code),
                "d" => Some(Style::Dim),
                closing if closing.starts_with('/') => None,
                other => panic!("`{template}`: there is no mark <{other}>"),
            };
        }
        rest = &rest[end + 1..];
    }
    push(&mut out, rest, style);
    out
}

/// Fills a template and keeps only the text.
///
/// # Panics
/// As [`fill`].
#[must_use]
pub fn bare(template: &str, args: &[(&str, Arg)]) -> String {
    plain(&fill(template, args))
}

/// The text alone.
#[must_use]
pub fn plain(rich: &[Span]) -> String {
    rich.iter().map(|span| span.text.as_str()).collect()
}

fn push(out: &mut Rich, text: &str, style: Option<Style>) {
    if text.is_empty() {
        return;
    }
    match out.last_mut() {
        Some(last) if last.style == style && last.at.is_none() && last.task.is_none() => last.text.push_str(text),
        _ => out.push(Span { text: text.to_owned(), style, ..Span::default() }),
    }
}

fn put(out: &mut Rich, arg: &Arg, style: Option<Style>) {
    match arg {
        Arg::Text(text) => push(out, text, style),
        Arg::Task(text, task) => out.push(Span { text: text.clone(), style, at: None, task: Some(*task) }),
        Arg::At(text, at) => out.push(Span { text: text.clone(), style, at: Some(*at), task: None }),
        Arg::Rich(rich) => {
            for span in rich {
                if span.at.is_none() && span.task.is_none() {
                    push(out, &span.text, span.style.or(style));
                } else {
                    out.push(Span { style: span.style.or(style), ..span.clone() });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_keeps_its_marks_and_its_links() {
        let filled =
            fill("{who} ran <h>{x} late</h>.", &[("who", Arg::Task("T".into(), TaskId(3))), ("x", "5 ms".into())]);
        let expected = [
            Span { text: "T".into(), task: Some(TaskId(3)), ..Span::default() },
            Span { text: " ran ".into(), ..Span::default() },
            Span { text: "5 ms late".into(), style: Some(Style::Harm), ..Span::default() },
            Span { text: ".".into(), ..Span::default() },
        ];
        assert_eq!(filled, expected);
        assert_eq!(plain(&filled), "T ran 5 ms late.");
    }

    #[test]
    fn one_of_something_is_one_and_none_are_many() {
        let tasks = |n: &str| bare("{n} {n|task waits|tasks wait}", &[("n", n.into())]);
        assert_eq!(["0", "1", "2", "11"].map(tasks), ["0 tasks wait", "1 task waits", "2 tasks wait", "11 tasks wait"]);
    }

    #[test]
    #[should_panic(expected = "has no value for {x}")]
    fn a_missing_value_is_a_mistake_and_says_so() {
        let _ = bare("{x}", &[]);
    }
}
