//! One Japanese word for one thing, as the glossary of the page's design has it: variants that a reader would take for
//! something else are not used anywhere that is shown.

use std::fs;
use std::path::{Path, PathBuf};

/// What is not written, and what is.
const VARIANTS: &[(&str, &str)] = &[
    ("スティーリング", "スチーリング"),
    ("スティール", "スチール"),
    ("ウェイカー", "Waker"),
    ("ウェーカー", "Waker"),
    ("フューチャー", "Future"),
    ("スケジューラー", "スケジューラ"),
    ("エグゼキューター", "エグゼキュータ"),
    ("エクゼキュータ", "エグゼキュータ"),
    ("モニター", "モニタ"),
    ("ドライバー", "ドライバ"),
    ("タイマ。", "タイマー"),
    ("タイマを", "タイマー"),
    ("タイマの", "タイマー"),
    ("タイマが", "タイマー"),
    ("タイマは", "タイマー"),
    ("ワーカを", "ワーカー"),
    ("ワーカの", "ワーカー"),
    ("ワーカが", "ワーカー"),
    ("ワーカは", "ワーカー"),
    ("チャンネル", "チャネル"),
    ("レイテンシー", "レイテンシ"),
    ("コンテクスト", "コンテキスト"),
    ("デッドロック状態", "デッドロック"),
    ("デットロック", "デッドロック"),
    ("ハンドオーバー", "引き渡し(ハンドオフ)"),
    ("予算", "バジェット"),
    ("起床", "起こす(wake)"),
    ("優先割り込み", "プリエンプション"),
    ("横取り", "プリエンプション、盗む"),
    ("ゴルーチン", "goroutine"),
    ("大域キュー", "グローバルキュー"),
    ("共有キュー", "グローバルキュー"),
    ("注入キュー", "グローバルキュー"),
    ("作業者", "ワーカー"),
    ("飢餓状態", "飢餓"),
    ("締め切り", "期限"),
    ("締切", "期限"),
    ("デッドライン", "期限"),
    ("協調スケジューリングの予算", "バジェット"),
    ("実行待ち行列", "実行キュー"),
    ("待ち行列", "キュー"),
    ("走行", "実行"),
    // Marks and manners.
    ("（", "("),
    ("）", ")"),
    ("：", ": "),
    ("，", "、"),
    ("．", "。"),
    ("です。", "plain form"),
    ("ます。", "plain form"),
    ("ください", "plain form"),
    ("でした", "plain form"),
    ("ました", "plain form"),
];

/// A word that is right in one place: file, text, reason.
const FINE: &[(&str, &str, &str)] = &[(
    "src/scenario/lessons/one-queue.json",
    "共有キュー",
    "the title of the step is about what it means to share, and the global queue is not introduced yet",
)];

/// English words in a Japanese sentence that are names: Rust's, a system's, a project's.
const NAMES: &[&str] = &[
    "actix",
    "async",
    "asyncpreemptoff",
    "await",
    "block",
    "blocking",
    "busy",
    "callback",
    "code",
    "crossbeam",
    "current",
    "debug",
    "driver",
    "engine",
    "epoll",
    "eventfd",
    "executor",
    "futures",
    "glommio",
    "goroutine",
    "idle",
    "join",
    "kind",
    "label",
    "libuv",
    "line",
    "monitor",
    "pending",
    "place",
    "policy",
    "pollster",
    "poll",
    "pool",
    "prepare",
    "runnext",
    "size",
    "sleep",
    "slot",
    "smol",
    "spawn",
    "state",
    "std",
    "sysmon",
    "task",
    "tasks",
    "taker",
    "thread",
    "threads",
    "ticker",
    "tokio",
    "unblock",
    "unit",
    "unpark",
    "victim",
    "wait",
    "wake",
    "waker",
    "worker",
    "work",
    "yield",
    "now",
    "what",
    "words",
    "holder",
    "cause",
    "from",
    "role",
    "row",
    "select",
    "sched",
    "both",
    "drain",
    "cap",
    "wakeup",
    "lost",
    "park",
    "park",
    "scheduler",
    "stealing",
    "thing",
    "value",
    "time",
    "after",
    "before",
    "name",
    "field",
    "message",
    "number",
    "count",
    "text",
    "title",
    "event",
    "events",
    "html",
    "json",
    "link",
    "page",
    "path",
    "port",
    "server",
    "file",
    "node",
    "panic",
    "macro",
    "move",
    "none",
    "null",
    "true",
    "false",
    "main",
    "join",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every line with Japanese in what is shown: words, lessons, the page's own.
fn lines() -> Vec<(String, usize, String)> {
    let mut found = Vec::new();
    for (folder, end) in [("src/words", "rs"), ("src/scenario", "rs"), ("src/scenario/lessons", "json"), ("www", "js")]
    {
        let mut files: Vec<PathBuf> =
            fs::read_dir(root().join(folder)).expect("a folder").map(|entry| entry.expect("a file").path()).collect();
        files.sort();
        for path in files.iter().filter(|path| path.extension().is_some_and(|found| found == end)) {
            let name = format!("{folder}/{}", Path::new(path).file_name().expect("a name").to_string_lossy());
            let text = fs::read_to_string(path).expect("readable");
            for (number, line) in text.lines().enumerate().filter(|(_, line)| line.chars().any(is_japanese)) {
                found.push((name.clone(), number + 1, line.to_owned()));
            }
        }
    }
    found
}

fn is_japanese(letter: char) -> bool {
    matches!(letter, '\u{3001}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}')
}

#[test]
fn no_variant_of_a_word_of_the_glossary_is_shown() {
    let lines = lines();
    assert!(lines.len() > 600, "the sentences were not found: {}", lines.len());
    let mut wrong = Vec::new();
    for (file, number, line) in &lines {
        for (variant, instead) in VARIANTS {
            let fine = FINE.iter().any(|(of, text, _)| of == file && text == variant);
            if line.contains(variant) && !fine {
                wrong.push(format!("{file}:{number}: {variant}, where {instead} is said: {}", line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_exception_is_needed() {
    for (file, text, reason) in FINE {
        let there = lines().iter().any(|(of, _, line)| of == file && line.contains(text));
        assert!(there && !reason.is_empty(), "{file} does not say {text}");
    }
}

#[test]
fn no_japanese_sentence_has_english_left_in_it() {
    let mut wrong = Vec::new();
    for (file, number, line) in lines().iter().filter(|(file, ..)| file.starts_with("src/words/")) {
        // Only what stands between quotes and has Japanese in it; slots, marks and names with signs are no words.
        for text in line.split('"').filter(|text| text.chars().any(is_japanese)) {
            let mut bare = String::new();
            let mut depth = 0;
            for letter in text.chars() {
                match letter {
                    '{' | '<' => depth += 1,
                    '}' | '>' => depth -= 1,
                    _ if depth > 0 => {}
                    _ => bare.push(letter),
                }
            }
            let is_word = |word: &&str| word.len() >= 4 && word.bytes().all(|byte| byte.is_ascii_lowercase());
            let split = |letter: char| !letter.is_ascii_alphanumeric() && !"_.:-!".contains(letter);
            for word in bare.split(split).filter(is_word).filter(|word| !NAMES.contains(word)) {
                wrong.push(format!("{file}:{number}: {word} in: {text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
