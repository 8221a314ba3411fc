//! Which scenario, with which changes: what `sim`, `real`, `compare` and `export` have in common.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use dandori::policy::Registry;
use dandori::scenario::json::MAX_TEXT;
use dandori::scenario::{Draft, Json, Problem, Scenario, library};
use dandori::trace::import::{self, Import};
use dandori::trace::jsonl::Limits;

/// A scenario as the command line names it.
#[derive(clap::Args, Clone, Debug)]
pub struct Source {
    /// Name in the library (see `dandori scenarios`), or a file; `explain` and `export` also take the trace of a run.
    pub scenario: String,
    /// Changes a field, for example `policy.workers=4` or `limits.end="2 s"`; may be repeated.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Costs of a machine, as `dandori calibrate --out` writes them.
    #[arg(long, value_name = "FILE")]
    pub costs: Option<PathBuf>,
    /// Seed of all random draws.
    #[arg(long)]
    pub seed: Option<u64>,
}

impl Source {
    /// The scenario, under `policy` if there is one, or everything that is wrong with it.
    pub fn scenario(&self, policy: Option<&str>, registry: &Registry) -> Result<Scenario, Vec<Problem>> {
        let mut draft = self.draft()?;
        let mut problems = Vec::new();
        if let Some(policy) = policy {
            draft.with_policy(policy, registry);
        }
        if let Some(path) = &self.costs {
            match costs(path) {
                Ok(costs) => problems.extend(draft.put("machine.costs", costs).err()),
                Err(message) => problems.push(Problem::new(format!("--costs {}", path.display()), message)),
            }
        }
        for set in &self.set {
            match set.split_once('=') {
                Some((path, value)) => problems.extend(draft.set(path, value).err().unwrap_or_default()),
                None => problems.push(Problem::new(format!("--set {set}"), "PATH=VALUE is expected")),
            }
        }
        if let Some(seed) = self.seed {
            problems.extend(draft.put("seed", Json::integer(seed)).err());
        }
        match draft.build(registry) {
            Ok(scenario) if problems.is_empty() => Ok(scenario),
            Ok(_) => Err(problems),
            Err(more) => {
                problems.extend(more);
                Err(problems)
            }
        }
    }

    /// The recording, if what is named is not a scenario but the trace of a run; or everything that is wrong with it.
    pub fn trace(&self) -> Result<Option<Import>, Vec<Problem>> {
        let path = Path::new(&self.scenario);
        if library::get(&self.scenario).is_some() || !path.is_file() || !is_trace(path) {
            return Ok(None);
        }
        let mut problems: Vec<Problem> = self.set.iter().map(|set| fixed(&format!("--set {set}"))).collect();
        problems.extend(self.costs.iter().map(|_| fixed("--costs")));
        problems.extend(self.seed.iter().map(|_| fixed("--seed")));
        let import = trace(path);
        if problems.is_empty() {
            return import.map(Some);
        }
        problems.extend(import.err().unwrap_or_default());
        Err(problems)
    }

    fn draft(&self) -> Result<Draft, Vec<Problem>> {
        if let Some(named) = library::get(&self.scenario) {
            return Ok(named.draft());
        }
        let path = Path::new(&self.scenario);
        if !path.exists() {
            let message = "there is no scenario of that name in the library (see `dandori scenarios`) and no such file";
            return Err(vec![Problem::new(&self.scenario, message)]);
        }
        let text = read(path).map_err(|message| vec![Problem::new(&self.scenario, message)])?;
        Draft::parse(&text)
    }
}

/// A recording is what it is.
fn fixed(what: &str) -> Problem {
    Problem::new(what, "a recording cannot be changed; name a scenario to run one with other settings")
}

/// The same for a policy that is given beside a recording.
pub fn no_policy(policy: Option<&str>) -> Result<(), Vec<Problem>> {
    policy.map_or(Ok(()), |_| Err(vec![fixed("--policy")]))
}

/// Bytes of a file in which the signs of a trace are looked for.
const HEAD: u64 = 1 << 20;

fn is_trace(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    read.is_ok() && import::is_trace(&head)
}

/// The recording in a file: JSON Lines or Chrome JSON.
pub fn trace(path: &Path) -> Result<Import, Vec<Problem>> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| vec![Problem::new(&name, format!("cannot be opened: {error}"))])?;
    import::read_from(file, Limits::default())
        .map_err(|problems| problems.iter().map(|problem| Problem::new(&name, problem.to_string())).collect())
}

/// The name of a file without its folder.
pub fn file_name(path: &str) -> String {
    Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The cost profile in a calibration.
fn costs(path: &Path) -> Result<Json, String> {
    let json = Json::parse(&read(path)?).map_err(|problems| match problems.as_slice() {
        [first, ..] => format!("is not JSON: {}", first.message),
        [] => "is not JSON".to_owned(),
    })?;
    let costs = json.get("costs").filter(|costs| matches!(costs, Json::Map(_)));
    costs.cloned().ok_or_else(|| "has no object `costs`; `dandori calibrate --out FILE` writes one".to_owned())
}

/// The first, or the problems of both.
pub fn both<T>(one: Result<T, Vec<Problem>>, other: Result<(), Vec<Problem>>) -> Result<T, Vec<Problem>> {
    match (one, other) {
        (Ok(value), Ok(())) => Ok(value),
        (Err(mut problems), Err(more)) => {
            problems.extend(more);
            Err(problems)
        }
        (Err(problems), Ok(())) | (Ok(_), Err(problems)) => Err(problems),
    }
}

/// A file as text; no more is read than a scenario may have.
fn read(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| format!("cannot be opened: {error}"))?;
    file.take(MAX_TEXT as u64 + 1).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() > MAX_TEXT {
        return Err(format!("is longer than {MAX_TEXT} bytes, which is the most that a scenario may have"));
    }
    String::from_utf8(bytes).map_err(|error| format!("is not UTF-8: {error}"))
}
