//! JSON as a tree that keeps the order in which it is written and refuses what a plain reader would pass over: a field
//! that is there twice, a text that is too long. The order of kinds decides their colours, so it is part of the data.

use std::fmt::{self, Write};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Number, Value};

use super::problem::{Problem, Problems, at};

/// Longest text of a scenario, a lesson or a value, in bytes.
pub const MAX_TEXT: usize = 256 * 1024;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// Fields in the order in which they are written, each name once.
    Map(Vec<(String, Json)>),
}

impl Json {
    /// Reads a text.
    ///
    /// # Errors
    /// What is wrong: it is too long, not JSON, nested too deep, or has fields twice.
    pub fn parse(text: &str) -> Result<Json, Vec<Problem>> {
        if text.len() > MAX_TEXT {
            return Err(vec![Problem::new(
                "",
                format!("{} bytes of JSON: at most {MAX_TEXT} are allowed", text.len()),
            )]);
        }
        let mut problems = Problems::default();
        let mut reader = serde_json::Deserializer::from_str(text);
        let read = Reading { path: String::new(), problems: &mut problems }.deserialize(&mut reader);
        match read.and_then(|json| reader.end().map(|()| json)) {
            Ok(json) => problems.or(json),
            Err(error) => {
                problems.add("", format!("this is not JSON: {error}"));
                Err(problems.into_list())
            }
        }
    }

    /// A map from fields.
    pub fn map<const N: usize>(fields: [(&str, Json); N]) -> Json {
        Json::Map(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// A text.
    pub fn text(text: impl fmt::Display) -> Json {
        Json::Text(text.to_string())
    }

    /// A whole number.
    pub fn integer(number: impl Into<u64>) -> Json {
        Json::Number(number.into().into())
    }

    /// A number; it must be finite.
    pub fn number(number: f64) -> Json {
        // A whole one as people write it: 2 and not 2.0.
        let whole = number as u64;
        if whole as f64 == number {
            return Json::integer(whole);
        }
        Json::Number(Number::from_f64(number).expect("a finite number"))
    }

    /// The field of that name, if this is a map that has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Map(fields) => fields.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// What it is, for messages: "a list", `5`, `"text"`.
    #[must_use]
    pub fn found(&self) -> String {
        match self {
            Json::Null => "null".to_owned(),
            Json::Bool(flag) => flag.to_string(),
            Json::Number(number) => number.to_string(),
            Json::Text(text) => quote(text),
            Json::List(_) => "a list".to_owned(),
            Json::Map(_) => "an object".to_owned(),
        }
    }

    fn compact(&self, out: &mut String) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(flag) => _ = write!(out, "{flag}"),
            Json::Number(number) => _ = write!(out, "{number}"),
            Json::Text(text) => out.push_str(&Value::from(text.as_str()).to_string()),
            Json::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    item.compact(out);
                }
                out.push(']');
            }
            Json::Map(fields) => {
                out.push('{');
                for (index, (name, value)) in fields.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    _ = write!(out, "{}: ", Value::from(name.as_str()));
                    value.compact(out);
                }
                out.push('}');
            }
        }
    }

    /// On one line where it fits into 110 columns, else one line per item.
    fn pretty(&self, out: &mut String, indent: usize, lead: usize) {
        let start = out.len();
        self.compact(out);
        if indent + lead + (out.len() - start) <= 110 {
            return;
        }
        let (open, close) = match self {
            Json::List(_) => ('[', ']'),
            Json::Map(_) => ('{', '}'),
            _ => return,
        };
        out.truncate(start);
        out.push(open);
        let inner = indent + 2;
        let line = |out: &mut String, index: usize| {
            out.push_str(if index == 0 { "\n" } else { ",\n" });
            out.extend(std::iter::repeat_n(' ', inner));
        };
        match self {
            Json::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    line(out, index);
                    item.pretty(out, inner, 1);
                }
            }
            Json::Map(fields) => {
                for (index, (name, value)) in fields.iter().enumerate() {
                    line(out, index);
                    let name = Value::from(name.as_str()).to_string();
                    out.push_str(&name);
                    out.push_str(": ");
                    value.pretty(out, inner, name.len() + 3);
                }
            }
            _ => unreachable!("only lists and maps are broken into lines"),
        }
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent));
        out.push(close);
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        self.pretty(&mut out, 0, 0);
        f.write_str(&out)
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Json {
        match value {
            Value::Null => Json::Null,
            Value::Bool(flag) => Json::Bool(flag),
            Value::Number(number) => Json::Number(number),
            Value::String(text) => Json::Text(text),
            Value::Array(items) => Json::List(items.into_iter().map(Json::from).collect()),
            Value::Object(fields) => {
                Json::Map(fields.into_iter().map(|(name, value)| (name, Json::from(value))).collect())
            }
        }
    }
}

