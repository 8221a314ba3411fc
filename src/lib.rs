//! Dandori.
pub mod id;
pub mod policy;
pub mod rng;
pub mod scenario;
pub mod sim;
pub mod sync;
pub mod task;
pub mod time;
pub mod trace;
