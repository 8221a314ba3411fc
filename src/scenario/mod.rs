//! Scenarios: what runs, as data.

pub mod costs;
pub mod model;

pub use costs::Costs;
pub use model::*;
