//! Which templates there are: every language has each of them, with the same slots, or does not compile.

use super::shape::dictionary;
use super::{Class, Template};

dictionary! {
    /// The templates of one language.
    Words
    // ---- Headline
    /// A ticker that was late once.
    late_once: Headline ["x"];
    /// A ticker that was late several times.
    late_often: Headline ["p" "n" "x"];
    /// A ticker that kept its time.
    late_never: Headline ["x"];
    /// A ticker that still had not run at the end.
    late_still: Headline ["x"];
    /// Tasks and the longest wait among them.
    wait_worst: Headline ["n" "kind" "x"];
    /// The same, nothing to complain about.
    wait_fine: Headline ["n" "kind" "x"];
    /// One task and its longest wait.
    wait_one: Headline ["task" "x"];
    /// The longest wait is not over at the end of the run.
    wait_still: Headline ["task" "x"];
    /// How many polls it took.
    poll_count: Headline ["n" "kind" "k"];
    /// How many polls one task took.
    poll_one: Headline ["task" "k"];
    /// A task that never ran.
    never_ran: Headline ["task"];
    /// A task that nobody will ever wake.
    never_woken: Headline ["task"];
    /// All of them run to their end.
    never_fine: Headline ["n" "m"];
    /// Nothing of the kind happened.
    nothing: Headline [];

    // ---- Where two runs part
    /// A run that is over already.
    part_over: Line [];
    /// A task is spawned.
    part_spawn: Line ["task" "t"];
    /// A task is polled.
    part_poll: Line ["task" "t"];
    /// A poll ends.
    part_polled: Line ["task" "t"];
    /// A task sends a message.
    part_send: Line ["task" "t"];
    /// A task receives a message.
    part_recv: Line ["task" "t"];
    /// The budget makes a task yield.
    part_yield: Line ["task" "t"];
    /// A task is dropped.
    part_cancel: Line ["task" "t"];
    /// A task goes to another step.
    part_step: Line ["task" "t"];

    // ---- Code
    /// A future that was never polled.
    code_new: Line [];
    /// A future that is being polled.
    code_polls: Line ["line"];
    /// A future that waits at an await.
    code_suspended: Line ["n" "line"];
    /// A future that was stopped between two awaits.
    code_cut: Line ["line"];
    /// A future that is complete.
    code_done: Line [];
    /// Nobody needs to hold its waker.
    ticket_none: Line [];
    /// Nobody holds it and it is needed.
    ticket_nobody: Line [];
    /// A timer holds it.
    ticket_timer: Line [];
    /// The driver holds it.
    ticket_io: Line [];
    /// A channel holds it.
    ticket_channel: Line ["name"];
    /// A channel holds it for the task that polled the future first.
    ticket_first: Line ["name"];
    /// A socket holds it.
    ticket_socket: Line ["name"];
    /// The tasks that it waits for hold it.
    ticket_join: Line [];
    /// A job of the blocking pool holds it.
    ticket_pool: Line [];
    /// It is used already.
    ticket_self: Line [];

    // ---- Caption
    /// A limit was reached.
    cap_limit: Caption ["n"];
    /// Too much at one instant.
    cap_instant: Caption ["n"];
    /// Nothing can happen any more.
    cap_deadlock: Caption ["n"];
    /// A panic.
    cap_panic: Caption ["task"];
    /// A task without a waker anywhere.
    cap_lost: Caption ["task"];
    /// Two workers, both blocked, a timer due.
    cap_blocked_both: Caption ["task" "x"];
    /// All workers blocked, a timer due.
    cap_blocked_all: Caption ["n" "task" "x"];
    /// The only worker blocked, a timer due.
    cap_blocked_one: Caption ["who" "task" "x"];
    /// Workers busy, a timer due.
    cap_busy: Caption ["who" "task" "x"];
    /// A timer due, the holder of the driver asleep or on its way.
    cap_waking: Caption ["who" "task" "x"];
    /// The focus task waits in a queue.
    cap_queued: Caption ["task" "place" "n" "x"];
    /// The focus task waits in a queue behind one other.
    cap_queued_one: Caption ["task" "place" "x"];
    /// The focus task is next in a queue.
    cap_next: Caption ["task" "place" "x"];
    /// The focus task waits in a LIFO slot.
    cap_slot: Caption ["task" "place" "x"];
    /// Budget used up.
    cap_forced: Caption ["task" "b"];
    /// A monitor cut a poll short.
    cap_preempted: Caption ["task"];
    /// A worker left a blocking task.
    cap_handoff: Caption ["who" "thread"];
    /// A monitor took a worker.
    cap_retaken: Caption ["monitor" "who" "thread"];
    /// A thread took a worker.
    cap_took: Caption ["who" "thread"];
    /// A steal.
    cap_steal: Caption ["who" "n" "victim"];
    /// A steal, with what the victim had.
    cap_steal_of: Caption ["who" "n" "victim" "m"];
    /// A full ring.
    cap_overflow: Caption ["who" "n"];
    /// The focus task is woken.
    cap_wake: Caption ["task" "cause"];
    /// Its poll starts late.
    cap_poll_late: Caption ["who" "task" "x"];
    /// Its poll starts.
    cap_poll: Caption ["who" "task"];
    /// Its poll ended.
    cap_polled: Caption ["task"];
    /// It is complete.
    cap_done: Caption ["task"];
    /// It was dropped.
    cap_cancelled: Caption ["task"];
    /// A thread starts.
    cap_thread: Caption ["thread" "role"];
    /// Nothing in particular.
    cap_steady: Caption ["n" "w" "k"];
    /// The same, with blocked workers.
    cap_steady_blocked: Caption ["n" "w" "m" "k"];
    /// All workers sleep.
    cap_idle: Caption [];
    /// Records are missing.
    cap_gap: Caption ["n"];

    // ---- Why
    /// Title.
    why_title: Sentence ["task" "x"];
    /// Title for a wait that did not end.
    why_title_open: Sentence ["task" "x"];
    /// Timer grain.
    why_grain: Sentence ["unit"];
    /// The task asked for the deadline after it had passed.
    why_armed: Sentence ["task"];
    /// Due and nobody looked; who was where.
    why_unnoticed: Sentence ["who"];
    /// The same for I/O.
    why_unnoticed_io: Sentence ["who"];
    /// Due and nobody looked; the workers were in many polls.
    why_unnoticed_busy: Sentence ["n"];
    /// Due, and nobody looked, though nobody was in a poll.
    why_unwatched: Sentence [];
    /// The sleep on the driver ended late.
    why_slack: Sentence ["who" "d"];
    /// In a queue behind others.
    why_behind: Sentence ["place" "n" "tasks"];
    /// In a queue behind one other.
    why_behind_one: Sentence ["place" "tasks"];
    /// Behind one long poll.
    why_long: Sentence ["who" "task" "d"];
    /// Behind a blocked poll.
    why_blocked: Sentence ["who" "task"];
    /// Behind a poll whose thread waits for a mutex.
    why_mutex: Sentence ["who" "task" "line" "by"];
    /// In a LIFO slot.
    why_slot: Sentence ["place" "n"];
    /// Its own worker was asleep.
    why_wake: Sentence ["who" "d"];
    /// No thread held the worker.
    why_thread: Sentence ["who"];
    /// A lock.
    why_lock: Sentence ["holder" "line"];
    /// The same, several holders one after the other.
    why_lock_many: Sentence ["n" "line"];
    /// No CPU.
    why_cpu: Sentence ["who" "m" "n"];
    /// The scheduler's own work.
    why_own: Sentence ["who"];
    /// The same, where it has names.
    why_own_work: Sentence ["who" "work"];
    /// In the pool's queue.
    why_pool: Sentence ["n" "k"];
    /// The task itself was in a poll.
    why_same: Sentence ["task"];
    /// The same, and it was blocked.
    why_same_blocked: Sentence ["task"];
    /// In a queue of all, and every worker was in a poll.
    why_all_busy: Sentence ["who" "taker"];
    /// In the global queue, which a worker looks at now and then.
    why_interval: Sentence ["who" "g" "i"];
    /// Another worker was not allowed to search.
    why_refused: Sentence ["who" "s" "m"];
    /// A monitor that looked late.
    why_undetected: Sentence ["who" "t"];
    /// A new thread for a worker.
    why_start: Sentence ["who"];
    /// A new thread for a job.
    why_start_job: Sentence [];
    /// A monitor cut its poll short.
    why_preempted: Sentence ["d"];
    /// Nobody has its waker.
    why_never: Sentence [];
    /// Own work.
    work_timers: Label [];
    /// Own work.
    work_steal: Label [];
    /// Own work.
    work_batch: Label [];
    /// Own work.
    work_overflow: Label [];
    /// Own work.
    work_unpark: Label [];
    /// It yielded.
    why_deferred: Sentence [];
    /// Budget used up.
    why_budget: Sentence ["b"];
    /// The last step, after a poll: came back, looked at the timers, polled.
    why_last_looked: Sentence ["who" "task"];
    /// The last step: looked at the timers, polled.
    why_last_noticed: Sentence ["who" "task"];
    /// The last step: took it from a queue.
    why_last_took: Sentence ["who" "task"];
    /// On real threads: between two records.
    why_unseen: Sentence ["who"];
    /// Records are missing.
    why_lost: Sentence [];
    /// What the stream does not explain.
    why_other: Sentence [];

    // ---- Before and after, what would help
    /// After the headline's result.
    before: Free ["y"];
    /// On the ghost of the former wait.
    lane_before: Label ["y"];
    /// The run as it is.
    help_as_is: Line [];
    /// A change.
    help_spawn_blocking: Line ["kind"];
    /// A change.
    help_in_place: Line ["kind"];
    /// A change.
    help_workers: Line ["n"];
    /// A change.
    help_cpus: Line ["n"];
    /// A change.
    help_pool: Line ["n"];
    /// A change.
    help_no_slot: Line [];
    /// A change.
    help_slot_polls: Line ["n"];
    /// A change.
    help_eager: Line [];
    /// A change.
    help_timer: Line ["x"];
    /// A change.
    help_interval: Line ["n"];
    /// A change.
    help_budget: Line ["n"];
    /// A change.
    help_no_budget: Line [];
    /// A change.
    help_mutex: Line ["line"];
    /// A change.
    help_policy: Line ["policy"];

    // ---- Findings
    /// Nothing can go on.
    find_deadlock: Sentence ["n"];
    /// A lost wake-up.
    find_lost: Sentence ["task"];
    /// A timer that nobody looked at.
    find_late: Sentence ["task" "d"];
    /// The same for I/O.
    find_late_io: Sentence ["task" "d"];
    /// Several.
    find_late_many: Sentence ["n" "d"];
    /// A long poll, and tasks behind it.
    find_long: Sentence ["who" "task" "d" "n"];
    /// One task behind it.
    find_long_one: Sentence ["who" "task" "d"];
    /// A blocked poll, and tasks behind it.
    find_blocked: Sentence ["who" "task" "d" "n"];
    /// One task behind it.
    find_blocked_one: Sentence ["who" "task" "d"];
    /// Idle workers beside a full queue.
    find_idle: Sentence ["n" "place" "k" "d"];
    /// One task in it.
    find_idle_one: Sentence ["place" "k" "d"];
    /// A task that idle workers may not take.
    find_hidden: Sentence ["task" "place" "k" "d"];
    /// Budgets.
    find_forced: Sentence ["task" "n"];
    /// A monitor's mistake.
    find_mistaken: Sentence ["who" "task"];
    /// Several.
    find_mistaken_many: Sentence ["n" "who" "task"];
    /// What a monitor did not see.
    find_missed: Sentence ["task" "who" "d"];
    /// The pool.
    find_pool: Sentence ["n" "k" "d"];
    /// A lock.
    find_convoy: Sentence ["n" "line" "d"];
    /// A mutex of the program.
    find_mutex: Sentence ["n" "line" "d"];

    // ---- Lists: who was where
    /// First: blocked.
    who_blocked: Free ["who" "task"];
    /// Further: blocked, too.
    who_blocked_next: Free ["who" "task"];
    /// In a poll.
    who_polled: Free ["who" "task"];
    /// First, now: blocked.
    who_is_blocked: Free ["who" "task"];
    /// In a poll now.
    who_polls: Free ["who" "task"];
    /// Between items.
    list_gap: Free [];
    /// At the end of a shortened list.
    list_more: Free ["k"];

    // ---- Why a wake
    /// By a timer.
    by_timer: Label [];
    /// By I/O.
    by_io: Label [];
    /// By the world outside.
    by_arrival: Label [];
    /// By a task that ended.
    by_join: Label [];
    /// By the pool.
    by_pool: Label [];
    /// By itself.
    by_self: Label [];
    /// By another task.
    by_task: Label ["task"];
    /// By somebody.
    by_other: Label [];

    // ---- Places
    /// In the middle of a sentence: a worker.
    worker: Label ["id"];
    /// At its beginning.
    worker_start: Label ["id"];
    /// A thread.
    thread: Label ["id"];
    /// A worker's queue.
    place_local: Label ["who"];
    /// A worker's LIFO slot.
    place_slot: Label ["who" "slot"];
    /// The LIFO slot.
    slot: Label [];
    /// The queue of all.
    place_global: Label [];
    /// Those that yielded.
    place_deferred: Label [];
    /// The pool's queue.
    place_pool: Label [];
    /// A lock.
    line_inject: Label [];
    /// Another.
    line_sleepers: Label [];
    /// Another.
    line_ring: Label ["who"];
    /// Another.
    line_driver: Label [];
    /// Another.
    line_pool: Label [];
    /// A mutex of the program.
    mutex: Label ["name"];

    // ---- Roles of threads
    /// For a worker.
    role_worker: Label [];
    /// For the pool.
    role_pool: Label [];
    /// For the driver.
    role_driver: Label [];
    /// For the monitor.
    role_monitor: Label [];
    /// For nobody.
    role_outside: Label [];

    // ---- Rows
    /// Name of the pool's row.
    row_pool: Label [];
    /// Under it.
    row_pool_sub: Label [];
    /// Name of the driver's row.
    row_driver: Label [];
    /// Under it.
    row_driver_sub: Label [];
    /// Name of the row of the global queue.
    row_global: Label [];
    /// Under it.
    row_global_sub: Label [];
    /// Name of the row of threads without a worker.
    row_threads: Label [];
    /// Under it.
    row_threads_sub: Label [];
    /// Name of a CPU's row.
    row_cpu: Label ["id"];
    /// Tasks that are not listed.
    row_tasks_left: Label ["n"];
    /// All CPUs, in the line of what is quiet.
    row_cpus: Label [];
    /// Under the monitor's name.
    row_monitor_sub: Label [];
    /// Under a worker whose thread changes.
    sub_threads: Label ["n"];
    /// Under a worker that no thread ever held.
    sub_no_thread: Label [];

    // ---- Stage
    /// Heading.
    heading: Line ["t"];
    /// A task, due.
    st_due: Line ["x"];
    /// Nobody knows.
    st_unnoticed: Line [];
    /// Ready somewhere.
    st_ready: Line ["place"];
    /// So long.
    st_waits: Line ["x"];
    /// Woken, not queued.
    st_woken: Line [];
    /// Runs on a worker.
    st_runs_on: Line ["who"];
    /// Runs, with how long.
    st_runs_on_of: Line ["who" "a" "b"];
    /// What it had waited.
    st_waited: Line ["x"];
    /// Blocked on.
    st_blocked_on_of: Line ["who" "a" "b"];
    /// Blocked on, nobody knows how long.
    st_blocked_on: Line ["who" "a"];
    /// Waits for a deadline.
    st_sleeps: Line ["t"];
    /// Waits for I/O.
    st_io: Line [];
    /// Waits for a message.
    st_message: Line [];
    /// Waits for a mutex.
    st_mutex: Line ["line" "task"];
    /// Waits for a task.
    st_join: Line [];
    /// Waits for a job.
    st_job: Line [];
    /// Waits, and nobody has its waker.
    st_lost: Line [];
    /// Not ready.
    st_idle: Line [];
    /// Polls so far.
    st_polls: Line ["n"];
    /// Not there yet.
    st_unborn: Line [];
    /// Over.
    st_finished: Line ["t"];
    /// Panicked.
    st_panicked: Line ["t"];
    /// Cancelled.
    st_cancelled: Line ["t"];
    /// A worker's task runs.
    st_runs: Line [];
    /// With how long.
    st_runs_of: Line ["a" "b"];
    /// It computes.
    st_computes: Line ["a" "b"];
    /// A worker is blocked.
    st_blocked_of: Line ["a" "b"];
    /// Nobody knows for how long.
    st_blocked: Line ["a"];
    /// A worker sleeps.
    st_parked: Line [];
    /// On the driver.
    st_parked_driver: Line [];
    /// It looks for work.
    st_searches: Line [];
    /// The scheduler's own work.
    st_own: Line [];
    /// It waits for a lock.
    st_lock: Line ["line"];
    /// No CPU.
    st_no_cpu: Line [];
    /// Nobody holds it.
    st_no_thread: Line [];
    /// Before its name: the LIFO slot.
    st_slot: Label [];
    /// Before its tokens: the queue.
    st_queue: Label [];
    /// How full.
    st_of: Label ["n" "m"];
    /// What is left of the budget.
    st_budget: Label ["b"];
    /// Who holds the driver.
    st_held: Line ["who"];
    /// The same, parked.
    st_held_parked: Line ["who"];
    /// Nobody.
    st_held_nobody: Line [];
    /// One timer, overdue.
    st_timer_over: Line ["task"];
    /// Several, one overdue.
    st_timers_over: Line ["n" "task"];
    /// The next one.
    st_timer_next: Line ["x" "task"];
    /// None.
    st_timer_none: Line [];
    /// Nothing is queued.
    st_empty: Line [];
    /// The pool.
    st_pool: Line ["n" "k"];
    /// The pool and its limit.
    st_pool_of: Line ["n" "m" "k"];
    /// A thread without a worker.
    st_thread: Line ["thread"];
    /// Blocked.
    st_thread_blocked: Line ["thread"];
    /// Several threads.
    st_threads: Line ["n"];
    /// None.
    st_no_threads: Line [];
    /// The monitor's last look.
    st_looked: Line ["x"];
    /// None yet.
    st_not_looked: Line [];
    /// A CPU's thread.
    st_cpu: Line ["thread"];
    /// A CPU without one.
    st_cpu_idle: Line [];
    /// An empty LIFO slot, as a name.
    nm_slot_empty: Free ["slot"];
    /// A capacity bar, as a name.
    nm_bar: Free ["n" "m"];
    /// Queued tasks without a token, as a name.
    nm_more: Free ["k"];
    /// Tasks in threads of their own without a token, as a name.
    nm_more_threads: Free ["k"];
    /// A task and its state, as a name.
    nm_token: Free ["task" "kind" "state"];

    // ---- Lanes
    /// The measure over a wait.
    lane_late: Label ["x"];
    /// The same for a wait that is not a lateness.
    lane_waited: Label ["x"];
    /// In the box of an unnoticed wait.
    lane_unnoticed: Label [];
    /// In the box of a task that is due, and somebody is about to look.
    lane_due: Label [];
    /// In the box of a ready task.
    lane_ready: Label ["place"];
    /// In a blocked bar.
    lane_blocks: Label ["task" "x"];
    /// Nobody knows for how long.
    lane_blocks_open: Label ["task"];
    /// In a computing bar.
    lane_computes: Label ["task"];
    /// Where nobody holds the driver.
    lane_nobody: Label [];
    /// So many threads at once.
    lane_threads: Label ["n"];

    // ---- Spoken
    /// The cursor.
    sp_clock: Free ["t" "end"];
    /// A row.
    sp_row: Free ["row" "words"];
    /// The wait in question.
    sp_wait: Free ["task" "x" "cause"];
    /// Its tasks, in a queue.
    sp_tokens: Free ["tasks"];
    /// Pause between words of a row.
    sp_gap: Free [];

    // ---- Around
    /// Model line: the policy.
    model_policy: Free ["policy" "n"];
    /// Model line: engine and seed.
    model_engine: Free ["engine" "seed"];
    /// Stopped by the limit of events.
    note_events: Free ["n" "t"];
    /// Stopped by the limit of what a page can hold.
    note_held: Free ["n" "t"];
    /// Stopped at an endless instant.
    note_instant: Free ["n" "t"];
    /// Nothing can go on.
    note_deadlock: Free ["n"];
    /// Stopped by the reader.
    note_cancelled: Free ["t"];
    /// Records are missing.
    note_dropped: Free ["n"];
    /// Tooltip of a span.
    tip: Free ["task" "state" "x" "from" "to"];
    /// Tooltip of a span without a task.
    tip_row: Free ["state" "x" "from" "to"];

    // ---- Files
    /// Below the headline of a recording of threads.
    file_real: Free [];
    /// Below the headline of a simulated run from a file.
    file_simulated: Free [];
    /// Below the headline of another program's trace.
    file_foreign: Free [];
    /// Model line of a recording of threads.
    model_real: Free ["policy" "n"];
    /// Model line of a simulated run from a file.
    model_file: Free ["policy"];
    /// Model line of another program's trace.
    model_foreign: Free ["n"];
    /// Model line: the version of the engine that wrote a file.
    model_wrote: Free ["engine"];
    /// Headline of a foreign trace.
    slices: Headline ["k" "n" "task" "x"];
    /// A foreign trace with a single slice.
    slices_one: Headline ["task" "x"];
    /// What a foreign trace holds and is not shown.
    note_left_out: Free ["what"];
    /// Moments.
    left_instants: Free ["n"];
    /// Values of counters.
    left_counters: Free ["n"];
    /// Arrows.
    left_flows: Free ["n"];
    /// Slices without a thread.
    left_async: Free ["n"];
    /// Whatever else.
    left_others: Free ["n"];
    /// Ends without a begin.
    left_ends: Free ["n"];
    /// Slices that lie too deep.
    left_deep: Free ["n"];
    /// Beyond the bounds.
    left_beyond: Free ["n"];
    /// Threads without a row.
    left_threads: Free ["n"];
    /// Caption of a foreign trace.
    cap_slices: Caption ["n" "w"];
    /// The same, with where the focus is.
    cap_slice: Caption ["task" "thread" "x"];
    /// A slice that lasts, on the stage.
    st_slice: Line ["thread" "x"];
    /// A thread that was started and has not run yet.
    st_starts: Line [];
    /// Outside of every slice.
    st_outside: Line [];
    /// How many slices there were.
    st_slices: Line ["n"];
    /// A slice in the row of its thread.
    st_in_slice: Line ["x"];

    // ---- Tracks of an export
    /// The workers, as a group of tracks.
    track_workers: Label [];
    /// The threads.
    track_threads: Label [];
    /// The tasks.
    track_tasks: Label [];
    /// The depths of the queues.
    track_queues: Label [];
    /// The arrow from a wake to its poll.
    track_wake: Label [];
    /// What a queue is counted in.
    track_count: Label [];
    /// A slice of a task on a worker.
    track_polled: Label ["who"];

    // ---- Knobs and problems
    /// Why a knob does nothing.
    knob_none: Sentence ["policy" "thing"];
    /// Before the why in the still picture.
    still: Free [];
}
