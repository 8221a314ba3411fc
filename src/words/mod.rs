//! Every sentence that the page says: one dictionary per language, whole templates with named slots. A template is
//! filled whole; only lists (who was where, what is quiet) are joined, by the dictionary's own templates for that.
//!
//! Marks inside a template: `<b>` bold, `<h>` harm (the wait in question), `<c>` code, `<d>` dim.

pub mod costs;
mod dictionary;
mod en;
mod events;
mod fill;
mod ja;
pub mod number;
pub mod policies;
pub mod sentences;
mod shape;

pub use dictionary::Words;
pub use events::EventWords;
pub use fill::{Arg, Rich, Span, Style, bare, fill, plain};

use serde::{Deserialize, Serialize};

/// A language of the page.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Japanese.
    Ja,
}

impl Lang {
    /// Both.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::Ja];

    /// Its dictionary.
    #[must_use]
    pub fn words(self) -> &'static Words {
        match self {
            Lang::En => &en::WORDS,
            Lang::Ja => &ja::WORDS,
        }
    }

    /// Its sentences for events.
    #[must_use]
    pub fn events(self) -> &'static EventWords {
        match self {
            Lang::En => &events::EN,
            Lang::Ja => &events::JA,
        }
    }

    /// Its code in HTML and links.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Ja => "ja",
        }
    }
}

/// How long a filled template may be, in characters of English and of Japanese.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// The result, after the lesson's expectation: one sentence.
    Headline,
    /// What is so and what it means: two sentences.
    Caption,
    /// One sentence.
    Sentence,
    /// A line on the stage.
    Line,
    /// A label inside the lanes or the gutter.
    Label,
    /// Spoken or joined: no limit of its own.
    Free,
}

impl Class {
    /// Most characters in a language; `None`: no limit.
    #[must_use]
    pub fn most(self, lang: Lang) -> Option<usize> {
        let (en, ja) = match self {
            // The first half of a headline is the lesson's.
            Class::Headline => (90, 45),
            Class::Caption => (180, 90),
            Class::Sentence => (110, 60),
            Class::Line => (56, 34),
            Class::Label => (40, 24),
            Class::Free => return None,
        };
        Some(if lang == Lang::En { en } else { ja })
    }
}

