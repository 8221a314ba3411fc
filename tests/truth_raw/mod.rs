//! The second path: a run as plain lists, made straight from the records, and sentences held against them.

use std::collections::{BTreeMap, BTreeSet};

use dandori::id::{TaskId, ThreadId, WorkerId};
use dandori::time::{Nanos, Time};
use dandori::trace::{Cause, Ended, Event, OffCpu, Place, PollEnd, Record, Recording, Sleep, Waits, What};
use dandori::view::findings::Told;

/// From the moment a task could run to its poll.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    task: TaskId,
    cause: Cause,
    due: Time,
    until: Time,
}

impl Wait {
    pub fn length(&self) -> Nanos {
        self.until.since(self.due)
    }
}

struct Poll {
    task: TaskId,
    worker: Option<WorkerId>,
    from: Time,
    to: Time,
    /// When it held its thread and did nothing.
    held: Vec<(Time, Time)>,
}

/// A run.
pub struct Raw {
    records: Vec<Record>,
    pub count: usize,
    pub end: Time,
    pub ended: Option<(Ended, u32)>,
    workers: usize,
    kinds: BTreeMap<TaskId, u16>,
    jobs: BTreeSet<TaskId>,
    names: BTreeMap<TaskId, String>,
    polls: Vec<Poll>,
    waits: Vec<Wait>,
    lost: BTreeSet<TaskId>,
    /// When somebody had the driver.
    driver: Vec<(Time, Time)>,
    /// When a thread could not go on in a poll: it waited for a lock, or had lost its CPU to another one.
    stalls: BTreeMap<ThreadId, Vec<(Time, Time)>>,
}

impl Raw {
    pub fn new(recording: &Recording) -> Raw {
        let records: Vec<Record> = recording.trace.iter().collect();
        let end = records.iter().map(|record| record.at).max().unwrap_or(Time::ZERO).max(recording.meta.end);
        let mut raw = Raw {
            count: records.len(),
            end,
            ended: None,
            workers: recording.meta.workers.into(),
            kinds: BTreeMap::new(),
            jobs: BTreeSet::new(),
            names: BTreeMap::new(),
            polls: Vec::new(),
            waits: Vec::new(),
            lost: BTreeSet::new(),
            driver: Vec::new(),
            stalls: BTreeMap::new(),
            records,
        };
        raw.tasks(recording);
        raw.poll_list();
        raw.wait_list();
        raw.driver_list();
        raw.stall_list();
        raw
    }

    fn tasks(&mut self, recording: &Recording) {
        let mut numbers: BTreeMap<u16, u32> = BTreeMap::new();
        let mut ordinals: BTreeMap<TaskId, u32> = BTreeMap::new();
        for record in &self.records {
            match record.event {
                Event::Spawn { task, parent, kind, job } => {
                    self.kinds.insert(task, kind.0);
                    let number = if job {
                        self.jobs.insert(task);
                        parent.and_then(|parent| ordinals.get(&parent)).copied().unwrap_or(0)
                    } else {
                        let next = numbers.entry(kind.0).or_default();
                        *next += 1;
                        *next
                    };
                    ordinals.insert(task, number);
                }
                Event::Stuck { task, on: Waits::Nobody } => {
                    self.lost.insert(task);
                }
                Event::RunEnd { why, left } => self.ended = Some((why, left)),
                _ => {}
            }
        }
        for (&task, &kind) in &self.kinds {
            let label = &recording.meta.kinds[usize::from(kind)].label;
            let name =
                if numbers.get(&kind) == Some(&1) { label.clone() } else { format!("{label}{}", ordinals[&task]) };
            self.names.insert(task, name);
        }
    }

    fn poll_list(&mut self) {
        let mut open: BTreeMap<TaskId, usize> = BTreeMap::new();
        for record in &self.records {
            match record.event {
                Event::PollStart { task, .. } => {
                    open.insert(task, self.polls.len());
                    let Record { at, worker, .. } = *record;
                    self.polls.push(Poll { task, worker, from: at, to: self.end, held: Vec::new() });
                }
                Event::PollEnd { task, .. } => {
                    if let Some(index) = open.remove(&task) {
                        self.polls[index].to = record.at;
                    }
                }
                Event::StretchStart { task, what, .. } if idle(what) => {
                    if let Some(&index) = open.get(&task) {
                        self.polls[index].held.push((record.at, self.end));
                    }
                }
                Event::StretchEnd { task, what } if idle(what) => {
                    if let Some(held) = open.get(&task).and_then(|&index| self.polls[index].held.last_mut()) {
                        held.1 = record.at;
                    }
                }
                _ => {}
            }
        }
    }

