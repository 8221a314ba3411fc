//! What each cost of the machine is, in one sentence.

use super::Lang;

/// Name, English, Japanese, in the order of the cost model.
const COSTS: &[(&str, &str, &str)] = &[
    ("poll_start", "Take a task from a queue and enter its poll.", "キューからタスクを取り、pollに入る。"),
    ("poll_end", "Leave a poll.", "pollから出る。"),
    (
        "push_local",
        "Put a task in a worker's own queue or LIFO slot.",
        "ワーカー自身のキューかLIFOスロットにタスクを入れる。",
    ),
    (
        "global",
        "Put a task in the global queue or take one from it, with nobody else there.",
        "誰もいないときにグローバルキューへ入れる、または取り出す。",
    ),
    (
        "contention",
        "Added to the use of a shared part for each thread that waits for it then.",
        "共有部分を使うとき、それを待つスレッド一つごとに加わる。",
    ),
    ("push_pool", "Send a task to the blocking pool.", "タスクをブロッキングプールへ送る。"),
    ("spawn", "Allocate a task and schedule it for the first time.", "タスクを確保し、初めてスケジュールする。"),
    (
        "overflow",
        "Move a batch from a full ring to the global queue.",
        "一杯になったリングから一束をグローバルキューへ移す。",
    ),
    ("probe", "Look at a victim that has nothing.", "何も持たない相手を覗く。"),
    ("steal", "Take a task from a victim.", "相手からタスクを一つ盗む。"),
    ("move_one", "Move one more task in the same batch.", "同じ束でもう一つタスクを移す。"),
    ("peek", "Read an atomic length.", "アトミックな長さを読む。"),
    ("rescan", "Look through sleepers or queues before sleeping.", "眠る前に、眠る者やキューを見直す。"),
    ("unpark", "Wake a parked thread: what the waker pays.", "休んでいるスレッドを起こす。起こす側の負担。"),
    ("wake_latency", "From the wake of a parked thread until it runs.", "休んでいるスレッドが起こされてから動くまで。"),
    ("park", "Go to sleep.", "眠りに入る。"),
    ("driver_turn", "Look at timers and I/O without waiting.", "待たずにタイマーとI/Oを見る。"),
    ("timer", "Register or cancel a timer.", "タイマーを登録する、または取り消す。"),
    ("timer_slack", "How late the kernel ends a timed sleep.", "時間を決めた眠りをカーネルが終える遅れ。"),
    (
        "driver_grain",
        "The driver's sleep is counted in this grain and rounded up.",
        "ドライバの眠りはこの単位で数え、切り上げる。",
    ),
    ("thread_start", "Start a thread: what the starter pays.", "スレッドを起動する。起動する側の負担。"),
    ("thread_latency", "From its start until a new thread runs.", "起動から新しいスレッドが動くまで。"),
    ("context_switch", "Switch a CPU from one thread to another.", "CPUを別のスレッドへ切り替える。"),
    (
        "slice",
        "Base slice of the kernel's fair scheduler for one CPU; more CPUs make it longer.",
        "カーネルの公平なスケジューラの、CPU一つの基本タイムスライス。CPUが多いほど長い。",
    ),
    (
        "migration",
        "The first poll of a task on another CPU: its data has to come over.",
        "別のCPUでの最初のpoll。データを運ぶ手間。",
    ),
    ("syscall", "Enter or leave a blocking call.", "ブロッキング呼び出しに入る、または出る。"),
    ("message", "Send or receive one message.", "メッセージを一つ送る、または受ける。"),
    (
        "preempt",
        "Stop a computing thread in the middle and switch it to another task.",
        "計算中のスレッドを途中で止め、別のタスクへ切り替える。",
    ),
];

/// What a cost is; its name if it has no sentence.
#[must_use]
pub fn cost(lang: Lang, name: &str) -> &str {
    COSTS.iter().find(|(known, ..)| *known == name).map_or(name, |(_, en, ja)| if lang == Lang::En { en } else { ja })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Costs;

    #[test]
    fn every_cost_has_a_sentence_in_every_language_and_nothing_else_has() {
        assert_eq!(COSTS.iter().map(|(name, ..)| *name).collect::<Vec<_>>(), Costs::names());
        for (name, en, ja) in COSTS {
            assert!(en.ends_with('.') && en.chars().count() <= 90, "{name}: {en}");
            assert!(ja.ends_with('。') && ja.chars().count() <= 50, "{name}: {ja}");
        }
    }
}
