//! The rest of the library, grouped under the lessons: which lesson a scenario belongs to, and what it is, in one line. A
//! scenario of a group opens like a lesson, with its own name: its words say only what its program does.

use super::lesson::{self, Both, Control, Focus, Knob, Lesson, Measure, Moment, Words};
use super::limits;
use super::{Draft, library};

/// A scenario of the library under a lesson.
#[derive(Clone, Copy, Debug)]
pub struct Grouped {
    /// The name of the lesson.
    pub lesson: &'static str,
    /// The name of the scenario.
    pub scenario: &'static str,
    /// The kind of task to look at.
    kind: &'static str,
    /// How, where its program has no schedule: with one it is the lateness.
    measure: Measure,
    /// What happens in it, in English and in Japanese.
    line: [&'static str; 2],
}

const fn waits(
    lesson: &'static str,
    scenario: &'static str,
    kind: &'static str,
    en: &'static str,
    ja: &'static str,
) -> Grouped {
    Grouped { lesson, scenario, kind, measure: Measure::Wait, line: [en, ja] }
}

const fn never(
    lesson: &'static str,
    scenario: &'static str,
    kind: &'static str,
    en: &'static str,
    ja: &'static str,
) -> Grouped {
    Grouped { lesson, scenario, kind, measure: Measure::Never, line: [en, ja] }
}

const fn polls(
    lesson: &'static str,
    scenario: &'static str,
    kind: &'static str,
    en: &'static str,
    ja: &'static str,
) -> Grouped {
    Grouped { lesson, scenario, kind, measure: Measure::Count, line: [en, ja] }
}

/// All of them, in the order of the course.
#[rustfmt::skip]
pub static ALL: [Grouped; 45] = [
    waits("late-ticker", "w2", "ticker", "A ticker beside 20 jobs that block their thread for 400 ms each.", "ティッカーの隣で、20個のジョブがそれぞれ400 msスレッドをブロックする。"),
    waits("late-ticker", "w3", "ticker", "A ticker beside 200 jobs that compute for 20 ms each.", "ティッカーの隣で、200個のジョブがそれぞれ20 ms計算する。"),
    waits("late-ticker", "w4", "ticker", "A ticker beside 2000 jobs that compute for 2 ms each.", "ティッカーの隣で、2000個のジョブがそれぞれ2 ms計算する。"),
    waits("late-ticker", "open-loop", "request", "Requests keep coming once a millisecond while one task blocks for 100 ms.", "一つのタスクが100 msブロックする間も、リクエストは1 msごとに来る。"),
    waits("late-ticker", "closed-loop", "request", "One client waits for each answer before it asks again, while one task blocks for 100 ms.", "クライアントは返事を待ってから次を送る。その間に一つのタスクが100 msブロックする。"),
    polls("waker-ticket", "backoff", "polite", "A task answers Pending seven times and wakes itself each time.", "タスクが七回Pendingを返し、そのたびに自分を起こす。"),
    never("waker-ticket", "lost-wake-up", "loser", "A task answers Pending and leaves its waker nowhere.", "タスクがPendingを返し、Wakerをどこにも残さない。"),
    never("waker-ticket", "moved-future", "owner", "One task polls a future, another awaits it: the message wakes the one that polled last.", "一つのタスクがポーリングしたFutureを別のタスクが待つ。メッセージは最後にポーリングした側を起こす。"),
    never("waker-ticket", "stale-waker", "owner", "One task polls a future, another awaits it, but the future keeps the waker of its first poll.", "一つのタスクがポーリングしたFutureを別のタスクが待つが、Futureは最初のポーリングのWakerを持ち続ける。"),
    never("one-future", "park-token", "caller", "A block_on in a task: the message comes before the thread parks, and its token waits.", "タスクの中のblock_on。スレッドが休む前にメッセージが来て、トークンが待っている。"),
    never("one-future", "stolen-token", "caller", "Code inside the future parks for itself and takes the token meant for block_on.", "Futureの中のコードが自分のために休み、block_onへのトークンを取ってしまう。"),
    never("one-future", "shared-parker", "caller", "A block_on inside a block_on takes the token meant for the outer one.", "block_onの中のblock_onが、外側へのトークンを取ってしまう。"),
    never("one-future", "own-parker", "caller", "A block_on inside a block_on with a token of its own takes no other.", "block_onの中のblock_onは自分のトークンを持ち、他のは取らない。"),
    waits("one-queue", "queue-lock-long-tasks", "item", "64 tasks of 50 polls each, and every poll takes 100 µs.", "64個のタスクがそれぞれ50回ポーリングされ、一回に100 µsかかる。"),
    waits("one-queue", "global-interval", "guest", "Tasks from outside arrive beside four that are always ready.", "いつも実行可能な四つのタスクの隣に、外からタスクが来る。"),
    waits("one-queue", "outside-thread", "reader", "A thread outside of the runtime sends messages to a task among busy ones.", "ランタイムの外のスレッドが、忙しいタスクの中の一つにメッセージを送る。"),
    waits("one-queue", "yield-many", "yielder", "100 tasks give way a thousand times each.", "100個のタスクがそれぞれ千回譲る。"),
    waits("work-stealing", "imbalance", "item", "One task spawns 64 tasks of 1 ms, all on its own worker.", "一つのタスクが、自分のワーカーに1 msのタスクを64個生成する。"),
    waits("work-stealing", "overflow", "leaf", "One task spawns 300 tasks in one poll, more than a ring of 256 holds.", "一つのタスクが一回のポーリングで300個生成する。256のリングには入りきらない。"),
    waits("work-stealing", "spawn-many", "unit", "One task spawns 10 000 tasks that do nothing and joins them all.", "一つのタスクが、何もしないタスクを一万個生成して全部を待つ。"),
    waits("lifo-slot", "lifo-slot-evicted", "hidden", "One more spawn takes the slot, and the task that lay there goes to the queue.", "もう一つのタスクがスロットに入り、そこにいたタスクはキューへ移る。"),
    waits("lifo-slot", "ping-pong", "bystander", "Two tasks hand a message to and fro beside ten others.", "二つのタスクがメッセージをやり取りする隣に、十個のタスクがいる。"),
    waits("lifo-slot", "starving-pair", "stander", "Two tasks wake each other without end while eight others arrive from outside.", "二つのタスクが互いを起こし続ける間に、外から八つのタスクが来る。"),
    waits("lifo-slot", "chained-spawn", "link", "Each task spawns the next one, a thousand in a chain.", "タスクが次のタスクを生成し、それが千個つながる。"),
    waits("waking", "driver-hazard", "second", "A task is woken by its timer and blocks for 1 s, perhaps on the worker that had the driver.", "タイマーに起こされたタスクが1 sブロックする。ドライバを持っていたワーカーの上かもしれない。"),
    waits("blocking-pool", "w1-spawn-blocking", "ticker", "Two jobs block for 400 ms each in the blocking pool.", "二つのジョブが、ブロッキングプールでそれぞれ400 msブロックする。"),
    waits("blocking-pool", "w2-spawn-blocking", "ticker", "20 jobs block for 400 ms each in the blocking pool.", "20個のジョブが、ブロッキングプールでそれぞれ400 msブロックする。"),
    waits("blocking-pool", "w3-spawn-blocking", "ticker", "200 jobs compute for 20 ms each in the blocking pool.", "200個のジョブが、ブロッキングプールでそれぞれ20 ms計算する。"),
    waits("blocking-pool", "w4-spawn-blocking", "ticker", "2000 jobs compute for 2 ms each in the blocking pool.", "2000個のジョブが、ブロッキングプールでそれぞれ2 ms計算する。"),
    waits("blocking-pool", "std-mutex", "ticker", "Six tasks compute for 20 ms under one std mutex: whoever waits for it holds a thread.", "六つのタスクが一つのstdのMutexの中で20 msずつ計算する。待つ側はスレッドを握る。"),
    waits("blocking-pool", "async-mutex", "ticker", "Six tasks compute for 20 ms under one async mutex: whoever waits for it is only a task.", "六つのタスクが一つのasyncのMutexの中で20 msずつ計算する。待つのはタスクだけ。"),
    never("blocking-pool", "mutex-across-await", "request", "Three tasks want one std mutex, and its holder sleeps with it.", "三つのタスクが一つのstdのMutexを欲しがり、持つ側はそのまま眠る。"),
    never("blocking-pool", "nested-block-on", "callee", "A task calls block_on for an answer that a task spawned by it must give.", "タスクが、自分が生成したタスクの返事をblock_onで待つ。"),
    waits("blocking-pool", "abort", "main", "A task aborts a task that waits, one that computes, and a job that runs.", "タスクが、待っているタスクと計算中のタスクと、実行中のジョブを中断する。"),
    waits("blocking-pool", "timeout", "waits", "Two tasks have a timeout of 5 ms: one waits for a message, one computes for 40 ms.", "二つのタスクに5 msのタイムアウト。一方はメッセージを待ち、一方は40 ms計算する。"),
    waits("blocking-pool", "panic", "ticker", "A task panics while it holds a mutex that its parent wants.", "タスクが、親の欲しがるMutexを持ったままパニックする。"),
    waits("block-in-place", "w1-block-in-place", "ticker", "Two jobs block for 400 ms each inside block_in_place.", "二つのジョブが、block_in_placeの中でそれぞれ400 msブロックする。"),
    waits("block-in-place", "w2-block-in-place", "ticker", "20 jobs block for 400 ms each inside block_in_place.", "20個のジョブが、block_in_placeの中でそれぞれ400 msブロックする。"),
    waits("block-in-place", "w3-block-in-place", "ticker", "200 jobs compute for 20 ms each inside block_in_place.", "200個のジョブが、block_in_placeの中でそれぞれ20 ms計算する。"),
    waits("block-in-place", "w4-block-in-place", "ticker", "2000 jobs compute for 2 ms each inside block_in_place.", "2000個のジョブが、block_in_placeの中でそれぞれ2 ms計算する。"),
    waits("block-in-place", "in-place-join", "ticker", "One task has two branches, each blocking for 300 ms inside block_in_place.", "一つのタスクに枝が二つ。それぞれblock_in_placeの中で300 msブロックする。"),
    waits("block-in-place", "in-place-join-spawn-blocking", "ticker", "One task has two branches, each blocking for 300 ms in the blocking pool.", "一つのタスクに枝が二つ。それぞれブロッキングプールで300 msブロックする。"),
    waits("always-ready", "budget-blind", "ticker", "512 messages are ready, and each of them costs 1 ms of computing.", "512個のメッセージが用意されていて、一つに1 msの計算がかかる。"),
    waits("always-ready", "budget-siblings", "ticker", "One task drains two full channels in two branches that share one budget.", "一つのタスクが、一つのバジェットを分け合う二つの枝で、満杯のチャネルを二つ空にする。"),
    waits("sysmon", "no-signals", "ticker", "One CPU and no signals, as on wasm: Go cannot stop a loop before it ends.", "wasmのようにCPU一つでシグナルなし。Goはループを終わりまで止められない。"),
];

/// What is grouped under a lesson.
pub fn of(lesson: &str) -> impl Iterator<Item = &'static Grouped> {
    ALL.iter().filter(move |grouped| grouped.lesson == lesson)
}

