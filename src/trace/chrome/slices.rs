//! Slices of threads become a stream: each is a poll of a task that has the slice's name, on the thread of the slice, and
//! nothing else is said of it. A slice inside another one is a poll inside a poll, which only foreign streams have.

use std::collections::BTreeMap;

use super::event::{Event, Phase};
use super::{DEPTH, THREADS};
use crate::id::{KindId, TaskId, ThreadId};
use crate::time::Time;
use crate::trace::event::{Event as Said, PollEnd};
use crate::trace::import::{Import, LeftOut};
use crate::trace::jsonl::{NAME, NAMES};
use crate::trace::record::FORMAT;
use crate::trace::recording::{KindMeta, Origin};
use crate::trace::{Meta, Record, Recording, Trace};

/// What a slice without a name is called.
const NAMELESS: &str = "(no name)";

/// Everything of a file that can be shown.
#[derive(Default)]
pub(super) struct Slices {
    /// Threads by process and thread of the file, in order of appearance.
    lanes: BTreeMap<(u64, u64), u16>,
    names: BTreeMap<(u64, u64), String>,
    processes: BTreeMap<u64, String>,
    /// Names of slices, by their number.
    kinds: BTreeMap<String, u16>,
    edges: Vec<Edge>,
    left_out: BTreeMap<LeftOut, u64>,
}

/// A slice begins, ends, or both.
struct Edge {
    at: u64,
    /// When it ends, where that is known from the beginning.
    to: Option<u64>,
    lane: u16,
    /// `None`: the last one that began on this lane ends.
    kind: Option<u16>,
}

impl Slices {
    /// Takes the next event in the order of the file.
    pub(super) fn take(&mut self, event: Event) -> Result<(), String> {
        let left = match event.phase {
            Phase::ThreadName => {
                self.names.entry(event.lane).or_insert(event.name);
                return self.bounded();
            }
            Phase::ProcessName => {
                self.processes.entry(event.lane.0).or_insert(event.name);
                return self.bounded();
            }
            Phase::Metadata => return Ok(()),
            Phase::Complete | Phase::Begin | Phase::End => return self.slice(event),
            Phase::Instant => LeftOut::Instants,
            Phase::Counter => LeftOut::Counters,
            Phase::Flow => LeftOut::Flows,
            Phase::Async => LeftOut::Async,
            Phase::Other => LeftOut::Others,
        };
        self.leave_out(left);
        Ok(())
    }

    /// Names of things that do nothing cost memory, too.
    fn bounded(&self) -> Result<(), String> {
        let most = usize::from(u16::MAX);
        if self.names.len() > most || self.processes.len() > most {
            return Err(format!("args.name: more than {most} threads or processes have names"));
        }
        Ok(())
    }

    fn leave_out(&mut self, what: LeftOut) {
        *self.left_out.entry(what).or_default() += 1;
    }

    fn slice(&mut self, event: Event) -> Result<(), String> {
        let next = self.lanes.len();
        let lane = match self.lanes.get(&event.lane) {
            Some(&lane) => lane,
            None if next >= THREADS => {
                self.leave_out(LeftOut::Beyond);
                return Ok(());
            }
            None => {
                self.lanes.insert(event.lane, next as u16);
                next as u16
            }
        };
        let kind = match event.phase {
            Phase::End => None,
            _ => {
                let name = if event.name.is_empty() { NAMELESS.to_owned() } else { event.name };
                let next = self.kinds.len();
                match self.kinds.get(&name) {
                    Some(&kind) => Some(kind),
                    None if next >= NAMES => {
                        self.leave_out(LeftOut::Beyond);
                        return Ok(());
                    }
                    None => {
                        self.kinds.insert(name, next as u16);
                        Some(next as u16)
                    }
                }
            }
        };
        let to = (event.phase == Phase::Complete).then_some(event.at + event.length);
        self.edges.push(Edge { at: event.at, to, lane, kind });
        Ok(())
    }

    /// The recording; or why there is none.
    pub(super) fn import(mut self) -> Result<Import, String> {
        // Ends alone are no slices.
        if self.kinds.is_empty() {
            return Err(
                "traceEvents: no event is a slice of a thread (`X`, or `B` and `E`): nothing can be shown".into()
            );
        }
        let names: Vec<KindMeta> = {
            let mut names: Vec<(&String, u16)> = self.kinds.iter().map(|(name, &kind)| (name, kind)).collect();
            names.sort_by_key(|&(_, kind)| kind);
            names.into_iter().map(|(name, _)| KindMeta { name: name.clone(), label: name.clone() }).collect()
        };
        let threads = self.thread_names();
        let edges = std::mem::take(&mut self.edges);
        let (trace, end) = self.stream(edges);
        let meta = Meta {
            format: FORMAT,
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            origin: Origin::Foreign,
            scenario: String::new(),
            policy: String::new(),
            seed: 0,
            cpus: 0,
            workers: 0,
            kinds: names,
            channels: Vec::new(),
            mutexes: Vec::new(),
            labels: Vec::new(),
            end,
            dropped: 0,
            threads,
        };
        Ok(Import { recording: Recording { meta, trace }, left_out: self.left_out.into_iter().collect() })
    }

