//! A scenario before it is validated: JSON in which fields can be changed by their path, as `--set path=value` does.

use std::fmt;

use super::json::{Json, clip};
use super::model::Scenario;
use super::problem::{Problem, at};
use super::{read, write};
use crate::policy::Registry;

/// Most parts of a path.
const MAX_PARTS: usize = 64;

/// The JSON of a scenario that may be wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft(Json);

impl Draft {
    /// Reads JSON.
    ///
    /// # Errors
    /// If it is not JSON; whether it is a scenario, [`Draft::build`] says.
    pub fn parse(text: &str) -> Result<Draft, Vec<Problem>> {
        Json::parse(text).map(Draft)
    }

    /// The draft of a scenario, in canonical form.
    #[must_use]
    pub fn of(scenario: &Scenario, registry: &Registry) -> Draft {
        Draft(write::scenario(scenario, registry))
    }

    /// The JSON.
    #[must_use]
    pub fn json(&self) -> &Json {
        &self.0
    }

    /// Sets a field as the command line does: the value is JSON where it is JSON, else a text, so that both `2` and
    /// `400 ms` need no quotes.
    ///
    /// # Errors
    /// If there is no such place, or if the value looks like JSON and is not.
    pub fn set(&mut self, path: &str, value: &str) -> Result<(), Vec<Problem>> {
        let json = match Json::parse(value) {
            Ok(json) => json,
            Err(problems) if value.trim_start().starts_with(['[', '{', '"']) => {
                let name = |problem: Problem| match problem.path.as_str() {
                    "" => Problem::new(clip(path), problem.message),
                    inner => Problem::new(at(&clip(path), inner), problem.message),
                };
                return Err(problems.into_iter().map(name).collect());
            }
            Err(_) => Json::text(value),
        };
        self.put(path, json).map_err(|problem| vec![problem])
    }

    /// Sets a field; `null` takes it out, so that its default holds again. A short form on the way (`"policy": "tokio"`,
    /// `"spawn": "job"`, `"costs": "server"`) becomes the long one.
    ///
    /// # Errors
    /// If there is no such place.
    pub fn put(&mut self, path: &str, value: Json) -> Result<(), Problem> {
        let parts: Vec<&str> = path.split('.').collect();
        if parts.len() > MAX_PARTS || parts.iter().any(|part| part.is_empty()) {
            return Err(Problem::new(clip(path), "a path is names and numbers with dots between them"));
        }
        let mut here = &mut self.0;
        for (depth, part) in parts.iter().enumerate() {
            let so_far = || parts[..depth].join(".");
            let last = depth + 1 == parts.len();
            lengthen(here, parts[..depth].last().copied());
            here = match here {
                Json::Map(fields) => {
                    let known = fields.iter().position(|(name, _)| name == part);
                    if last && value == Json::Null {
                        if let Some(index) = known {
                            fields.remove(index);
                        }
                        return Ok(());
                    }
                    let index = known.unwrap_or_else(|| {
                        fields.push(((*part).to_owned(), Json::Map(Vec::new())));
                        fields.len() - 1
                    });
                    &mut fields[index].1
                }
                Json::List(items) => {
                    let count = items.len();
                    let item = part.parse::<usize>().ok().and_then(|index| items.get_mut(index));
                    item.ok_or_else(|| {
                        Problem::new(clip(path), format!("{} has {count} items, numbered from 0", so_far()))
                    })?
                }
                other => {
                    let message = format!("{} is {}: it has no fields", so_far(), other.found());
                    return Err(Problem::new(clip(path), message));
                }
            };
        }
        *here = value;
        Ok(())
    }

    /// Takes another policy and keeps the parameters that it has, too: what `compare` does. Setting `policy.name`
    /// instead keeps them all, and those that it does not have are problems.
    pub fn with_policy(&mut self, name: &str, registry: &Registry) {
        let mut fields = vec![("name".to_owned(), Json::text(name))];
        if let (Some(policy), Some(Json::Map(before))) = (registry.get(name), self.0.get("policy")) {
            let has = |key: &str| policy.spec.params.iter().any(|param| param.name == key);
            fields.extend(before.iter().filter(|(key, _)| has(key)).cloned());
        }
        if let Json::Map(all) = &mut self.0 {
            match all.iter_mut().find(|(key, _)| key == "policy") {
                Some((_, policy)) => *policy = Json::Map(fields),
                None => all.push(("policy".to_owned(), Json::Map(fields))),
            }
        }
    }

    /// The scenario.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn build(&self, registry: &Registry) -> Result<Scenario, Vec<Problem>> {
        read::scenario(&self.0, registry)
    }
}

/// A short form whose fields are asked for becomes the long form.
fn lengthen(json: &mut Json, name: Option<&str>) {
    let field = match name {
        Some("policy") => "name",
        Some("costs") => "profile",
        Some("spawn") => "kind",
        Some("send" | "recv") => "channel",
        Some("read") => "socket",
        _ => return,
    };
    if let Json::Text(text) = json {
        *json = Json::map([(field, Json::text(&*text))]);
    }
}

impl fmt::Display for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Scenario {
    /// Reads a scenario for the built-in policies.
    ///
    /// # Errors
    /// Everything that is wrong, each with the path of its field and what is allowed.
    pub fn parse(text: &str) -> Result<Scenario, Vec<Problem>> {
        Scenario::parse_for(text, &Registry::standard())
    }

    /// The same for the policies of a registry.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn parse_for(text: &str, registry: &Registry) -> Result<Scenario, Vec<Problem>> {
        Draft::parse(text)?.build(registry)
    }

    /// As JSON, in canonical form: reading it gives the same scenario.
    #[must_use]
    pub fn to_json(&self) -> String {
        Draft::of(self, &Registry::standard()).to_string()
    }

    /// With one field changed, as `--set path=value` does.
    ///
    /// # Errors
    /// Everything that is wrong then.
    pub fn set(&self, path: &str, value: &str) -> Result<Scenario, Vec<Problem>> {
        self.set_all(&[(path, value)], &Registry::standard())
    }

    /// With several fields changed, validated once, at the end.
    ///
    /// # Errors
    /// Everything that is wrong then.
    pub fn set_all(&self, changes: &[(&str, &str)], registry: &Registry) -> Result<Scenario, Vec<Problem>> {
        let mut draft = Draft::of(self, registry);
        let mut wrong = Vec::new();
        for (path, value) in changes {
            wrong.extend(draft.set(path, value).err().into_iter().flatten());
        }
        match draft.build(registry) {
            Ok(scenario) if wrong.is_empty() => Ok(scenario),
            Ok(_) => Err(wrong),
            Err(more) => {
                wrong.extend(more);
                Err(wrong)
            }
        }
    }

    /// Under another policy: see [`Draft::with_policy`].
    ///
    /// # Errors
    /// Why that policy cannot run it.
    pub fn with_policy(&self, name: &str, registry: &Registry) -> Result<Scenario, Vec<Problem>> {
        let mut draft = Draft::of(self, registry);
        draft.with_policy(name, registry);
        draft.build(registry)
    }
}
