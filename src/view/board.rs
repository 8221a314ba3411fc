//! One run, ready to be shown: its timeline, what the lesson looks at, and the names of everything in one language.

use super::explain::{Part, Rules, explain};
use super::findings::{Finding, findings};
use super::layout::{Subject, Wanted, subjects};
use super::timeline::{TaskLane, Timeline, Wait};
use crate::id::{KindId, MutexId, TaskId, ThreadId, WorkerId};
use crate::policy::spec::Nouns;
use crate::time::{Nanos, Time};
use crate::trace::recording::{KindMeta, Origin};
use crate::trace::{Cause, Line, Meta, Place, Recording, Trace};
use crate::words::number::Scale;
use crate::words::{Arg, Lang, Rich, Words, bare, fill, policies};

/// What the page knows about the policy.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its name for people, with its version.
    pub title: String,
    /// How many assumptions its model makes.
    pub assumptions: usize,
    /// Its own words.
    pub nouns: Nouns,
    /// Places in a worker's own queue; `None`: no limit, or not known.
    pub capacity: Option<u32>,
    /// Most threads of the blocking pool.
    pub pool_max: Option<u32>,
    /// What its stream does not say.
    pub rules: Rules,
}

/// What a lesson measures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Measure {
    /// From a deadline to its poll, for tasks that want to run periodically.
    Late {
        /// The period.
        every: Nanos,
    },
    /// From the moment a task could run to its poll.
    Wait,
    /// How many polls it took.
    Polls,
    /// Whether a task ever runs again.
    Never,
}

/// Words for a kind of task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KindName {
    /// In a sentence: "ticker".
    pub name: String,
    /// As the name of a row: "Ticker".
    pub row: String,
    /// Below the name of the row: "every 10 ms".
    pub sub: String,
}

/// What the page looks at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Focus {
    /// Tasks of this kind.
    pub kind: KindId,
    /// Measured so.
    pub measure: Measure,
}

/// What the run before the last change had come to.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Before {
    /// When its wait in question began.
    pub from: Time,
    /// When that ended.
    pub to: Time,
    /// What the lesson measured, written.
    pub amount: String,
}

/// A run and how it is looked at.
pub struct Board {
    /// Its rows.
    pub line: Timeline,
    /// What stands beside its stream.
    pub meta: Meta,
    /// Its stream.
    pub trace: Trace,
    /// Times of its records, ascending.
    pub times: Vec<u64>,
    /// 64 bits over the stream.
    pub digest: u64,
    /// What is known about its policy.
    pub facts: Facts,
    /// What is looked at.
    pub focus: Focus,
    /// The visible range.
    pub from: Time,
    /// Its end.
    pub to: Time,
    /// The language of all words.
    pub lang: Lang,
    /// The unit of all numbers.
    pub scale: Scale,
    /// Words for the kinds of tasks.
    pub kinds: Vec<KindName>,
    /// The task that somebody selected.
    pub selected: Option<TaskId>,
    /// The wait in question, as an index of the timeline's waits.
    pub question: Option<u32>,
    /// Its parts.
    pub parts: Vec<Part>,
    /// The run before the last change, if there was one.
    pub before: Option<Before>,
    /// What is worth knowing, worst first.
    pub findings: Vec<Finding>,
    /// The rows in their order.
    pub rows: Vec<Subject>,
    /// Which rows somebody asked for.
    pub wanted: Wanted,
    /// Names of the rows in which nothing happened: folded, unless somebody asked for them.
    pub quiet: Vec<String>,
    /// Tasks of each kind, without jobs of the pool.
    counts: Vec<u32>,
}