/// One template, for tests and for whoever lists them.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// Its name in [`Words`].
    pub name: &'static str,
    /// How long it may become.
    pub class: Class,
    /// Its slots.
    pub slots: &'static [&'static str],
    /// The text.
    pub text: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest that a slot can become in a real run.
    fn extreme(slot: &str, lang: Lang) -> &'static str {
        match (slot, lang) {
            ("who" | "victim" | "holder" | "taker", Lang::En) => "worker 1023",
            ("who" | "victim" | "holder" | "taker", Lang::Ja) => "ワーカー1023",
            ("place", Lang::En) => "worker 1023's LIFO slot",
            ("place", Lang::Ja) => "ワーカー1023のLIFOスロット",
            ("task" | "by", _) => "Req99999",
            ("tasks", Lang::En) => "R101, R102, R103 and 252 more",
            ("tasks", Lang::Ja) => "R101、R102、R103、ほか252個",
            ("kind", _) => "background-job",
            ("policy", _) => "tokio 1.53, multi-thread",
            ("x" | "p" | "d" | "t" | "b" | "y", _) => "999.9\u{a0}ms",
            ("a" | "n" | "m" | "k" | "w", _) => "99.9\u{a0}k",
            ("thread", Lang::En) => "thread 65534",
            ("thread", Lang::Ja) => "スレッド65534",
            ("line", Lang::En) => "the global queue",
            ("line", Lang::Ja) => "グローバルキュー",
            ("role", Lang::En) => "for the blocking pool",
            ("role", Lang::Ja) => "ブロッキングプール用",
            ("cause", Lang::En) => "by its own waker",
            ("cause", Lang::Ja) => "自分のWaker",
            ("unit", _) => "µs",
            ("slot", Lang::En) => "LIFO slot",
            ("slot", Lang::Ja) => "LIFOスロット",
            ("monitor", _) => "sysmon",
            ("work", Lang::En) => "looking at timers, stealing and 3 more",
            ("work", Lang::Ja) => "タイマーの確認、スチール、ほか3個",
            ("g" | "i" | "s", _) => "123",
            _ => "12345",
        }
    }

    #[test]
    fn every_template_fills_in_both_languages_and_stays_within_its_length() {
        for lang in Lang::ALL {
            for template in lang.words().all().into_iter().chain(lang.events().all()) {
                // The list of who was where is shortened to two; it has its own slot, with its own limit.
                let list = ["why_unnoticed", "why_unnoticed_io"].contains(&template.name);
                let args: Vec<(&str, Arg)> =
                    template.slots.iter().map(|&slot| (slot, Arg::from(extreme(slot, lang)))).collect();
                let text = bare(template.text, &args);
                assert!(!text.contains(['{', '}', '<', '>']), "{lang:?} {}: {text}", template.name);
                assert!(!text.is_empty(), "{lang:?} {} is empty", template.name);
                if let Some(most) = template.class.most(lang).filter(|_| !list) {
                    let length = text.chars().count();
                    assert!(length <= most, "{lang:?} {}: {length} of {most}: {text}", template.name);
                }
            }
        }
    }

    /// What a slot can be in a run, from nothing to everything; `longest` is [`extreme`].
    fn values(slot: &str, lang: Lang) -> Vec<String> {
        use crate::time::Nanos;
        let longest = extreme(slot, lang).to_owned();
        let lengths = || {
            let ranges = [1_000u64, 500_000_000, 3_600_000_000_000].map(|range| number::Scale::of(Nanos(range)));
            let lengths = [0u64, 1, 999, 1_000, 999_999, 28_300, 395_850_000, 999_970_000, 3_600_000_000_000];
            let each = move |length| ranges.map(|scale| scale.length(Nanos(length)));
            lengths.into_iter().flat_map(each).collect::<Vec<_>>()
        };
        match slot {
            "x" | "p" | "d" | "t" | "b" | "y" | "from" | "to" | "end" => {
                lengths().into_iter().chain([longest]).collect()
            }
            "n" | "m" | "k" | "w" | "g" | "i" | "s" => {
                let counts = [0u64, 1, 2, 11, 999, 9_999, 10_000, 99_949, 999_949].map(number::count);
                counts.into_iter().chain([longest]).collect()
            }
            "a" | "id" => ["0", "1", "99.6", "65534"].map(str::to_owned).to_vec(),
            _ => vec![longest],
        }
    }

    /// All slots at their first, second, ... value together, and each slot through its values with the others at theirs.
    fn fillings(template: &Template, lang: Lang) -> Vec<Vec<(&'static str, String)>> {
        let values: Vec<(&str, Vec<String>)> = template.slots.iter().map(|&slot| (slot, values(slot, lang))).collect();
        let most = values.iter().map(|(_, values)| values.len()).max().unwrap_or(1);
        let at = |values: &[String], index: usize| values[index.min(values.len() - 1)].clone();
        let mut all: Vec<Vec<(&str, String)>> =
            (0..most).map(|index| values.iter().map(|(slot, values)| (*slot, at(values, index))).collect()).collect();
        for (one, choices) in &values {
            for choice in choices {
                let filled = |(slot, values): &(&'static str, Vec<String>)| {
                    (*slot, if slot == one { choice.clone() } else { at(values, usize::MAX) })
                };
                all.push(values.iter().map(filled).collect());
            }
        }
        all
    }

    /// `1 tasks`, `1 are`: a number of one beside a word of many.
    fn is_wrong_plural(text: &str) -> bool {
        const FINE: [&str; 12] =
            ["is", "was", "waits", "goes", "runs", "its", "across", "ms", "s", "ns", "\u{b5}s", "this"];
        let words: Vec<&str> = text.split(' ').collect();
        let end = |word: &str| word.trim_matches([',', '.', ':', ';', '(', ')', '!', '?']).to_owned();
        let plural = |word: &str| {
            let word = end(word);
            word.len() > 2 && word.ends_with('s') && !word.ends_with("ss") && !FINE.contains(&word.as_str())
        };
        (0..words.len().saturating_sub(1)).filter(|&at| words[at] == "1").any(|at| {
            let (next, after) = (words[at + 1], words.get(at + 2).copied().unwrap_or_default());
            let adjective = ["blocking", "ready", "further", "idle", "other"].contains(&next) && plural(after);
            plural(next) || adjective || ["are", "were", "wait", "run", "go"].contains(&end(next).as_str())
        })
    }

    #[test]
    fn every_template_is_right_with_every_extreme_value() {
        let mut wrong = Vec::new();
        for lang in Lang::ALL {
            for template in lang.words().all() {
                for filling in fillings(&template, lang) {
                    let args: Vec<(&str, Arg)> =
                        filling.iter().map(|(slot, value)| (*slot, Arg::from(value.as_str()))).collect();
                    let text = bare(template.text, &args);
                    let here = format!("{lang:?} {}: {text}", template.name);
                    let has = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
                    let mut unless = |fine: bool, what: &str| {
                        if !fine {
                            wrong.push(format!("{what}: {here}"));
                        }
                    };
                    unless(!has(&["{", "}", "<", ">", "|", "[", "]"]), "unfilled");
                    unless(!has(&["  ", " ,", " ."]), "gap");
                    unless(!has(&[",,", "..", "。。", "、、"]), "mark");
                    unless(lang == Lang::Ja || !is_wrong_plural(&text), "plural");
                    let list = ["why_unnoticed", "why_unnoticed_io"].contains(&template.name);
                    if let Some(most) = template.class.most(lang).filter(|_| !list) {
                        unless(text.chars().count() <= most, "length");
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{} wrong, the first:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
        assert!(
            is_wrong_plural("took 1 polls.") && is_wrong_plural("All 1 blocking threads") && !is_wrong_plural("1 is")
        );
    }

    #[test]
    fn no_slot_is_glued_to_a_word() {
        for template in Lang::En.words().all() {
            let text = template.text;
            for (at, _) in text.match_indices('{') {
                let end = at + text[at..].find('}').expect("closed");
                let before = text[..at].chars().next_back();
                let after = text[end + 1..].chars().next();
                let is_letter = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
                // A number may be a part of a name of Rust.
                if text[..at].rfind("<c>") > text[..at].rfind("</c>") {
                    continue;
                }
                assert!(!is_letter(before) && !is_letter(after), "{}: {text}", template.name);
                assert!(before != Some('}') && after != Some('{'), "{}: {text}", template.name);
            }
        }
    }

    #[test]
    fn both_languages_use_the_same_slots_and_marks() {
        let all = |lang: Lang| lang.words().all().into_iter().chain(lang.events().all());
        for (en, ja) in all(Lang::En).zip(all(Lang::Ja)) {
            for slot in en.slots {
                // Japanese needs the period and the number only where the sentence has a place for them.
                let needle = format!("{{{slot}}}");
                assert_eq!(en.text.contains(&needle), ja.text.contains(&needle), "{}: {needle}", en.name);
            }
            for mark in ["<b>", "<h>", "<c>", "<d>"] {
                assert_eq!(en.text.contains(mark), ja.text.contains(mark), "{}: {mark}", en.name);
            }
        }
    }
}
