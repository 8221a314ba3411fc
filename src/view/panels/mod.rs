//! What the page shows when it is asked for: every setting, the numbers of a run, its program, and another run beside it.

pub mod code;
pub mod fields;
pub mod numbers;
pub mod parting;
pub mod workload;