impl Grouped {
    /// What happens in it.
    #[must_use]
    pub fn line(&self) -> Both<String> {
        Both { en: self.line[0].to_owned(), ja: self.line[1].to_owned() }
    }

    /// The scenario as something to look at, like a lesson: what can be changed is the policy, its workers and the seed.
    ///
    /// # Panics
    /// If the scenario is not in the library: a mistake of ours, found by a test.
    #[must_use]
    pub fn lesson(&self) -> Lesson {
        let named = library::get(self.scenario).expect("a test says that it is in the library");
        let step = lesson::names().position(|name| name == self.lesson).expect("a test says that it is a lesson");
        let words = |line: &str| Words { title: self.scenario.to_owned(), lead: line.to_owned(), ..Words::default() };
        Lesson {
            name: self.scenario.to_owned(),
            step: step as u32 + 1,
            scenario: self.scenario.to_owned(),
            focus: Focus { measure: self.measure(&named.draft()), kind: self.kind.to_owned() },
            moment: Moment::WorstWait,
            range: None,
            knobs: knobs(named.fits),
            tries: Vec::new(),
            question: Both::default(),
            answer: Both::default(),
            words: Both { en: words(self.line[0]), ja: words(self.line[1]) },
        }
    }

    /// A kind with a schedule is looked at for how late it is.
    fn measure(&self, draft: &Draft) -> Measure {
        let program = ["tasks", self.kind, "program"].into_iter().try_fold(draft.json(), |json, part| json.get(part));
        let has_schedule = program.is_some_and(|program| program.to_string().contains("\"every\""));
        if has_schedule { Measure::Lateness } else { self.measure }
    }
}

