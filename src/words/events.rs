//! What happened, one template for each event: the transcript says them.

use super::shape::dictionary;
use super::{Class, Template};

dictionary! {
    /// The templates of events in one language.
    EventWords
    /// A task arrives from outside.
    spawn: Sentence ["task"];
    /// A task spawns another.
    spawn_by: Sentence ["task" "by"];
    /// A closure goes to the blocking pool.
    job: Sentence ["task"];
    /// A deadline passes.
    due_timer: Sentence ["task"];
    /// Data is there.
    due_io: Sentence ["task"];
    /// It could run for another reason.
    due: Sentence ["task"];
    /// A task is woken.
    wake: Sentence ["task" "cause"];
    /// A task is queued.
    enqueue: Sentence ["task" "place"];
    /// A task changes its queue.
    moved: Sentence ["task" "place"];
    /// A poll begins.
    poll: Sentence ["who" "task"];
    /// A poll ends, the future is complete.
    ready: Sentence ["task"];
    /// A poll ends with Pending.
    pending: Sentence ["task"];
    /// It was woken during its own poll.
    rewoken: Sentence ["task"];
    /// It yields.
    deferred: Sentence ["task"];
    /// A monitor cut the poll short.
    preempted: Sentence ["task"];
    /// It panics.
    panicked: Sentence ["task"];
    /// A program is at a step.
    at: Sentence ["task" "n"];
    /// It begins to compute.
    computes: Sentence ["task"];
    /// The same, with its length.
    computes_for: Sentence ["task" "x"];
    /// It begins to block its thread.
    blocks: Sentence ["task"];
    /// The same, with its length.
    blocks_for: Sentence ["task" "x"];
    /// `block_in_place` begins.
    leaves: Sentence ["task"];
    /// `block_in_place` ends.
    returns: Sentence ["task"];
    /// A stretch ends.
    goes_on: Sentence ["task"];
    /// A deadline is registered.
    timer: Sentence ["task" "t"];
    /// I/O is registered.
    io: Sentence ["task"];
    /// A message is sent.
    send: Sentence ["task"];
    /// A message is received.
    recv: Sentence ["task"];
    /// A task wants a mutex that another has.
    mutex_wait: Sentence ["task" "line" "by"];
    /// It has it.
    mutex_held: Sentence ["task" "line"];
    /// It has it no more.
    mutex_released: Sentence ["task" "line"];
    /// A thread outside of the runtime sends a message.
    outside_send: Sentence [];
    /// The budget is used up.
    forced: Sentence ["task"];
    /// A program measured something.
    measure: Sentence ["task" "label" "x"];
    /// A task is dropped.
    cancel: Sentence ["task"];
    /// A task waits at the end of a run that cannot go on.
    stuck: Sentence ["task"];
    /// A thread takes a worker.
    acquire: Sentence ["thread" "who"];
    /// A thread puts its worker down.
    release: Sentence ["thread" "who"];
    /// A thread gives its worker away before it blocks.
    hand_off: Sentence ["thread" "who"];
    /// A worker looks for tasks of others.
    search: Sentence ["who"];
    /// It found some.
    found: Sentence ["who"];
    /// It found none.
    found_none: Sentence ["who"];
    /// A steal.
    steal: Sentence ["who" "victim" "n"];
    /// A full ring.
    overflow: Sentence ["who" "n"];
    /// Tasks come from the global queue.
    batch: Sentence ["who" "n"];
    /// The interval is tuned.
    interval: Sentence ["who" "n"];
    /// A worker goes to sleep.
    park: Sentence ["who"];
    /// A worker is awake.
    unparked: Sentence ["who"];
    /// A worker wakes another.
    unpark: Sentence ["who" "victim"];
    /// A worker is woken from outside.
    unpark_outside: Sentence ["victim"];
    /// Somebody looks after timers and I/O.
    driver_held: Sentence ["who"];
    /// Nobody does.
    driver_released: Sentence ["who"];
    /// Timers and I/O are looked at.
    driver_turn: Sentence ["who" "n"];
    /// The monitor looks at a thread.
    look: Sentence ["thread"];
    /// The monitor takes a worker away.
    retake: Sentence ["thread" "who"];
    /// A thread starts.
    thread_start: Sentence ["thread" "role"];
    /// A thread ends.
    thread_end: Sentence ["thread"];
    /// A thread gets a CPU.
    cpu_on: Sentence ["thread" "n"];
    /// A thread gives its CPU up.
    cpu_off: Sentence ["thread"];
    /// A thread loses its CPU to another.
    cpu_lost: Sentence ["thread"];
    /// Somebody waits for a lock.
    lock_wait: Sentence ["who" "line" "holder"];
    /// Somebody has a lock.
    lock_held: Sentence ["who" "line"];
    /// Records are missing.
    dropped: Sentence ["n"];
    /// The run is over.
    end: Sentence [];
    /// Who acts where no thread is known.
    outside: Sentence [];
}

