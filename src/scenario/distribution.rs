//! Lengths of time that are drawn: how they are written, and what a draw comes to.

use super::fields::{expected, integer, list, nanos, number, object};
use super::json::Json;
use super::limits::{ALPHA, LIST, LONGEST, MIXTURE, SIGMA, WEIGHT};
use super::model::{Length, Share};
use super::problem::{Problems, at, either};
use crate::rng::Stream;
use crate::time::Nanos;

/// The names of the distributions, in the order in which the documentation has them.
const NAMES: [&str; 6] = ["uniform", "exponential", "lognormal", "pareto", "mixture", "list"];

impl Length {
    /// The length of one round of a step: a function of the task's stream, the step and the round. What is longer than
    /// [`LONGEST`] is cut there. A list has no draw: it is gone through in order.
    #[must_use]
    pub fn draw(&self, stream: Stream, step: u32, round: u64) -> Nanos {
        let drawn = match self {
            Length::Constant(length) => *length,
            Length::Uniform { from, to } => Nanos(stream.uniform(from.0, to.0, step, round)),
            Length::Exponential(mean) => Nanos(stream.exponential(mean.0, step, round)),
            Length::Lognormal { median, sigma } => Nanos(stream.lognormal(median.0, *sigma, step, round)),
            Length::Pareto { least, alpha } => Nanos(stream.pareto(least.0, *alpha, step, round)),
            Length::Mixture(shares) => {
                // Which share is a draw of its own, so that a change of weights leaves the lengths of each share alone.
                let total = shares.iter().map(|share| u64::from(share.weight)).sum::<u64>();
                let mut ticket = stream.part(PICK).uniform(0, total - 1, step, round);
                let drawn = shares.iter().find(|share| {
                    let weight = u64::from(share.weight);
                    let is_drawn = ticket < weight;
                    ticket = ticket.wrapping_sub(weight);
                    is_drawn
                });
                drawn.expect("the ticket is below the sum of the weights").of.draw(stream, step, round)
            }
            Length::List(lengths) => lengths[(round % lengths.len() as u64) as usize],
        };
        drawn.min(LONGEST)
    }
}

/// Part of a step's substream: which share of a mixture. Parts 0 and 1 belong to the draws themselves.
const PICK: u64 = 2;

/// A length of time, fixed or drawn.
pub(super) fn read(problems: &mut Problems, path: &str, json: &Json) -> Length {
    let Json::Map(fields) = json else { return Length::Constant(nanos(problems, path, json, Nanos::ZERO..=LONGEST)) };
    match fields.as_slice() {
        [(name, json)] if NAMES.contains(&name.as_str()) => drawn(problems, &at(path, name), name, json),
        _ => {
            problems.add(path, format!("expected a length of time or one of {}", either(NAMES)));
            Length::Constant(Nanos::ZERO)
        }
    }
}

fn drawn(problems: &mut Problems, path: &str, name: &str, json: &Json) -> Length {
    let one = |problems: &mut Problems, name: &str, least: u64| match json.get(name) {
        Some(json) => nanos(problems, &at(path, name), json, Nanos(least)..=LONGEST),
        None => {
            problems.add(at(path, name), "this is missing: a length of time such as \"10 ms\"");
            Nanos(least)
        }
    };
    let shape = |problems: &mut Problems, name: &str, range: std::ops::RangeInclusive<f64>| match json.get(name) {
        Some(json) => number(problems, &at(path, name), json, range),
        None => {
            problems
                .add(at(path, name), format!("this is missing: a number from {} to {}", range.start(), range.end()));
            *range.start()
        }
    };
    let nothing = Length::Constant(Nanos::ZERO);
    match name {
        "exponential" => Length::Exponential(nanos(problems, path, json, Nanos(1)..=LONGEST)),
        "uniform" => {
            if object(problems, path, json, &["from", "to"]).is_none() {
                return nothing;
            }
            let (from, to) = (one(problems, "from", 0), one(problems, "to", 0));
            if from > to {
                problems.add(at(path, "to"), format!("{to} is before {from}, the shortest"));
            }
            Length::Uniform { from, to }
        }
        "lognormal" => {
            if object(problems, path, json, &["median", "sigma"]).is_none() {
                return nothing;
            }
            Length::Lognormal { median: one(problems, "median", 1), sigma: shape(problems, "sigma", SIGMA) }
        }
        "pareto" => {
            if object(problems, path, json, &["least", "alpha"]).is_none() {
                return nothing;
            }
            Length::Pareto { least: one(problems, "least", 1), alpha: shape(problems, "alpha", ALPHA) }
        }
        "mixture" => mixture(problems, path, json),
        _ => {
            let items = list(problems, path, "lengths of time", json);
            if items.is_empty() || items.len() > LIST {
                problems.add(path, format!("{} lengths are not allowed: 1 to {LIST} are", items.len()));
            }
            let read = |(index, json)| nanos(problems, &at(path, index), json, Nanos::ZERO..=LONGEST);
            Length::List(items.iter().take(LIST).enumerate().map(read).collect())
        }
    }
}

fn mixture(problems: &mut Problems, path: &str, json: &Json) -> Length {
    let items = list(problems, path, "shares, each with weight and of", json);
    if items.is_empty() || items.len() > MIXTURE {
        problems.add(path, format!("{} shares are not allowed: 1 to {MIXTURE} are", items.len()));
    }
    let mut shares = Vec::new();
    for (index, json) in items.iter().take(MIXTURE).enumerate() {
        let path = at(path, index);
        let Some(fields) = object(problems, &path, json, &["weight", "of"]) else { continue };
        let weight =
            fields.get("weight").map_or(1, |json| integer(problems, &at(&path, "weight"), json, WEIGHT)) as u32;
        let path = at(&path, "of");
        let of = match fields.get("of") {
            Some(json) if json.get("mixture").is_some() || json.get("list").is_some() => {
                expected(problems, &path, "a length of time or a distribution that is neither mixture nor list", json);
                continue;
            }
            Some(json) => read(problems, &path, json),
            None => {
                problems.add(path, "what is drawn is missing: a length of time or a distribution");
                continue;
            }
        };
        shares.push(Share { weight, of });
    }
    Length::Mixture(shares)
}

/// As it is written.
pub(super) fn write(length: &Length) -> Json {
    let nanos = |length: &Nanos| Json::text(length);
    let (name, json) = match length {
        Length::Constant(length) => return nanos(length),
        Length::Uniform { from, to } => ("uniform", Json::map([("from", nanos(from)), ("to", nanos(to))])),
        Length::Exponential(mean) => ("exponential", nanos(mean)),
        Length::Lognormal { median, sigma } => {
            ("lognormal", Json::map([("median", nanos(median)), ("sigma", Json::number(*sigma))]))
        }
        Length::Pareto { least, alpha } => {
            ("pareto", Json::map([("least", nanos(least)), ("alpha", Json::number(*alpha))]))
        }
        Length::Mixture(shares) => {
            let share = |share: &Share| Json::map([("weight", Json::integer(share.weight)), ("of", write(&share.of))]);
            ("mixture", Json::List(shares.iter().map(share).collect()))
        }
        Length::List(lengths) => ("list", Json::List(lengths.iter().map(nanos).collect())),
    };
    Json::map([(name, json)])
}
