//! `dandori policies`: what there is, with parameters and assumptions.

use std::fmt;

use dandori::policy::Registry;
use dandori::policy::spec::{Param, Range, Spec};
use dandori::scenario::Problem;
use dandori::time::Nanos;
use serde::Serialize;

use crate::{Failure, output};

/// Arguments.
#[derive(clap::Args)]
pub struct Args {
    /// Only this one.
    name: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct List(Vec<Spec>);

/// Prints.
pub fn run(args: &Args) -> Result<(), Failure> {
    let registry = Registry::standard();
    let is_wanted = |spec: &Spec| args.name.as_deref().is_none_or(|name| name == spec.name);
    let specs: Vec<Spec> = registry.iter().map(|policy| policy.spec.clone()).filter(is_wanted).collect();
    if specs.is_empty() {
        let known: Vec<&str> = registry.iter().map(|policy| policy.spec.name).collect();
        let name = args.name.as_deref().unwrap_or_default();
        return Err(vec![Problem::new(name, format!("there is no such policy; known: {}", known.join(", ")))].into());
    }
    output::print(&List(specs), args.json)
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, spec) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            writeln!(f, "{}: {}\n  {}", spec.name, spec.title, spec.summary)?;
            for param in spec.params {
                writeln!(f, "    {} ({})\n      {} Source: {}", param.name, range(param), param.what, param.source)?;
            }
            if !spec.assumptions.is_empty() {
                writeln!(f, "  Left out or simplified:")?;
            }
            for assumption in spec.assumptions {
                writeln!(f, "    {} Source: {}", assumption.text, assumption.source)?;
            }
            for refusal in spec.refuses {
                writeln!(f, "  Refuses {:?}: {}", refusal.feature, refusal.reason)?;
            }
        }
        Ok(())
    }
}

/// The values of a parameter: `1 to 1024 workers, default 4`.
fn range(param: &Param) -> String {
    match param.range {
        Range::Integer { min, max, default, unit } => {
            let default = default.map_or("one per CPU".to_owned(), |number| number.to_string());
            format!("{min} to {max} {unit}, default {default}")
        }
        Range::Duration { min, max, default } => {
            format!("{} to {}, default {}", Nanos(min), Nanos(max), Nanos(default))
        }
        Range::Flag { default } => format!("true or false, default {default}"),
        Range::Choice { options, default } => format!("{}, default {default}", options.join(" or ")),
    }
}
