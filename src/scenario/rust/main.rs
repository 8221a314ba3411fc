//! The `main` of a program: the runtime, what arrives from outside, and the end.

use super::body::Body;
use super::parts::{Uses, channel, duration, name, socket};
use crate::policy::Registry;
use crate::policy::spec::Feature;
use crate::scenario::json::Json;
use crate::scenario::model::{Arrivals, Scenario};
use crate::scenario::write;

/// What a program runs under where its policy needs no runtime: `block-on` polls one future on the thread that calls it.
const ONE_THREAD: &str = "tokio-current-thread";

pub(super) fn main(scenario: &Scenario, registry: &Registry, uses: &mut Uses) -> Vec<String> {
    let mut out = vec!["fn main() -> Result<(), Box<dyn Error>> {".to_owned()];
    let mut say = |line: String| out.push(format!("    {line}"));
    say(format!("let runtime = Builder::new(){}.build_stopped()?;", policy(scenario, registry)));
    say(format!("let end = {};", duration(crate::time::Nanos(scenario.limits.end.0))));
    say("let mut arrivals: Vec<(Duration, fn() -> BoxFuture)> = Vec::new();".to_owned());
    for kind in &scenario.kinds {
        let make = format!("|| Box::pin({}())", name(&kind.name));
        for series in &kind.arrivals {
            if let Arrivals::Closed { clients, think, from, count } = series {
                let think = Body::new(scenario, uses, 0).length(think);
                let from = duration(crate::time::Nanos(from.0));
                say(format!("for _ in 0..{clients} {{"));
                say(format!("    arrivals.push(({from}, || Box::pin(async {{"));
                say(format!("        for _ in 0..{count} {{"));
                say(format!("            dandori::time::sleep({think}).await;"));
                say(format!("            drop(dandori::task::spawn({}()).await);", name(&kind.name)));
                say("        }".to_owned());
                say("    })));".to_owned());
                say("}".to_owned());
                continue;
            }
            arrive(&mut say, series, "arrivals", &make);
        }
    }
    for spec in &scenario.sockets {
        if let Some(series) = &spec.data {
            let make = format!("|| Box::pin(async {{ {}.send(1) }})", socket(&spec.name));
            arrive(&mut say, series, "arrivals", &make);
        }
    }
    let is_fed = scenario.channels.iter().any(|channel| channel.outside.is_some());
    if is_fed {
        say("let mut outside: Vec<(Duration, fn())> = Vec::new();".to_owned());
    }
    for spec in &scenario.channels {
        if let Some(series) = &spec.outside {
            arrive(&mut say, series, "outside", &format!("|| {}.send(1)", channel(&spec.name)));
        }
    }
    let feed = if is_fed { OUTSIDE } else { "" };
    for line in BEGIN.lines().chain(feed.lines()).chain(END.lines()) {
        say(line.to_owned());
    }
    if uses.measure {
        say("report();".to_owned());
    }
    say("runtime.shutdown_timeout(Duration::from_secs(1));".to_owned());
    say("Ok(())".to_owned());
    out.push("}".to_owned());
    out.iter().map(|line| line.trim_end().to_owned()).collect()
}

const BEGIN: &str = "\
arrivals.sort_by_key(|(at, _)| *at);
// What arrives at zero is queued before the first worker decides.
let later = arrivals.split_off(arrivals.partition_point(|(at, _)| at.is_zero()));
for (_, task) in arrivals {
    drop(runtime.spawn(task()));
}
runtime.start()?;
let start = Instant::now();
";

const OUTSIDE: &str = "\
outside.sort_by_key(|(at, _)| *at);
thread::spawn(move || {
    for (at, send) in outside {
        thread::sleep(at.saturating_sub(start.elapsed()));
        send();
    }
});
";

const END: &str = "\
for (at, task) in later {
    thread::sleep(at.saturating_sub(start.elapsed()));
    drop(runtime.spawn(task()));
}
while start.elapsed() < end && runtime.metrics().num_alive_tasks() > 0 {
    thread::sleep(Duration::from_millis(1));
}
let metrics = runtime.metrics();
println!(\"{} tasks were spawned, {} are alive\", metrics.spawned_tasks_count(), metrics.num_alive_tasks());
";

/// `.policy("tokio").param("workers", 2)`.
fn policy(scenario: &Scenario, registry: &Registry) -> String {
    let refuses = registry
        .get(&scenario.policy.name)
        .is_some_and(|policy| policy.spec.refuses.iter().any(|refusal| refusal.feature == Feature::Spawn));
    if refuses {
        return format!(".policy({ONE_THREAD:?})");
    }
    let mut out = format!(".policy({:?})", scenario.policy.name);
    let Json::Map(fields) = write::policy(&scenario.policy, registry) else { return out };
    for (name, value) in fields.iter().filter(|(name, _)| name != "name") {
        out += &format!(".param({name:?}, {value})");
    }
    out
}

fn arrive(say: &mut impl FnMut(String), series: &Arrivals, list: &str, make: &str) {
    let at = |from: crate::time::Time| duration(crate::time::Nanos(from.0));
    let push = |at: &str| format!("{list}.push(({at}, {make}));");
    let mut looped = |head: String, body: String| {
        say(head);
        say(format!("    {body}"));
        say("}".to_owned());
    };
    match series {
        Arrivals::Closed { .. } => unreachable!("written by the caller, who knows the kind"),
        Arrivals::At { at: when, count: 1 } => say(push(&at(*when))),
        Arrivals::At { at: when, count } => looped(format!("for _ in 0..{count} {{"), push(&at(*when))),
        Arrivals::Every { period, from, count } => {
            looped(
                format!("for n in (0..{count}).take_while(|&n| {} + {} * n <= end) {{", at(*from), duration(*period)),
                push(&format!("{} + {} * n", at(*from), duration(*period))),
            );
        }
        Arrivals::Burst { size, period, from, count } => {
            let time = format!("{} + {} * (n / {size})", at(*from), duration(*period));
            let all = u64::from(*count) * u64::from(*size);
            looped(
                format!("for n in (0..{}).take_while(|&n| {time} <= end) {{", all.min(u64::from(u32::MAX))),
                push(&time),
            );
        }
        Arrivals::Poisson { mean, from, count } => {
            say(format!("let mut at = {};", at(*from)));
            say(format!("for _ in 0..{count} {{"));
            say(format!("    at += exponential({});", duration(*mean)));
            say("    if at > end {".to_owned());
            say("        break;".to_owned());
            say("    }".to_owned());
            say(format!("    {}", push("at")));
            say("}".to_owned());
        }
    }
}
