//! How a runtime is made.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use super::handle::Runtime;
use super::runnable::Runnable;
use super::shared::{Lane, Offers, Parts, Shared};
use crate::policy::spec::Feature;
use crate::policy::{Args, Policy, Registry};
use crate::scenario::{Json, PolicyChoice, Problem};
use crate::time::Nanos;

/// Makes a [`Runtime`]: first what it is to be like, then [`Builder::build`]. Whatever is wrong is told there, all at
/// once.
///
/// ```
/// use std::time::Duration;
/// use dandori::runtime::Builder;
///
/// let runtime = Builder::new()
///     .policy("tokio")
///     .param("disable_lifo_slot", true)
///     .workers(2)
///     .max_blocking_threads(16)
///     .keep_alive(Duration::from_secs(1))
///     .thread_name("shop")
///     .build()
///     .unwrap();
/// assert_eq!(runtime.block_on(async { 1 + 1 }), 2);
///
/// let problems = Builder::new().policy("tokyo").max_blocking_threads(0).build().unwrap_err();
/// assert_eq!(problems.problems().len(), 2);
/// assert!(problems.to_string().contains("tokio"), "the right name is offered: {problems}");
/// ```
#[must_use = "a builder makes nothing until `build`"]
pub struct Builder {
    policy: Choice,
    params: Vec<(String, Value)>,
    registry: Registry,
    max_blocking_threads: Option<u32>,
    keep_alive: Option<Duration>,
    thread_name: String,
    records: Option<u64>,
    seed: u64,
}

enum Choice {
    Named(String),
    Made(Box<dyn Policy<Runnable>>),
}

impl Default for Builder {
    fn default() -> Builder {
        Builder::new()
    }
}

/// Most threads of a blocking pool: the upper end of what policies allow for it.
const MOST_THREADS: u32 = 10_000;
/// Longest keep-alive of a thread that idles, as policies allow it.
const LONGEST_KEEP_ALIVE: Duration = Duration::from_secs(3_600);
/// Longest name of threads. Linux keeps 15 bytes of it, other systems more. Taste.
const LONGEST_NAME: usize = 64;

impl Builder {
    /// The policy `tokio` with its defaults, one worker per CPU, no trace.
    pub fn new() -> Builder {
        Builder {
            policy: Choice::Named("tokio".to_owned()),
            params: Vec::new(),
            registry: Registry::standard(),
            max_blocking_threads: None,
            keep_alive: None,
            thread_name: "dandori".to_owned(),
            records: None,
            seed: 1,
        }
    }

    /// The policy of this name in the [registry](Builder::registry). `dandori policies` lists them.
    pub fn policy(mut self, name: impl Into<String>) -> Builder {
        self.policy = Choice::Named(name.into());
        self
    }

    /// A policy as a value, made by the program. It brings its own parameters.
    pub fn policy_value(mut self, policy: Box<dyn Policy<Runnable>>) -> Builder {
        self.policy = Choice::Made(policy);
        self
    }

    /// Sets a parameter of the policy, as a scenario would: a number, `true`, a word, or a length of time such as
    /// `"10 ms"`. Setting it again replaces it.
    pub fn param(mut self, name: impl Into<String>, value: impl Into<Value>) -> Builder {
        let (name, value) = (name.into(), value.into());
        self.params.retain(|(known, _)| *known != name);
        self.params.push((name, value));
        self
    }

    /// Where names of policies are looked up; [`Registry::standard`] if not set.
    pub fn registry(mut self, registry: Registry) -> Builder {
        self.registry = registry;
        self
    }

    /// Number of workers: the policy's parameter of that name. One per CPU if not set.
    pub fn workers(self, workers: usize) -> Builder {
        self.param("workers", workers as u64)
    }

    /// Most threads of the blocking pool, besides those that hold workers; 1 to 10,000. The policy's own number if not
    /// set (512 under `tokio`).
    pub fn max_blocking_threads(mut self, threads: u32) -> Builder {
        self.max_blocking_threads = Some(threads);
        self
    }

    /// A thread of the blocking pool ends after idling this long; up to one hour. The policy's own length if not set
    /// (10 s under `tokio`).
    pub fn keep_alive(mut self, length: Duration) -> Builder {
        self.keep_alive = Some(length);
        self
    }

    /// What threads are called, before a dash and their number; 1 to 64 bytes. `dandori` if not set.
    pub fn thread_name(mut self, name: impl Into<String>) -> Builder {
        self.thread_name = name.into();
        self
    }

    /// Records what happens, about so many records at most (30 to 60 bytes each); later ones are counted as dropped. See
    /// [`Runtime::trace`].
    pub fn trace(mut self, records: u64) -> Builder {
        self.records = Some(records);
        self
    }