    fn wait_list(&mut self) {
        #[derive(Default)]
        struct Now {
            since: Option<(Time, Cause)>,
            in_poll: bool,
            later: Option<(Time, Cause)>,
            timers: Vec<(Time, Cause)>,
            over: bool,
        }
        let mut tasks: BTreeMap<TaskId, Now> = BTreeMap::new();
        let mut waits = Vec::new();
        for record in &self.records {
            let (Some(task), at) = (record.event.task(), record.at) else { continue };
            let now = tasks.entry(task).or_default();
            match record.event {
                Event::Spawn { job, parent, .. } => {
                    let cause = if job {
                        Cause::Pool
                    } else if parent.is_some() {
                        Cause::Task
                    } else {
                        Cause::Arrival
                    };
                    now.since = Some((at, cause));
                }
                Event::Timer { cause, due, .. } => now.timers.push((due, cause)),
                Event::Due { cause, .. } => {
                    let first =
                        now.timers.iter().filter(|timer| timer.1 == cause && timer.0 <= at).map(|timer| timer.0).min();
                    let due = (first.unwrap_or(at).min(at), cause);
                    if now.in_poll {
                        now.later.get_or_insert(due);
                    } else {
                        now.since.get_or_insert(due);
                    }
                }
                Event::Wake { cause, .. } => {
                    if matches!(cause, Cause::Timer | Cause::Io) {
                        now.timers.retain(|timer| !(timer.1 == cause && timer.0 <= at));
                    }
                    let since = now.later.take().unwrap_or((at, cause));
                    now.since.get_or_insert(since);
                }
                Event::PollStart { .. } => {
                    now.in_poll = true;
                    if let Some((due, cause)) = now.since.take() {
                        waits.push(Wait { task, cause, due, until: at.max(due) });
                    }
                }
                Event::PollEnd { end, .. } => {
                    now.in_poll = false;
                    match end {
                        PollEnd::Deferred | PollEnd::Preempted => now.since = Some((at, Cause::Deferred)),
                        PollEnd::Pending | PollEnd::Rewoken => now.since = now.later.take(),
                        PollEnd::Ready | PollEnd::Panicked => now.over = true,
                    }
                }
                Event::Cancel { .. } => now.over = true,
                _ => {}
            }
        }
        for (task, now) in tasks {
            if let Some((due, cause)) = now.since.filter(|_| !now.over) {
                waits.push(Wait { task, cause, due, until: self.end });
            }
        }
        for &task in &self.lost {
            let last = self.polls.iter().filter(|poll| poll.task == task).map(|poll| poll.to).max();
            waits.extend(last.map(|due| Wait { task, cause: Cause::Task, due, until: self.end }));
        }
        self.waits = waits;
    }

    fn driver_list(&mut self) {
        let mut since: Option<Time> = None;
        for record in &self.records {
            match record.event {
                Event::DriverHeld => since = Some(record.at),
                Event::DriverReleased => self.driver.extend(since.take().map(|from| (from, record.at))),
                _ => {}
            }
        }
        self.driver.extend(since.map(|from| (from, self.end)));
    }

    fn stall_list(&mut self) {
        let mut open: BTreeMap<(ThreadId, bool), Time> = BTreeMap::new();
        for record in &self.records {
            let Some(thread) = record.thread else { continue };
            let over = match record.event {
                Event::LockWait { .. } => {
                    open.insert((thread, true), record.at);
                    None
                }
                Event::CpuOff { why: OffCpu::Slice } => {
                    open.insert((thread, false), record.at);
                    None
                }
                Event::LockHeld { .. } => open.remove(&(thread, true)),
                Event::CpuOn { .. } => open.remove(&(thread, false)),
                _ => None,
            };
            if let Some(from) = over {
                self.stalls.entry(thread).or_default().push((from, record.at));
            }
        }
        for ((thread, _), from) in open {
            self.stalls.entry(thread).or_default().push((from, self.end));
        }
    }

    // ---- Numbers --------------------------------------------------------------------------------------------------

    /// Waits of a kind of task; `timed`: only for deadlines.
    pub fn waits(&self, kind: u16, timed: bool) -> Vec<Wait> {
        let of_kind = |wait: &&Wait| self.kinds.get(&wait.task) == Some(&kind) && !self.jobs.contains(&wait.task);
        self.waits.iter().filter(of_kind).filter(|wait| !timed || wait.cause == Cause::Timer).copied().collect()
    }

    pub fn waits_of(&self, task: TaskId) -> Vec<Wait> {
        self.waits.iter().filter(|wait| wait.task == task).copied().collect()
    }