impl From<Json> for Value {
    fn from(json: Json) -> Value {
        match json {
            Json::Null => Value::Null,
            Json::Bool(flag) => Value::Bool(flag),
            Json::Number(number) => Value::Number(number),
            Json::Text(text) => Value::String(text),
            Json::List(items) => Value::Array(items.into_iter().map(Value::from).collect()),
            Json::Map(fields) => Value::Object(fields.into_iter().map(|(name, value)| (name, value.into())).collect()),
        }
    }
}

/// Fields keep their order.
impl Serialize for Json {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => out.serialize_unit(),
            Json::Bool(flag) => out.serialize_bool(*flag),
            Json::Number(number) => number.serialize(out),
            Json::Text(text) => out.serialize_str(text),
            Json::List(items) => out.collect_seq(items),
            Json::Map(fields) => {
                let mut map = out.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

/// Fields keep their order; of a field that is there twice, the first holds: what is read so comes from a program.
impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Json, D::Error> {
        Reading { path: String::new(), problems: &mut Problems::default() }.deserialize(reader)
    }
}

/// A text in quotes, cut after 40 characters, with everything that does not print escaped.
#[must_use]
pub fn quote(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{:?} and so on", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// Builds the tree and collects fields that are there twice.
struct Reading<'a> {
    path: String,
    problems: &'a mut Problems,
}

impl Reading<'_> {
    fn inside(&mut self, key: impl fmt::Display) -> Reading<'_> {
        Reading { path: at(&self.path, key), problems: self.problems }
    }
}

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Json;
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Json, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Json, E> {
        Ok(Json::Bool(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Json, E> {
        Number::from_f64(number).map(Json::Number).ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self.inside(items.len()))? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Json, A::Error> {
        let mut fields: Vec<(String, Json)> = Vec::new();
        let mut names = std::collections::BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(self.inside(clip(&name)))?;
            if names.insert(name.clone()) {
                fields.push((name, value));
            } else {
                self.problems.add(at(&self.path, clip(&name)), "this field is there twice");
            }
        }
        Ok(Json::Map(fields))
    }
}

/// A name as part of a path: short and printable whatever it is.
pub(super) fn clip(name: &str) -> String {
    let mut short: String = name.chars().take(40).flat_map(char::escape_debug).collect();
    if name.chars().nth(40).is_some() {
        short.push_str("...");
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_a_second_one_of_the_same_name_is_a_problem() {
        let json = Json::parse(r#"{"b": 1, "a": [true, null, "x"], "0": 2.5}"#).expect("valid");
        assert_eq!(json.to_string(), r#"{"b": 1, "a": [true, null, "x"], "0": 2.5}"#);
        let problems = Json::parse(r#"{"a": [{"b": 1, "b": 2}], "a": 3}"#).expect_err("twice");
        let paths: Vec<&str> = problems.iter().map(|p| p.path.as_str()).collect();
        assert_eq!(paths, ["a.0.b", "a"]);
    }

    #[test]
    fn depth_length_and_numbers_are_bounded() {
        let deep = "[".repeat(60_000);
        assert!(Json::parse(&deep).expect_err("deep")[0].message.contains("recursion"));
        let long = " ".repeat(MAX_TEXT + 1);
        assert!(Json::parse(&long).expect_err("long")[0].message.contains("at most 262144"));
        assert!(Json::parse("1e999").is_err());
        assert!(Json::parse("{} x").is_err());
    }

    #[test]
    fn long_values_are_broken_into_lines_that_read_back() {
        let item = Json::map([("name", Json::text("x".repeat(60))), ("n", Json::integer(1u64))]);
        let json = Json::List(vec![item.clone(), item]);
        let text = json.to_string();
        assert_eq!(text.lines().count(), 4, "{text}");
        assert_eq!(Json::parse(&text), Ok(json));
    }
}