    /// Seed of what the policy draws (where a thief starts) and of the draws of scenario tasks.
    pub fn seed(mut self, seed: u64) -> Builder {
        self.seed = seed;
        self
    }

    /// The runtime, running.
    ///
    /// # Errors
    /// Everything that is wrong with the settings, or that the system refuses.
    pub fn build(self) -> Result<Runtime, BuildError> {
        let runtime = self.build_stopped()?;
        runtime.start()?;
        Ok(runtime)
    }

    /// The runtime, whose threads do not run before [`Runtime::start`]: so that tasks can be queued before the first
    /// worker decides.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn build_stopped(self) -> Result<Runtime, BuildError> {
        let mut problems = Vec::new();
        if !self.max_blocking_threads.is_none_or(|threads| (1..=MOST_THREADS).contains(&threads)) {
            problems.push(Problem::new("max_blocking_threads", format!("a number from 1 to {MOST_THREADS} is needed")));
        }
        if self.keep_alive.is_some_and(|length| length > LONGEST_KEEP_ALIVE) {
            let most = Nanos::from(LONGEST_KEEP_ALIVE);
            problems.push(Problem::new("keep_alive", format!("a length of at most {most} is needed")));
        }
        let name = &self.thread_name;
        if name.is_empty() || name.len() > LONGEST_NAME || name.contains('\0') {
            let message = format!("a name of 1 to {LONGEST_NAME} bytes without a zero byte is needed");
            problems.push(Problem::new("thread_name", message));
        }
        let policy_name = match &self.policy {
            Choice::Named(name) => name.clone(),
            Choice::Made(_) => "custom".to_owned(),
        };
        let mut offers = Offers { pool: true, hand_over: true };
        let policy = match self.policy {
            Choice::Made(policy) => {
                problems.extend(self.params.iter().map(|(name, _)| {
                    Problem::new(
                        format!("policy.{name}"),
                        "a policy that is given as a value has its parameters already",
                    )
                }));
                Some(policy)
            }
            Choice::Named(ref name) => {
                if let Some(found) = self.registry.get(name) {
                    let refuses = |feature| found.spec.refuses.iter().any(|refusal| refusal.feature == feature);
                    offers.pool = !refuses(Feature::SpawnBlocking);
                    offers.hand_over = !refuses(Feature::BlockInPlace);
                }
                named(name, &self.params, &self.registry, self.seed).map_err(|wrong| problems.extend(wrong)).ok()
            }
        };
        let Some(policy) = policy.filter(|_| problems.is_empty()) else { return Err(BuildError(problems)) };
        let mut shape = policy.shape();
        if let Some(threads) = self.max_blocking_threads {
            shape.pool_max = threads + u32::from(shape.workers);
        }
        if let Some(length) = self.keep_alive {
            shape.keep_alive = length.into();
        }
        let Builder { seed, thread_name, records, .. } = self;
        let parts = Parts { policy, shape, seed, policy_name, thread_name, offers, records };
        let shared = Shared::new(parts)
            .map_err(|error| Problem::new("machine", format!("the system refuses a selector: {error}")))?;
        Ok(Runtime::over(Lane::new(shared)))
    }
}

/// A policy of the registry, with its parameters.
fn named(
    name: &str,
    params: &[(String, Value)],
    registry: &Registry,
    seed: u64,
) -> Result<Box<dyn Policy<Runnable>>, Vec<Problem>> {
    let mut fields = Map::new();
    fields.insert("name".to_owned(), name.into());
    fields.extend(params.iter().cloned());
    let json = Json::parse(&Value::Object(fields).to_string())?;
    let choice = PolicyChoice::read(&json, registry)?;
    let found = registry.get(&choice.name).expect("what was read is in the registry");
    if let Some(refusal) = found.spec.refuses.iter().find(|refusal| refusal.feature == Feature::Spawn) {
        let message = format!("{} cannot run a program's tasks: {}", choice.name, refusal.reason);
        return Err(vec![Problem::new("policy.name", message)]);
    }
    let cpus = std::thread::available_parallelism().map_or(1, |n| u16::try_from(n.get()).unwrap_or(u16::MAX));
    Ok(found.threaded(&Args { spec: &found.spec, params: &choice.params, cpus, seed }))
}

/// Why there is no runtime: every problem, each with the path of its setting.
#[derive(Clone, PartialEq, Eq)]
pub struct BuildError(Vec<Problem>);

impl BuildError {
    /// All of them, at least one.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.0
    }

    /// All of them.
    #[must_use]
    pub fn into_problems(self) -> Vec<Problem> {
        self.0
    }
}

impl From<Problem> for BuildError {
    fn from(problem: Problem) -> BuildError {
        BuildError(vec![problem])
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.0.iter().enumerate() {
            let before = if number == 0 { "" } else { "; " };
            write!(f, "{before}{problem}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BuildError({self})")
    }
}

impl std::error::Error for BuildError {}
