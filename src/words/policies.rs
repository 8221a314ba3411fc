//! Titles and summaries of the built-in policies in other languages than their own, which is English. A policy that is
//! written outside of the crate keeps its own words.

use super::Lang;
use crate::policy::Spec;

/// Name, title and summary in Japanese, in the order of the registry.
const JA: &[(&str, &str, &str)] = &[
    (
        "tokio",
        "tokio 1.53 マルチスレッド",
        "ワーカーごとにリングとLIFOスロットがある。空になれば他から盗み、タスクが譲ることを信じる。",
    ),
    (
        "tokio-current-thread",
        "tokio 1.53 カレントスレッド",
        "一本のスレッドが一つのリストから全タスクを動かし、タイマーとI/Oも自分で見る。",
    ),
    (
        "tokio-0.1",
        "tokio 0.1",
        "ワーカーごとに上限のないキューがあり、積むたびに休むワーカーを起こす。スロットもバジェットもない。",
    ),
    (
        "smol",
        "smol 2 (async-executor 1.13)",
        "起こされたタスクはすべて一つのグローバルキューへ。ランナーはその半分を取り、一度に一人だけ起こす。",
    ),
    (
        "block-on",
        "block_on: 一つのFutureと一本のスレッド",
        "呼び出したスレッドが一つのFutureをポーリングし、起こされるまで休むか、ポーリングし続ける。",
    ),
    ("global-queue", "グローバルキュー一つ", "全ワーカーが、一つのロックの後ろの一つのキューの先頭から取る。"),
    (
        "sharded",
        "ワーカーごとのキュー",
        "どのワーカーも自分のキューのタスクだけを動かす。外からのタスクは順番に配られる。",
    ),
    (
        "work-stealing",
        "素朴なワークスチーリング",
        "ワーカーごとにキューがあり、空になれば他から取る。スロットはなく、積むたびに誰かを起こす。",
    ),
    ("thread-per-core", "コアごとのスレッド", "タスクは始まったコアに留まる。何も盗まれない。"),
    ("thread-per-task", "タスクごとのスレッド", "タスクごとにスレッドがあり、CPUの分配はOSのスケジューラが決める。"),
    (
        "event-loop",
        "イベントループ (Node)",
        "一本のスレッドがコールバックを順に動かし、ブロックする仕事は別の4本のスレッドがする。",
    ),
    (
        "go",
        "Go 1.27",
        "PごとにリングとrunnextがあるGoのランタイム。sysmonがシステムコールからPを取り、10 ms動いたgoroutineを止める。",
    ),
    (
        "async-std",
        "async-std 1.5",
        "決まった数のスレッドに、それぞれキューとスロットがある。モニタはなく、タイマーには専用のスレッドがある。",
    ),
    (
        "async-std-monitor",
        "async-std (プルリクエスト631)",
        "進んでいないスレッドのプロセッサを、モニタが新しいスレッドへ渡す。",
    ),
    (
        "dandori",
        "Dandori",
        "私たちの設計。止まったスレッドのワーカーをモニタが別のスレッドへ渡し、起こすに値しない仕事では誰も起こさない。",
    ),
];

/// Nouns of policies that are words, and not names from code as `P`, `runnext` and `sysmon`: in English and in Japanese.
const NOUNS: &[(&str, &str)] = &[
    ("Processor", "プロセッサ"),
    ("Core", "コア"),
    ("Thread", "スレッド"),
    ("Loop", "ループ"),
    ("Runner", "ランナー"),
    ("slot", "スロット"),
    ("monitor", "モニタ"),
];

/// What a policy calls one of its parts, in another language where that is a word.
#[must_use]
pub fn noun(lang: Lang, own: &'static str) -> &'static str {
    let word = NOUNS.iter().find(|(en, _)| lang == Lang::Ja && *en == own);
    word.map_or(own, |&(_, ja)| ja)
}

/// The same at the beginning of a row or sentence; names from code keep their letters.
#[must_use]
pub fn noun_start(lang: Lang, own: &'static str) -> String {
    let is_word = NOUNS.iter().any(|(en, _)| *en == own);
    let mut letters = noun(lang, own).chars();
    match letters.next().filter(|_| is_word) {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => noun(lang, own).to_owned(),
    }
}

fn japanese(spec: &Spec) -> Option<&'static (&'static str, &'static str, &'static str)> {
    JA.iter().find(|(name, ..)| *name == spec.name)
}

/// A policy's name for people.
#[must_use]
pub fn title(lang: Lang, spec: &Spec) -> &'static str {
    match lang {
        Lang::En => spec.title,
        Lang::Ja => japanese(spec).map_or(spec.title, |(_, title, _)| title),
    }
}

/// What sets a policy apart, in one sentence.
#[must_use]
pub fn summary(lang: Lang, spec: &Spec) -> &'static str {
    match lang {
        Lang::En => spec.summary,
        Lang::Ja => japanese(spec).map_or(spec.summary, |(.., summary)| summary),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Registry;

    #[test]
    fn nouns_that_are_words_are_told_in_japanese_and_names_from_code_stay() {
        assert_eq!((noun(Lang::Ja, "monitor"), noun(Lang::En, "monitor")), ("モニタ", "monitor"));
        assert_eq!((noun(Lang::Ja, "sysmon"), noun(Lang::Ja, "P")), ("sysmon", "P"));
        assert_eq!(noun_start(Lang::En, "monitor"), "Monitor");
        assert_eq!(
            (noun_start(Lang::En, "sysmon"), noun_start(Lang::Ja, "monitor")),
            ("sysmon".into(), "モニタ".into())
        );
        for policy in Registry::standard().iter() {
            let worker = policy.spec.nouns.worker;
            let common = ["Worker", "P"].contains(&worker);
            assert!(common || noun(Lang::Ja, worker) != worker, "{}: {worker}", policy.spec.name);
        }
    }

    #[test]
    fn every_built_in_policy_has_words_in_every_language_and_no_others_have() {
        let registry = Registry::standard();
        let names: Vec<_> = registry.iter().map(|policy| policy.spec.name).collect();
        assert_eq!(JA.iter().map(|(name, ..)| *name).collect::<Vec<_>>(), names);
        for policy in registry.iter() {
            for lang in Lang::ALL {
                let (title, summary) = (title(lang, &policy.spec), summary(lang, &policy.spec));
                assert!(!title.is_empty() && title.chars().count() <= 40, "{title}");
                assert!(summary.ends_with(['.', '。']) && summary.chars().count() <= 120, "{summary}");
            }
        }
    }
}