    /// By number: the thread's own name, else its process's with its number, else the number.
    fn thread_names(&self) -> Vec<String> {
        let mut lanes: Vec<((u64, u64), u16)> = self.lanes.iter().map(|(&id, &lane)| (id, lane)).collect();
        lanes.sort_by_key(|&(_, lane)| lane);
        let several = lanes.iter().any(|&((pid, _), _)| pid != lanes[0].0.0);
        lanes
            .into_iter()
            .map(|(id, _)| {
                let process = self.processes.get(&id.0).filter(|name| several && !name.is_empty());
                let own = self.names.get(&id).filter(|name| !name.is_empty());
                let name = match (own, process) {
                    (Some(own), None) => own.clone(),
                    (Some(own), Some(process)) => format!("{own} ({process})"),
                    (None, Some(process)) => format!("{process} {}", id.1),
                    (None, None) if id.1 >> 63 == 0 => id.1.to_string(),
                    (None, None) => String::new(),
                };
                name.chars().take(NAME).collect()
            })
            .collect()
    }

    /// Slices in the order of time, as records: what ends at a time stands before what begins then.
    fn stream(&mut self, mut edges: Vec<Edge>) -> (Trace, Time) {
        // A slice that contains another begins first, or at the same time and ends later.
        edges.sort_by_key(|edge| (edge.at, std::cmp::Reverse(edge.to.unwrap_or(u64::MAX))));
        let start = edges.first().map_or(0, |edge| edge.at);
        let lanes = self.lanes.len();
        let mut open: Vec<Vec<Open>> = (0..lanes).map(|_| Vec::new()).collect();
        let mut out = Out { start, last: start, ..Out::default() };
        for edge in edges {
            let lane = &mut open[usize::from(edge.lane)];
            out.close(lane, edge.lane, edge.at);
            let Some(kind) = edge.kind else {
                match lane.iter().rposition(|open| open.to.is_none()) {
                    Some(at) => {
                        // What lies in it and is not over ends with it.
                        let inner = lane.split_off(at);
                        inner.into_iter().rev().for_each(|open| out.end(&open, edge.lane, edge.at));
                    }
                    None => self.leave_out(LeftOut::Ends),
                }
                continue;
            };
            if lane.len() >= DEPTH {
                self.leave_out(LeftOut::Deep);
                // Its end must not end another one.
                if edge.to.is_none() {
                    lane.push(Open { task: None, to: None });
                }
                continue;
            }
            let task = out.task(edge.lane, kind, lane);
            out.say(edge.at, Some(edge.lane), Said::PollStart { task, budget: u32::MAX, tick: 0 });
            lane.push(Open { task: Some(task), to: edge.to });
        }
        for (lane, open) in open.iter_mut().enumerate() {
            out.close(open, lane as u16, u64::MAX);
        }
        out.finish()
    }
}

/// A slice that is not over.
struct Open {
    /// `None`: it is too deep to be shown.
    task: Option<TaskId>,
    /// When it ends, if that is known.
    to: Option<u64>,
}

#[derive(Default)]
struct Out {
    start: u64,
    /// By thread, name and depth, or the next depth at which it is free: a task is in one poll at a time, also where
    /// slices overlap without one being inside the other.
    tasks: BTreeMap<(u16, u16, usize), TaskId>,
    spawned: Vec<(u64, TaskId, u16)>,
    records: Vec<(u64, Option<u16>, Said)>,
    last: u64,
}

impl Out {
    fn say(&mut self, at: u64, lane: Option<u16>, event: Said) {
        self.last = self.last.max(at);
        self.records.push((at, lane, event));
    }

    fn task(&mut self, lane: u16, kind: u16, open: &[Open]) -> TaskId {
        let is_open = |depth: usize| {
            let task = self.tasks.get(&(lane, kind, depth));
            task.is_some_and(|&task| open.iter().any(|open| open.task == Some(task)))
        };
        let depth = (open.len()..).find(|&depth| !is_open(depth)).expect("few slices are open");
        let next = TaskId(self.tasks.len() as u32);
        let task = *self.tasks.entry((lane, kind, depth)).or_insert(next);
        if task == next {
            self.spawned.push((self.start, task, kind));
        }
        task
    }

    fn end(&mut self, open: &Open, lane: u16, at: u64) {
        if let Some(task) = open.task {
            self.say(at, Some(lane), Said::PollEnd { task, end: PollEnd::Pending });
        }
    }

    /// Ends what is over by then, the innermost first. Those that end with an event of their own stay.
    fn close(&mut self, lane: &mut Vec<Open>, thread: u16, until: u64) {
        for at in (0..lane.len()).rev() {
            if let Some(to) = lane[at].to.filter(|&to| to <= until) {
                let open = lane.remove(at);
                self.end(&open, thread, to);
            }
        }
    }

    fn finish(mut self) -> (Trace, Time) {
        self.spawned.sort_by_key(|&(_, task, _)| task);
        // Ends were found when the next slice of their thread began: other threads stand in between.
        self.records.sort_by_key(|&(at, ..)| at);
        let mut trace = Trace::new();
        let mut push = |at: u64, lane: Option<u16>, event| {
            trace.push(Record { at: Time(at - self.start), thread: lane.map(ThreadId), worker: None, event });
        };
        for &(at, task, kind) in &self.spawned {
            push(at, None, Said::Spawn { task, parent: None, kind: KindId(kind), job: false });
        }
        for &(at, lane, event) in &self.records {
            push(at, lane, event);
        }
        (trace, Time(self.last - self.start))
    }
}