    pub fn polls_of(&self, kind: u16) -> usize {
        let of_kind = |poll: &&Poll| self.kinds.get(&poll.task) == Some(&kind) && !self.jobs.contains(&poll.task);
        self.polls.iter().filter(of_kind).count()
    }

    /// Whether a task of the kind is lost, or never ran.
    pub fn lost(&self, kind: u16) -> bool {
        let own = |task: &TaskId| self.kinds.get(task) == Some(&kind) && !self.jobs.contains(task);
        let polled: BTreeSet<TaskId> = self.polls.iter().map(|poll| poll.task).collect();
        self.kinds.keys().filter(|task| own(task)).any(|task| self.lost.contains(task) || !polled.contains(task))
    }

    pub fn time_of(&self, record: u32) -> Time {
        self.records[record as usize].at
    }

    // ---- The machine at a time ------------------------------------------------------------------------------------

    /// What the workers do at `t`, after everything that happens then: how many poll, and how many of those are blocked.
    fn workers_at(&self, t: Time) -> (usize, usize) {
        let holder = self.holders(t);
        let (mut run, mut blocked) = (0, 0);
        for poll in self.polls.iter().filter(|poll| poll.from <= t && t < poll.to) {
            let worker = poll
                .worker
                .filter(|worker| self.thread_of(poll).is_some_and(|thread| holder.get(worker) == Some(&thread)));
            let stalled =
                |thread| self.stalls.get(&thread).is_some_and(|list| list.iter().any(|&(a, b)| a <= t && t < b));
            if worker.is_none() || self.thread_of(poll).is_some_and(stalled) {
                continue;
            }
            if poll.held.iter().any(|held| held.0 <= t && t < held.1) { blocked += 1 } else { run += 1 }
        }
        (run, blocked)
    }

    fn thread_of(&self, poll: &Poll) -> Option<ThreadId> {
        let start = |record: &&Record| {
            record.at == poll.from && matches!(record.event, Event::PollStart { task, .. } if task == poll.task)
        };
        self.records.iter().find(start).and_then(|record| record.thread)
    }

    /// Which thread holds which worker.
    fn holders(&self, t: Time) -> BTreeMap<WorkerId, ThreadId> {
        let mut holders = BTreeMap::new();
        for record in self.records.iter().take_while(|record| record.at <= t) {
            match (record.event, record.thread) {
                (Event::Acquire { worker }, Some(thread)) => {
                    holders.insert(worker, thread);
                }
                (Event::Release { worker, .. } | Event::Retake { worker, .. }, _) => {
                    holders.remove(&worker);
                }
                _ => {}
            }
        }
        holders
    }

    /// Tasks in queues at `t`, with their place; jobs of the pool aside.
    fn queued(&self, t: Time) -> BTreeMap<TaskId, Place> {
        let mut queued = BTreeMap::new();
        for record in self.records.iter().take_while(|record| record.at <= t) {
            match record.event {
                Event::Enqueue { task, place } | Event::Move { task, place } => {
                    queued.insert(task, place);
                }
                Event::PollEnd { task, end: PollEnd::Deferred } => {
                    queued.insert(task, Place::Deferred(record.thread.unwrap_or(ThreadId(0))));
                }
                Event::PollStart { task, .. } | Event::Cancel { task } => {
                    queued.remove(&task);
                }
                _ => {}
            }
        }
        queued.retain(|_, place| *place != Place::Pool);
        queued
    }

    fn named(&self, name: &str) -> Option<TaskId> {
        self.names.iter().find(|(task, known)| *known == name && !self.jobs.contains(task)).map(|(&task, _)| task)
    }

    // ---- Sentences ------------------------------------------------------------------------------------------------

