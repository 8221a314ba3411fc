//! Scenarios: what runs, as data.

mod code;
pub mod costs;
mod interpret;
pub mod model;
pub mod problem;
pub mod program;
mod socket;

pub use costs::Costs;
pub use model::*;
pub use problem::Problem;
pub use program::{Arrival, MAX_ARRIVALS, Prepared};
