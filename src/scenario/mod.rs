//! Scenarios: what runs, as data.
//!
//! `json` (tree) -> `fields`, `read`, `steps`, `check` (validation) -> `model` -> `write`, `draft` (and back);
//! `program` prepares a run, `code` lays programs out, `interpret` is the async fn that runs them; `library` holds the
//! named ones.

mod check;
mod code;
pub mod costs;
mod distribution;
mod draft;
mod fields;
pub mod groups;
mod interpret;
pub mod json;
mod length;
pub mod lesson;
pub mod library;
pub mod limits;
pub mod model;
pub mod problem;
pub mod program;
mod read;
pub mod rust;
mod socket;
mod steps;
mod write;

pub use costs::Costs;
pub use draft::Draft;
pub use json::Json;
pub use length::parse as parse_length;
pub use model::*;
pub use problem::Problem;
pub use program::{Arrival, Comes, MAX_ARRIVALS, Prepared, Request};