    /// Holds a caption against the records. What kind it was, if it is one that can be checked.
    pub fn check_caption(&self, text: &str, t: Time, visible: Nanos) -> Result<Option<&'static str>, String> {
        let back = Time(t.0.saturating_sub(visible.0 / 100));
        let window = |is: &dyn Fn(&Event) -> bool| {
            self.records.iter().any(|record| record.at >= back && record.at <= t && is(&record.event))
        };
        let numbers: Vec<usize> =
            text.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
        let (run, blocked) = self.workers_at(t);
        let ready = || self.queued(t).len();
        if text.contains("workers run") {
            let stalled = text.contains(" blocked.");
            let said = (numbers[0], if stalled { numbers[2] } else { 0 }, numbers[if stalled { 3 } else { 2 }]);
            let is = (run, blocked, ready());
            return if said == is && numbers[1] == self.workers {
                Ok(Some("steady"))
            } else {
                Err(format!("{said:?} is {is:?}"))
            };
        }
        if text.starts_with("No worker runs") {
            let is = (run, blocked, ready());
            return if is == (0, 0, 0) { Ok(Some("steady")) } else { Err(format!("{is:?}")) };
        }
        if text.contains("inside blocking calls") || text.contains("inside a blocking call") {
            if blocked < self.workers {
                return Err(format!("{blocked} of {} are blocked", self.workers));
            }
            return self.check_due(text, t).map(|()| Some("blocked"));
        }
        if let Some((before, after)) = text.split_once(" after it could have run") {
            let amount = before.rsplit_once(", ").map_or("", |(_, amount)| amount).replace(' ', "\u{a0}");
            let polled = self
                .waits
                .iter()
                .any(|wait| wait.until >= back && wait.until <= t && crate::truth::is_about(&amount, wait.length()));
            return if polled { Ok(Some("late")) } else { Err(format!("no such poll from {back} on{after}")) };
        }
        if text.contains("was due") || text.contains("could have run") {
            if text.starts_with("Nobody looks") && self.driver.iter().any(|held| held.0 <= t && t < held.1) {
                return Err("somebody has the driver".into());
            }
            return self.check_due(text, t).map(|()| Some("due"));
        }
        let happened =
            if text.contains(" of the tasks of ") || (text.contains(" takes ") && text.contains(" tasks of ")) {
                window(&|event| matches!(event, Event::Steal { count, .. } if numbers.contains(&(*count as usize))))
            } else if text.contains("is cancelled") {
                window(&|event| matches!(event, Event::Cancel { .. }))
            } else if text.contains("used up its budget") {
                window(&|event| matches!(event, Event::ForcedYield { .. }))
            } else if text.contains("about to block") {
                window(&|event| matches!(event, Event::Release { .. }))
            } else if text.starts_with("A thread starts") {
                window(&|event| matches!(event, Event::ThreadStart { .. }))
            } else if text.contains(" is done.") {
                window(&|event| matches!(event, Event::PollEnd { end: PollEnd::Ready, .. }))
            } else if text.contains(" polls ") {
                window(&|event| matches!(event, Event::PollStart { .. }))
            } else if text.starts_with("The run stops") || text.starts_with("Nothing can run") {
                self.ended.is_some_and(|(why, _)| why != Ended::Complete && why != Ended::Time)
            } else {
                return Ok(None);
            };
        if happened { Ok(Some("event")) } else { Err(format!("nothing like it from {back} on")) }
    }

    /// `T was due 95.8 ms ago`: some task of that name has waited so long at `t`.
    fn check_due(&self, text: &str, t: Time) -> Result<(), String> {
        let (before, _) = text.split_once(" was due ").or_else(|| text.split_once(" is ready")).ok_or("no task")?;
        let name = before.rsplit([' ', '.']).next().unwrap_or_default();
        let task = self.named(name).ok_or_else(|| format!("there is no {name}"))?;
        let said = text.rsplit_once(" ago").and_then(|(before, _)| before.rsplit_once(' ')).ok_or("no time")?;
        let amount = said.0.rsplit(' ').next().unwrap_or_default();
        let amount = format!("{amount}\u{a0}{}", said.1);
        let now = self.waits_of(task).into_iter().filter(|wait| wait.due <= t && t < wait.until);
        let lengths: Vec<Nanos> = now.map(|wait| t.since(wait.due)).collect();
        if lengths.iter().any(|&length| crate::truth::is_about(&amount, length)) {
            Ok(())
        } else {
            Err(format!("{name} waits {lengths:?}"))
        }
    }

    /// `Worker 0 was blocked in J2, worker 1 in J1`: they were, for most of the range.
    pub fn check_whereabouts(&self, text: &str, from: Time, to: Time) -> Option<String> {
        if !text.contains("was blocked in") || text.contains("'s thread") {
            return None;
        }
        let words: Vec<&str> = text.split([' ', ',', '.']).filter(|word| !word.is_empty()).collect();
        for (index, pair) in words.windows(2).enumerate() {
            let is_worker = pair[0].eq_ignore_ascii_case("worker");
            let Some(worker) = pair[1].parse().ok().filter(|_| is_worker).map(WorkerId) else { continue };
            let Some(name) =
                words[index..].iter().position(|word| *word == "in").and_then(|at| words.get(index + at + 1))
            else {
                continue;
            };
            let inside = |poll: &&Poll| {
                poll.worker == Some(worker) && self.names.get(&poll.task).is_some_and(|known| known == name)
            };
            let held = self.polls.iter().filter(inside).flat_map(|poll| &poll.held);
            let sum: u64 = held.map(|held| held.1.min(to).since(held.0.max(from)).0).sum();
            if 2 * sum < to.since(from).0 {
                return Some(format!("worker {} was blocked in {name} for {}", worker.0, Nanos(sum)));
            }
        }
        None
    }

    /// Holds a finding against the records.
    pub fn check_finding(&self, found: &Told, text: &str) -> Option<String> {
        let (from, to) = (found.from, found.to);
        let no = |why: &str| Some(why.to_owned());
        if !(from <= found.at && found.at <= to && to <= self.end && (found.record as usize) < self.count) {
            return no("it lies outside of the run");
        }
        match found.kind {
            "late_timer" => {
                let held: u64 = self.driver.iter().map(|held| held.1.min(to).since(held.0.max(from)).0).sum();
                if 2 * held >= to.since(from).0 {
                    return no("somebody had the driver for most of it");
                }
                let overdue = self.waits.iter().any(|wait| {
                    matches!(wait.cause, Cause::Timer | Cause::Io)
                        && wait.due <= from
                        && wait.until >= to
                        && Some(wait.task) == found.task
                });
                (!overdue).then(|| "nothing was due".to_owned())
            }
            "long_poll" => {
                let Some(poll) = self.polls.iter().find(|poll| Some(poll.task) == found.task && poll.from == from)
                else {
                    return no("there is no such poll");
                };
                let held: u64 = poll.held.iter().map(|held| held.1.min(to).since(held.0).0).sum();
                let blocked = 2 * held > to.since(from).0;
                if blocked != text.contains("was blocked") {
                    return no("blocked or not");
                }
                let most = (0..=32).map(|step| self.queued(Time(from.0 + to.since(from).0 / 32 * step)).len()).max();
                (most == Some(0)).then(|| "nothing waited".to_owned())
            }
            "hidden_in_slot" => {
                let slot = self.queued(found.at).get(&found.task?).copied();
                (!matches!(slot, Some(Place::Lifo(_)))).then(|| format!("it is in {slot:?}"))
            }
            "idle_worker" => {
                let waiting = self.queued(found.at).len();
                (waiting == 0 || !self.somebody_idle(found.at)).then(|| format!("{waiting} tasks, or nobody idle"))
            }
            "forced_yield" => {
                let yields =
                    |record: &&Record| matches!(record.event, Event::ForcedYield { task } if Some(task) == found.task);
                let count = self.records.iter().filter(yields).count();
                (!text.contains(&format!(": {count}."))).then(|| format!("{count} times"))
            }
            "lost_wake_up" => {
                (!found.task.is_some_and(|task| self.lost.contains(&task))).then(|| "it is not lost".to_owned())
            }
            "lock_convoy" if text.contains("mutex") => {
                let most = self.most_at_a_mutex();
                (!text.starts_with(&format!("Up to {most} tasks"))).then(|| format!("{most} at most"))
            }
            "deadlock" => (!matches!(self.ended, Some((Ended::Deadlock, _)))).then(|| format!("{:?}", self.ended)),
            _ => None,
        }
    }

    /// How many tasks at once have asked for a mutex and do not have it. For programs with one mutex and no timeouts.
    fn most_at_a_mutex(&self) -> usize {
        let (mut waiting, mut most) = (BTreeSet::new(), 0);
        for (index, record) in self.records.iter().enumerate() {
            match record.event {
                Event::MutexWait { task, .. } => {
                    waiting.insert(task);
                }
                Event::MutexHeld { task, .. } | Event::Cancel { task } => {
                    waiting.remove(&task);
                }
                _ => {}
            }
            // What is over at the instant at which it began was not there.
            if self.records.get(index + 1).is_none_or(|next| next.at > record.at) {
                most = most.max(waiting.len());
            }
        }
        most
    }

    /// Whether a worker sleeps or searches.
    fn somebody_idle(&self, t: Time) -> bool {
        let mut idle: BTreeSet<WorkerId> = BTreeSet::new();
        for record in self.records.iter().take_while(|record| record.at <= t) {
            let Some(worker) = record.worker else { continue };
            match record.event {
                Event::Park { sleep } if sleep != Sleep::Poll => {
                    idle.insert(worker);
                }
                Event::Search => {
                    idle.insert(worker);
                }
                Event::Unparked { .. } | Event::SearchEnd { found: true } | Event::PollStart { .. } => {
                    idle.remove(&worker);
                }
                _ => {}
            }
        }
        !idle.is_empty()
    }
}

/// A stretch that holds its thread and does nothing.
fn idle(what: What) -> bool {
    !matches!(what, What::Cpu | What::Leave | What::Return)
}
