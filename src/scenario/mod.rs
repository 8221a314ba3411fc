//! Scenarios: what runs, as data.

pub mod costs;
pub mod model;
pub mod problem;
pub mod program;

pub use costs::Costs;
pub use model::*;
pub use problem::Problem;
pub use program::{Arrival, Prepared};