/// The knobs that every scenario has.
fn knobs(fits: &[&str]) -> Vec<Knob> {
    let knob = |path: &str, en: &str, ja: &str, control| Knob {
        path: path.to_owned(),
        label: Both { en: en.to_owned(), ja: ja.to_owned() },
        control,
    };
    let policies = Control::Policies(fits.iter().map(|&name| name.to_owned()).collect());
    let seeds = Control::Integer { min: *limits::SEED.start(), max: *limits::SEED.end() };
    vec![
        knob("policy.name", "Runtime", "ランタイム", policies),
        knob("policy.workers", "Workers", "ワーカー", Control::Integer { min: 1, max: 8 }),
        knob("seed", "Seed", "シード", seeds),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Registry;

    /// Longest line, in letters, as for lessons.
    const LINE: usize = 120;

    #[test]
    fn every_scenario_is_a_lessons_own_or_in_one_group_and_none_is_there_twice() {
        let own = lesson::names().map(|name| lesson::get(name).expect("named").scenario);
        let mut found: Vec<String> = own.chain(ALL.iter().map(|grouped| grouped.scenario.to_owned())).collect();
        let mut library: Vec<String> = library::ALL.iter().map(|named| named.name.to_owned()).collect();
        found.sort();
        library.sort();
        assert_eq!(found, library);
    }

    #[test]
    fn groups_follow_the_course_and_no_scenario_hides_behind_a_lessons_name() {
        let place = |name: &str| lesson::names().position(|known| known == name);
        assert!(ALL.iter().all(|grouped| place(grouped.lesson).is_some()));
        assert!(ALL.is_sorted_by_key(|grouped| place(grouped.lesson)));
        assert!(ALL.iter().all(|grouped| place(grouped.scenario).is_none()));
    }

    #[test]
    fn a_scenario_opens_like_a_lesson_with_a_kind_of_its_own_and_a_short_line() {
        let registry = Registry::standard();
        for grouped in &ALL {
            let lesson = lesson::get(grouped.scenario).expect("it opens by its name");
            assert_eq!(lesson.name, grouped.scenario);
            let scenario = lesson.draft().build(&registry).expect("valid");
            assert!(scenario.kinds.iter().any(|kind| kind.name == grouped.kind), "{}", grouped.scenario);
            let has_schedule = scenario.period(grouped.kind).is_some();
            assert_eq!(lesson.focus.measure == Measure::Lateness, has_schedule, "{}", grouped.scenario);
            for line in grouped.line {
                assert!(line.chars().count() <= LINE && !line.is_empty(), "{line}");
            }
        }
    }
}
