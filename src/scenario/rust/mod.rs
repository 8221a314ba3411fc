//! A scenario as a program in Rust: what its tasks do as people write it, and a `main` that runs it on this crate's
//! runtime. The lines know their steps, so that a picture can say where in the program a task is.
//!
//! The program does what the scenario says with what a program has: it computes by spinning and blocks by sleeping in its
//! thread, operations of the driver are sleeps, and drawn lengths are drawn anew. What only a simulation has (costs, number
//! of CPUs, seeds of draws) is left out.

mod body;
mod main;
mod parts;

use std::ops::Range;

use self::body::{Body, boxed};
use self::parts::Uses;
use crate::policy::Registry;
use crate::scenario::model::{Arrivals, Kind, Scenario};

/// A program, line by line.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Listing {
    /// Its lines, without their ends.
    pub lines: Vec<String>,
    /// One for each kind of the scenario.
    pub kinds: Vec<Place>,
}

/// Where a kind's program stands.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Place {
    /// Lines of its function.
    pub lines: Range<usize>,
    /// The line of each step, by its number in the kind.
    pub steps: Vec<Option<usize>>,
    /// At which `.await` of the function a step waits: `Suspend0` is the first. `None`: it does not wait.
    pub awaits: Vec<Option<u32>>,
}

/// The program of a scenario.
#[must_use]
pub fn listing(scenario: &Scenario, registry: &Registry) -> Listing {
    let mut uses = Uses::default();
    let mut bodies: Vec<(Vec<String>, Place)> = Vec::new();
    for kind in &scenario.kinds {
        bodies.push(function(scenario, kind, &mut uses));
    }
    let is_drawn = |series: &Arrivals| matches!(series, Arrivals::Poisson { .. });
    uses.exponential |= scenario.kinds.iter().any(|kind| kind.arrivals.iter().any(is_drawn));
    uses.exponential |= scenario.sockets.iter().any(|socket| socket.data.as_ref().is_some_and(is_drawn));
    uses.exponential |= scenario.channels.iter().any(|channel| channel.outside.as_ref().is_some_and(is_drawn));
    let main = main::main(scenario, registry, &mut uses);
    let mut out = Listing { lines: parts::head(scenario, &uses), kinds: Vec::new() };
    for (lines, place) in bodies {
        out.lines.push(String::new());
        let at = out.lines.len();
        let steps = place.steps.iter().map(|line| line.map(|line| line + at)).collect();
        out.kinds.push(Place { lines: at..at + lines.len(), steps, awaits: place.awaits });
        out.lines.extend(lines);
    }
    out.lines.push(String::new());
    out.lines.extend(main);
    out.lines.extend(parts::helpers(scenario, &uses));
    out
}

/// Whether tasks of a kind arrive, or can be spawned by those that do.
fn reached(scenario: &Scenario, kind: &Kind) -> bool {
    let mut seen: Vec<bool> = scenario.kinds.iter().map(|kind| !kind.arrivals.is_empty()).collect();
    let mut todo: Vec<usize> = (0..seen.len()).filter(|&index| seen[index]).collect();
    while let Some(next) = todo.pop() {
        for other in body::spawned(&scenario.kinds[next].program) {
            if !std::mem::replace(&mut seen[other], true) {
                todo.push(other);
            }
        }
    }
    scenario.kinds.iter().zip(seen).any(|(other, seen)| other.name == kind.name && seen)
}

/// The function of a kind.
fn function(scenario: &Scenario, kind: &Kind, uses: &mut Uses) -> (Vec<String>, Place) {
    let is_boxed = boxed(scenario, kind);
    let mut body = Body::new(scenario, uses, if is_boxed { 2 } else { 1 });
    body.program(&kind.program);
    let Body { lines, before, steps, awaits, .. } = body;
    let name = parts::name(&kind.name);
    let mut out = vec![format!("/// Kind `{}`.", kind.name)];
    if !reached(scenario, kind) {
        out.push("#[allow(dead_code)] // nobody spawns it".to_owned());
    }
    if is_boxed {
        out.push(format!("fn {name}() -> BoxFuture {{"));
        out.push("    Box::pin(async move {".to_owned());
    } else {
        out.push(format!("async fn {name}() {{"));
    }
    out.extend(before);
    let at = out.len();
    out.extend(lines);
    if is_boxed {
        out.push("    })".to_owned());
    }
    out.push("}".to_owned());
    let steps = steps.iter().map(|line| line.map(|line| line + at)).collect();
    (out, Place { lines: 0..0, steps, awaits })
}

impl std::fmt::Display for Listing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::library;

    #[test]
    fn every_step_of_every_named_scenario_has_its_line() {
        let registry = Registry::standard();
        for named in &library::ALL {
            let scenario = named.scenario(&registry).unwrap();
            let listing = listing(&scenario, &registry);
            for (kind, place) in scenario.kinds.iter().zip(&listing.kinds) {
                let first = &listing.lines[place.lines.start];
                assert_eq!(*first, format!("/// Kind `{}`.", kind.name));
                assert_eq!(listing.lines[place.lines.end - 1], "}");
                for step in &kind.program {
                    let line = place.steps[step.id as usize].unwrap_or_else(|| panic!("{} {step:?}", named.name));
                    assert!(place.lines.contains(&line), "{} {step:?}: {line} {:?}", named.name, place.lines);
                }
            }
        }
    }

    #[test]
    fn steps_stand_in_the_lines_of_what_they_do() {
        let text = r#"{"dandori": 1, "policy": "tokio", "tasks": {"a": {"arrive": [{"at": "0 ns"}], "program": [
            {"cpu": "5 us"}, {"repeat": {"times": 2, "do": [{"sleep": "1 ms"}, {"spawn_blocking": [{"block": "2 s"}]}]}}, "yield_now"]}}}"#;
        let scenario = Scenario::parse(text).unwrap();
        let listing = listing(&scenario, &Registry::standard());
        let place = &listing.kinds[0];
        let line = |step: usize| listing.lines[place.steps[step].unwrap()].trim();
        assert_eq!(line(0), "compute(Duration::from_micros(5));");
        assert_eq!(line(2), "sleep(Duration::from_millis(1)).await;");
        assert_eq!(line(4), "thread::sleep(Duration::from_secs(2));");
        assert_eq!(line(5), "yield_now().await;");
        assert_eq!(place.awaits, [None, None, Some(0), Some(1), None, Some(2)]);
    }
}