/// English.
pub(super) const EN: EventWords = EventWords {
    spawn: "{task} arrives.",
    spawn_by: "{by} spawns {task}.",
    job: "A job of {task} is handed to the blocking pool.",
    due_timer: "The deadline of {task} passes.",
    due_io: "{task}'s I/O is ready.",
    due: "{task} could run from here on.",
    wake: "{task} is woken {cause}.",
    enqueue: "{task} goes to {place}.",
    moved: "{task} moves to {place}.",
    poll: "{who} polls {task}.",
    ready: "{task} is done.",
    pending: "{task} returns Pending and waits.",
    rewoken: "{task} returns Pending and has been woken already.",
    deferred: "{task} yields.",
    preempted: "{task} is interrupted.",
    panicked: "{task} panics.",
    at: "{task} is at step {n}.",
    computes: "{task} begins to compute.",
    computes_for: "{task} computes for {x}.",
    blocks: "{task} blocks its thread.",
    blocks_for: "{task} blocks its thread for {x}.",
    leaves: "{task} gives its worker away.",
    returns: "{task} asks for its worker back.",
    goes_on: "{task} goes on.",
    timer: "{task} asks to be woken at {t}.",
    io: "{task} waits for I/O.",
    send: "{task} sends a message.",
    recv: "{task} receives a message.",
    mutex_wait: "{task} waits for {line}, which {by} has.",
    mutex_held: "{task} has {line}.",
    mutex_released: "{task} releases {line}.",
    outside_send: "A thread outside of the runtime sends a message.",
    forced: "{task} has used up its budget and must yield.",
    measure: "{task} measured {label}: {x}.",
    cancel: "{task} is cancelled.",
    stuck: "{task} still waits, and nothing can wake it.",
    acquire: "{thread} takes {who}.",
    release: "{thread} puts {who} down.",
    hand_off: "{thread} gives {who} away before it blocks.",
    search: "{who} looks for tasks of others.",
    found: "{who} has found something.",
    found_none: "{who} has found nothing.",
    steal: "{who} takes {n} {n|task|tasks} from {victim}.",
    overflow: "{who}'s queue is full: {n} {n|task goes|tasks go} to the global queue.",
    batch: "{who} takes {n} {n|task|tasks} from the global queue.",
    interval: "{who} looks at the global queue every {n} {n|tick|ticks}.",
    park: "{who} goes to sleep.",
    unparked: "{who} is awake.",
    unpark: "{who} wakes {victim}.",
    unpark_outside: "{victim} is woken from outside.",
    driver_held: "{who} looks after timers and I/O.",
    driver_released: "{who} no longer looks after timers and I/O.",
    driver_turn: "{who} looks at timers and I/O and wakes {n} {n|task|tasks}.",
    look: "The monitor looks at {thread}.",
    retake: "The monitor takes {who} from {thread}.",
    thread_start: "{thread} starts, {role}.",
    thread_end: "{thread} ends.",
    cpu_on: "{thread} gets CPU {n}.",
    cpu_off: "{thread} leaves its CPU.",
    cpu_lost: "{thread} loses its CPU to another thread.",
    lock_wait: "{who} waits for {line}: {holder} has it.",
    lock_held: "{who} has {line}.",
    dropped: "{n} {n|event is|events are} missing here.",
    end: "The run is over.",
    outside: "something outside",
};

