//! Dandori.
#[cfg(not(target_arch = "wasm32"))]
pub mod compare;
pub mod id;
pub mod policy;
pub mod rng;
#[cfg(not(target_arch = "wasm32"))]
pub mod runtime;
pub mod scenario;
pub mod sim;
pub mod sync;
pub mod task;
pub mod time;
pub mod trace;
pub mod view;
#[cfg(target_arch = "wasm32")]
pub mod wasm;
pub mod words;