impl Board {
    /// Folds a recording and looks at its worst wait. `range`: what is visible; `None`: the whole run.
    #[must_use]
    pub fn new(recording: &Recording, facts: Facts, focus: Focus, range: Option<(Time, Time)>, lang: Lang) -> Board {
        let named = |kind: &KindMeta| KindName {
            name: kind.name.clone(),
            row: capital(kind.name.clone(), true),
            sub: kind.name.clone(),
        };
        let kinds = recording.meta.kinds.iter().map(named).collect();
        let line = Timeline::new(recording);
        let (from, to) = range.map_or((Time::ZERO, line.end), |(from, to)| (from, to.min(line.end)));
        let to = Time(to.0.max(from.0 + 1));
        let mut counts = vec![0; recording.meta.kinds.len()];
        for lane in line.tasks.iter().filter(|lane| !lane.job) {
            if let Some(count) = counts.get_mut(lane.kind.index()) {
                *count = lane.ordinal.max(*count);
            }
        }
        let mut board = Board {
            meta: recording.meta.clone(),
            trace: recording.trace.clone(),
            times: recording.trace.times().to_vec(),
            digest: recording.trace.digest(),
            facts,
            focus,
            from,
            to,
            lang,
            scale: Scale::of(to.since(from)),
            kinds,
            selected: None,
            question: None,
            parts: Vec::new(),
            before: None,
            findings: Vec::new(),
            rows: Vec::new(),
            wanted: Wanted::default(),
            quiet: Vec::new(),
            counts,
            line,
        };
        if !board.is_foreign() {
            board.findings = findings(&board.line, &board.facts);
        }
        board.select(None);
        board
    }

