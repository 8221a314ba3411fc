//! `docs/scenario.md` says what the code does: its examples are valid, its tables are made from the code. Set
//! `DANDORI_BLESS=1` to write the tables anew.

use std::fmt::Write;
use std::path::Path;

use dandori::policy::Registry;
use dandori::scenario::{Costs, Draft, Json, Scenario, library, limits};
use dandori::time::Nanos;

/// As the page has them; an unknown one tells those that are known.
const DISTRIBUTIONS: [&str; 6] = ["uniform", "exponential", "lognormal", "pareto", "mixture", "list"];

fn path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scenario.md")
}

fn docs() -> String {
    std::fs::read_to_string(path()).expect("docs/scenario.md")
}

fn costs() -> String {
    let fields = |costs: &Costs| match Json::parse(&serde_json::to_string(costs).expect("numbers")) {
        Ok(Json::Map(fields)) => fields,
        other => panic!("{other:?}"),
    };
    let value = |json: &Json| match json {
        Json::Number(number) => Nanos(number.as_u64().expect("nanoseconds")).to_string(),
        other => panic!("{other:?}"),
    };
    let mut table = "| cost |".to_owned();
    for (name, _) in Costs::PROFILES {
        _ = write!(table, " `{name}` |");
    }
    table.push_str("\n|---|---|---|---|\n");
    let profiles: Vec<_> = Costs::PROFILES.iter().map(|(_, costs)| fields(costs)).collect();
    for (index, (name, _)) in profiles[0].iter().enumerate() {
        _ = write!(table, "| `{name}` |");
        for profile in &profiles {
            _ = write!(table, " {} |", value(&profile[index].1));
        }
        table.push('\n');
    }
    table
}

fn names() -> String {
    let mut table = "| name | fits |\n|---|---|\n".to_owned();
    for named in &library::ALL {
        _ = writeln!(table, "| `{}` | {} |", named.name, named.fits.join(", "));
    }
    table
}

#[test]
fn the_tables_are_those_of_the_code() {
    let mut text = docs();
    for (mark, table) in [("costs", costs()), ("library", names())] {
        let start = format!("<!-- {mark} -->\n");
        let from = text.find(&start).unwrap_or_else(|| panic!("no mark {mark}")) + start.len();
        let to = from + text[from..].find("<!-- end -->").expect("an end");
        if std::env::var_os("DANDORI_BLESS").is_some() {
            text.replace_range(from..to, &table);
            std::fs::write(path(), &text).expect("docs/scenario.md is written");
        } else {
            assert_eq!(&text[from..to], table, "DANDORI_BLESS=1 writes the table of {mark} anew");
        }
    }
}

#[test]
fn the_limits_are_those_of_the_code() {
    let text = docs();
    for number in [
        *limits::SEED.end(),
        *limits::CPUS.end(),
        *limits::RECORDS.end(),
        *limits::INSTANT.end(),
        *limits::CAPACITY.end(),
        *limits::READY.end(),
        *limits::ARRIVALS.end(),
        *limits::BURST.end(),
        *limits::CLIENTS.end(),
        *limits::SPAWN.end(),
        *limits::MESSAGES.end(),
        *limits::TIMES.end(),
        limits::NAMES as u64,
        limits::NAME as u64,
        limits::STEPS.into(),
        limits::DEPTH as u64,
        limits::BRANCHES as u64,
        limits::LIST as u64,
        limits::MIXTURE as u64,
        *limits::WEIGHT.end(),
        dandori::scenario::json::MAX_TEXT as u64,
    ] {
        let told = text.split(|c: char| !c.is_ascii_digit()).any(|word| word == number.to_string());
        assert!(told, "{number} is not in docs/scenario.md");
    }
    assert_eq!(limits::LONGEST, Nanos::from_secs(3_600), "1 h, as the page says");
    assert_eq!(limits::LONGEST_COST, Nanos::from_secs(1), "1 s, as the page says");
}

#[test]
fn the_example_is_valid() {
    let text = docs();
    let blocks = text.split("```json\n").skip(1).map(|rest| rest.split("```").next().expect("a block"));
    let mut seen = 0;
    for block in blocks {
        if let Err(problems) = Scenario::parse(block) {
            panic!("{block}\n{problems:#?}");
        }
        seen += 1;
    }
    assert_eq!(seen, 1);
}

#[test]
fn every_step_of_the_table_is_valid_and_every_verb_is_in_it() {
    let registry = Registry::standard();
    let base = r#"{"dandori": 1, "policy": "global-queue", "channels": {"c": {}}, "sockets": {"s": {"data": "always"}}, "mutexes": {"m": {}},
        "tasks": {"job": {"arrive": [{"at": "0 ns"}], "program": []}}}"#;
    let text = docs();
    let rows = text.lines().filter(|line| line.starts_with("| `{"));
    let mut verbs = std::collections::BTreeSet::new();
    for step in
        rows.flat_map(|row| row.split('|').nth(1).expect("a cell").split('`')).filter(|cell| cell.starts_with('{'))
    {
        let step = step.replace("[...]", "[]");
        let json = Json::parse(&step).unwrap_or_else(|problems| panic!("{step}: {problems:?}"));
        let mut draft = Draft::parse(base).expect("JSON");
        let is_series = ["at", "every", "poisson", "clients"].iter().any(|field| json.get(field).is_some());
        let is_length = DISTRIBUTIONS.iter().any(|name| json.get(name).is_some());
        let path = if is_series { "tasks.job.arrive" } else { "tasks.job.program" };
        if let (false, false, Json::Map(fields)) = (is_series, is_length, &json) {
            verbs.insert(fields[0].0.clone());
        }
        let json = if is_length { Json::map([("cpu", json)]) } else { json };
        draft.put(path, Json::List(vec![json])).expect("a place");
        if let Err(problems) = draft.build(&registry) {
            panic!("{step}: {problems:?}");
        }
    }
    let unknown =
        Scenario::parse(&base.replace(r#""program": []"#, r#""program": [{"zzzzzz": 1}]"#)).expect_err("no verb");
    let allowed = unknown[0].message.split_once("Allowed: ").expect("the verbs").1;
    let allowed: std::collections::BTreeSet<String> =
        allowed.split([',', ' ']).filter(|word| !word.is_empty() && *word != "or").map(str::to_owned).collect();
    assert_eq!(verbs, allowed);
}
