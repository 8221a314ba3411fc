//! The programs of the vectors that both worlds must reproduce, and how their records are read.

use dandori::time::Time;
use dandori::trace::{Event, Record};

pub const CHAIN: &str = r#"{
  "dandori": 1, "name": "chain",
  "machine": {"cpus": 2, "costs": "server"},
  "policy": {"name": "tokio", "workers": 2},
  "limits": {"end": "1 s"},
  "tasks": {
    "a": {"label": "A", "arrive": [{"at": "0 ns"}], "program": [{"cpu": "200 us"}, {"spawn": "b"}]},
    "b": {"label": "B", "program": [{"spawn": "c"}]},
    "c": {"label": "C", "program": [{"spawn": "d"}]},
    "d": {"label": "D", "program": [{"spawn": "e"}]},
    "e": {"label": "E", "program": []}
  }
}"#;

pub const BURST: &str = r#"{
  "dandori": 1, "name": "burst",
  "machine": {"cpus": 1, "costs": "ideal"},
  "policy": {"name": "tokio", "workers": 1},
  "limits": {"end": "1 s"},
  "tasks": {
    "root": {"label": "R", "arrive": [{"at": "0 ns"}], "program": [{"spawn": {"kind": "unit", "count": 10000}}]},
    "unit": {"label": "U", "program": []}
  }
}"#;

pub const READY: &str = r#"{
  "dandori": 1, "name": "ready",
  "machine": {"cpus": 1, "costs": "server"},
  "policy": {"name": "tokio", "workers": 1},
  "limits": {"end": "1 s"},
  "channels": {"inbox": {"ready": 1000}},
  "tasks": {"drain": {"label": "D", "arrive": [{"at": "0 ns"}], "program": [{"recv": {"channel": "inbox", "count": 1000}}]}}
}"#;

pub const YIELDS: &str = r#"{
  "dandori": 1, "name": "yields",
  "machine": {"cpus": 1, "costs": "ideal"},
  "policy": {"name": "tokio", "workers": 1},
  "limits": {"end": "1 s"},
  "tasks": {"d": {"label": "D", "arrive": [{"at": "0 ns", "count": 3}], "program": ["yield_now"]}}
}"#;

pub const HIDDEN: &str = r#"{
  "dandori": 1, "name": "hidden",
  "machine": {"cpus": 4, "costs": "server"},
  "policy": {"name": "tokio", "workers": 4},
  "limits": {"end": "3 s"},
  "tasks": {
    "outer": {
      "label": "O", "arrive": [{"at": "1 ms"}],
      "program": [{"spawn": {"kind": "small", "count": 1}}, {"block": "1 s"}]
    },
    "small": {"label": "S", "program": []}
  }
}"#;

pub const HAZARD: &str = r#"{
  "dandori": 1, "name": "hazard",
  "machine": {"cpus": 2, "costs": "ideal"},
  "policy": {"name": "tokio", "workers": 2},
  "limits": {"end": "2 s"},
  "tasks": {
    "blocker": {"label": "B", "arrive": [{"at": "0 ns"}], "program": [{"sleep": "10 ms"}, {"block": "1 s"}]},
    "second": {"label": "S", "arrive": [{"at": "0 ns"}], "program": [{"sleep": "20 ms"}]}
  }
}"#;

/// Every poll: which task, on which worker, in which tick, when.
pub fn polls(records: &[Record]) -> Vec<(u32, u16, u32, Time)> {
    let start = |record: &Record| match record.event {
        Event::PollStart { task, tick, .. } => Some((task.0, record.worker.expect("on a worker").0, tick, record.at)),
        _ => None,
    };
    records.iter().filter_map(start).collect()
}

pub fn count(records: &[Record], is: impl Fn(&Event) -> bool) -> usize {
    records.iter().filter(|record| is(&record.event)).count()
}

/// The first record that is so, and its index.
pub fn first(records: &[Record], is: impl Fn(&Event) -> bool) -> (usize, Record) {
    let at = records.iter().position(|record| is(&record.event)).expect("it happens");
    (at, records[at])
}