/// Japanese.
pub(super) const JA: EventWords = EventWords {
    spawn: "{task}が到着。",
    spawn_by: "{by}が{task}を生成。",
    job: "{task}のジョブをブロッキングプールに渡す。",
    due_timer: "{task}の期限が来た。",
    due_io: "{task}のI/Oの準備ができた。",
    due: "{task}はここから動ける。",
    wake: "{cause}が{task}を起こす。",
    enqueue: "{task}が{place}に入る。",
    moved: "{task}が{place}に移る。",
    poll: "{who}が{task}をポーリング。",
    ready: "{task}が完了。",
    pending: "{task}がPendingを返して待つ。",
    rewoken: "{task}はPendingを返すが、もう起こされている。",
    deferred: "{task}が譲る。",
    preempted: "{task}が中断させられる。",
    panicked: "{task}がパニック。",
    at: "{task}は手順{n}にいる。",
    computes: "{task}が計算を始める。",
    computes_for: "{task}が{x}の計算をする。",
    blocks: "{task}がスレッドをブロックする。",
    blocks_for: "{task}がスレッドを{x}ブロックする。",
    leaves: "{task}がワーカーを手放す。",
    returns: "{task}がワーカーを返してもらう。",
    goes_on: "{task}が先へ進む。",
    timer: "{task}が{t}に起こすよう頼む。",
    io: "{task}がI/Oを待つ。",
    send: "{task}がメッセージを送る。",
    recv: "{task}がメッセージを受け取る。",
    mutex_wait: "{task}が{line}を待つ({by}が保持)。",
    mutex_held: "{task}が{line}を得た。",
    mutex_released: "{task}が{line}を放す。",
    outside_send: "ランタイムの外のスレッドがメッセージを送る。",
    forced: "{task}はバジェットを使い切り、譲る。",
    measure: "{task}が{label}を計測: {x}。",
    cancel: "{task}が取り消される。",
    stuck: "{task}はまだ待ち、起こすものがない。",
    acquire: "{thread}が{who}を受け取る。",
    release: "{thread}が{who}を置く。",
    hand_off: "{thread}がブロックする前に{who}を手放す。",
    search: "{who}がほかのタスクを探す。",
    found: "{who}が見つけた。",
    found_none: "{who}は見つけられなかった。",
    steal: "{who}が{victim}から{n}個を盗む。",
    overflow: "{who}のキューがあふれ、{n}個をグローバルキューへ。",
    batch: "{who}がグローバルキューから{n}個を取る。",
    interval: "{who}は{n}ティックごとにグローバルキューを見る。",
    park: "{who}が休む。",
    unparked: "{who}が起きた。",
    unpark: "{who}が{victim}を起こす。",
    unpark_outside: "{victim}が外から起こされる。",
    driver_held: "{who}がタイマーとI/Oを見る。",
    driver_released: "{who}がタイマーとI/Oを見るのをやめる。",
    driver_turn: "{who}がタイマーとI/Oを見て{n}個を起こす。",
    look: "モニタが{thread}を見る。",
    retake: "モニタが{thread}から{who}を取り上げる。",
    thread_start: "{thread}を起動({role})。",
    thread_end: "{thread}が終わる。",
    cpu_on: "{thread}がCPU {n}を得る。",
    cpu_off: "{thread}がCPUを離れる。",
    cpu_lost: "{thread}はCPUを別のスレッドに譲る。",
    lock_wait: "{who}が{line}を待つ({holder}が使用中)。",
    lock_held: "{who}が{line}を得た。",
    dropped: "ここで{n}件のイベントが欠けている。",
    end: "実行はここまで。",
    outside: "外部",
};