    /// Whether another program wrote the stream: then only slices of threads are known.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.meta.origin == Origin::Foreign
    }

    /// Looks at the kind of task that waited longest and at its waits; in a foreign trace, at the longest slice.
    pub fn look_at_worst(&mut self) {
        let own = |task| self.line.task(task).filter(|lane| !lane.job).map(|lane| lane.kind);
        let kind = if self.is_foreign() {
            self.longest_slice().and_then(|poll| own(self.line.poll(poll).task))
        } else {
            let waits = self.line.waits.iter().filter_map(|wait| Some((wait.length(), own(wait.task)?)));
            waits.max_by_key(|&(length, kind)| (length, std::cmp::Reverse(kind))).map(|(_, kind)| kind)
        };
        self.focus = Focus { kind: kind.unwrap_or(KindId(0)), measure: Measure::Wait };
        self.select(None);
    }

    /// The longest poll, the first of several.
    #[must_use]
    pub fn longest_slice(&self) -> Option<u32> {
        let polls = self.line.polls.iter().enumerate();
        polls.max_by_key(|(index, p)| (p.to.since(p.start), std::cmp::Reverse(*index))).map(|(index, _)| index as u32)
    }

    /// Looks at the worst wait of a task, or of the focus.
    pub fn select(&mut self, task: Option<TaskId>) {
        self.selected = task.filter(|&task| self.line.task(task).is_some());
        self.question = match self.selected {
            Some(task) => self.worst(|wait| wait.task == task),
            None => self.worst_of_focus(),
        };
        self.parts = self.wait().map_or_else(Vec::new, |wait| explain(&self.line, &self.facts.rules, wait));
        (self.rows, self.quiet) = subjects(self);
    }

    /// Shows these rows.
    pub fn arrange(&mut self, wanted: Wanted) {
        self.wanted = wanted;
        (self.rows, self.quiet) = subjects(self);
    }

    /// The wait in question.
    #[must_use]
    pub fn wait(&self) -> Option<&Wait> {
        self.question.map(|wait| &self.line.waits[wait as usize])
    }

    /// The task in the focus row: the selected one, or that of the wait in question, or the first of the kind.
    #[must_use]
    pub fn focus_task(&self) -> Option<TaskId> {
        let longest = || self.longest_slice().filter(|_| self.is_foreign()).map(|poll| self.line.poll(poll).task);
        let first = || longest().or_else(|| self.focus_lanes().next().map(|lane| lane.id));
        self.selected.or(self.wait().map(|wait| wait.task)).or_else(first)
    }

    /// Tasks of the focus kind.
    pub fn focus_lanes(&self) -> impl Iterator<Item = &TaskLane> {
        self.line.tasks.iter().filter(|lane| !lane.job && lane.kind == self.focus.kind)
    }

    /// Waits that the measure counts.
    pub fn focus_waits(&self) -> impl Iterator<Item = &Wait> {
        let late = matches!(self.focus.measure, Measure::Late { .. });
        self.focus_lanes()
            .flat_map(|lane| &lane.waits)
            .map(|&wait| &self.line.waits[wait as usize])
            .filter(move |wait| !late || wait.cause == Cause::Timer)
    }

    fn worst_of_focus(&self) -> Option<u32> {
        let late = matches!(self.focus.measure, Measure::Late { .. });
        let of_focus =
            |wait: &Wait| self.line.task(wait.task).is_some_and(|lane| !lane.job && lane.kind == self.focus.kind);
        let timed = self.worst(|wait| of_focus(wait) && (!late || wait.cause == Cause::Timer));
        timed.or_else(|| self.worst(of_focus))
    }

    fn worst(&self, counts: impl Fn(&Wait) -> bool) -> Option<u32> {
        let longer = |&(index, wait): &(usize, &Wait)| (wait.length(), std::cmp::Reverse(index));
        let waits = self.line.waits.iter().enumerate().filter(|(_, wait)| counts(wait));
        waits.max_by_key(longer).filter(|(_, wait)| wait.length().0 > 0).map(|(index, _)| index as u32)
    }

    // ---- Names ----------------------------------------------------------------------------------------------------

    /// The dictionary.
    #[must_use]
    pub fn words(&self) -> &'static Words {
        self.lang.words()
    }

    /// A task's name: the letters of its kind, and its number if there are several.
    #[must_use]
    pub fn name(&self, task: TaskId) -> String {
        let Some(lane) = self.line.task(task) else { return task.to_string() };
        let label = self.meta.kinds.get(lane.kind.index()).map_or("?", |kind| kind.label.as_str());
        if self.is_foreign() {
            return label.to_owned();
        }
        match self.counts.get(lane.kind.index()) {
            Some(1) => label.to_owned(),
            _ => format!("{label}{}", lane.ordinal),
        }
    }

    /// A task's name in at most three characters.
    #[must_use]
    pub fn token(&self, task: TaskId) -> String {
        let name = self.name(task);
        if self.is_foreign() {
            return name.chars().take(3).collect();
        }
        let letters = name.chars().count();
        if letters <= 3 { name } else { name.chars().skip(letters - 3).collect() }
    }

    /// A task's name as a link to it.
    #[must_use]
    pub fn link(&self, task: TaskId) -> Arg {
        Arg::Task(self.name(task), task)
    }

    /// The name of a task's kind.
    #[must_use]
    pub fn kind_name(&self, kind: KindId) -> &str {
        self.kinds.get(kind.index()).map_or("?", |kind| kind.name.as_str())
    }

    /// Which colour a task has: its kind.
    #[must_use]
    pub fn colour(&self, task: TaskId) -> u32 {
        self.line.task(task).map_or(0, |lane| u32::from(lane.kind.0))
    }

    /// A worker's name in the middle of a sentence.
    #[must_use]
    pub fn worker(&self, worker: WorkerId) -> String {
        self.worker_as(worker, self.words().worker)
    }

    /// A worker's name at the beginning of a sentence, and of its row.
    #[must_use]
    pub fn worker_start(&self, worker: WorkerId) -> String {
        self.worker_as(worker, self.words().worker_start)
    }

    /// The policy's own noun, where it is not the common one.
    fn worker_as(&self, worker: WorkerId, template: &str) -> String {
        match self.facts.nouns.worker {
            "" | "Worker" | "worker" => bare(template, &[("id", worker.0.to_string().into())]),
            short if short.chars().count() == 1 => format!("{short}{}", worker.0),
            own if policies::noun(self.lang, own) != own => format!("{}{}", policies::noun(self.lang, own), worker.0),
            long if template == self.words().worker => format!("{} {}", long.to_lowercase(), worker.0),
            long => format!("{long} {}", worker.0),
        }
    }

    /// A thread's name.
    #[must_use]
    pub fn thread(&self, thread: ThreadId) -> String {
        if let Some(name) = self.meta.threads.get(thread.index()).filter(|name| !name.is_empty()) {
            return name.clone();
        }
        bare(self.words().thread, &[("id", thread.0.to_string().into())])
    }

    /// Who holds something: a worker if the thread has one at `t`, else the thread.
    #[must_use]
    pub fn holder(&self, thread: ThreadId, t: Time, start: bool) -> String {
        match self.line.worker_of(thread, t) {
            Some(worker) if start => self.worker_start(worker),
            Some(worker) => self.worker(worker),
            None => capital(self.thread(thread), start),
        }
    }

    /// What the policy calls the LIFO slot.
    #[must_use]
    pub fn slot(&self) -> &str {
        match self.facts.nouns.slot {
            "" | "LIFO slot" => self.words().slot,
            own => policies::noun(self.lang, own),
        }
    }

    /// A place in the middle of a sentence.
    #[must_use]
    pub fn place(&self, place: Place) -> String {
        let words = self.words();
        match place {
            Place::Local(worker) => bare(words.place_local, &[("who", self.worker(worker).into())]),
            Place::Lifo(worker) => {
                bare(words.place_slot, &[("who", self.worker(worker).into()), ("slot", self.slot().into())])
            }
            Place::Global => words.place_global.to_owned(),
            Place::Deferred(_) => words.place_deferred.to_owned(),
            Place::Pool => words.place_pool.to_owned(),
        }
    }

    /// A part that only one thread can use at a time.
    #[must_use]
    pub fn line_name(&self, line: Line) -> String {
        let words = self.words();
        match line {
            Line::Inject => words.line_inject.to_owned(),
            Line::Sleepers => words.line_sleepers.to_owned(),
            Line::Ring(worker) => bare(words.line_ring, &[("who", self.worker(worker).into())]),
            Line::Driver => words.line_driver.to_owned(),
            Line::Pool => words.line_pool.to_owned(),
        }
    }

    /// A mutex of the program.
    #[must_use]
    pub fn mutex_name(&self, mutex: MutexId) -> String {
        let name = self.meta.mutexes.get(mutex.index()).map_or("?", String::as_str);
        bare(self.words().mutex, &[("name", name.into())])
    }

    /// Who or what woke a task.
    #[must_use]
    pub fn cause(&self, cause: Cause, by: Option<TaskId>) -> String {
        let words = self.words();
        match (cause, by) {
            (Cause::Timer, _) => words.by_timer.to_owned(),
            (Cause::Io, _) => words.by_io.to_owned(),
            (Cause::Arrival, _) => words.by_arrival.to_owned(),
            (Cause::Join, _) => words.by_join.to_owned(),
            (Cause::Pool, _) => words.by_pool.to_owned(),
            (Cause::SelfWake | Cause::Deferred, _) => words.by_self.to_owned(),
            (Cause::Task, Some(by)) => bare(words.by_task, &[("task", self.name(by).into())]),
            (Cause::Task, None) => words.by_other.to_owned(),
        }
    }

    /// A point of time to the nanosecond, in the unit of the picture.
    #[must_use]
    pub fn fine_clock(&self, t: Time) -> String {
        self.scale.finer(Nanos(1)).clock(t)
    }

    /// At most `most` items, then how many more.
    #[must_use]
    pub fn list(&self, items: Vec<Rich>, most: usize) -> Rich {
        let all = items.len();
        self.list_of(items, most, all)
    }

    /// The same, of `all` items of which only the first are here.
    #[must_use]
    pub fn list_of(&self, items: Vec<Rich>, most: usize, all: usize) -> Rich {
        let words = self.words();
        let more = all.saturating_sub(items.len().min(most));
        let mut out = Rich::new();
        for (index, item) in items.into_iter().take(most).enumerate() {
            if index > 0 {
                out.extend(fill(words.list_gap, &[]));
            }
            out.extend(item);
        }
        if more > 0 {
            out.extend(fill(words.list_more, &[("k", more.to_string().into())]));
        }
        out
    }
}

/// The text with a capital at its beginning, if asked for.
#[must_use]
pub fn capital(text: String, start: bool) -> String {
    let mut letters = text.chars();
    match letters.next().filter(|_| start) {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => text,
    }
}
