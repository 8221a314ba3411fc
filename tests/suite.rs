//! Every test that uses the library from outside, as one program: it is linked once, where a program for each file would be
//! linked forty times. Each file is a module, so that `cargo test --test suite theory` runs `tests/theory.rs`.

#![cfg(not(target_arch = "wasm32"))]

mod architecture;
mod async_std;
mod bugs_listed;
mod command;
mod common;
mod conformance;
mod dandori_policy;
mod digest;
mod digests;
mod explain;
mod files;
mod glossary;
mod go;
mod laws_hold;
mod lessons;
mod machine;
mod mechanisms;
mod own_policy;
mod posts;
mod programs;
mod properties;
mod real_bugs;
mod real_common;
mod real_end;
mod real_events;
mod real_examples;
mod real_laws;
mod real_lives;
mod real_monitor;
mod real_soak;
mod real_stress;
mod real_vectors;
mod rules_listed;
mod runtime_api;
mod runtime_waiting;
mod scenario_docs;
mod scenario_format;
mod scenario_library;
mod scenario_programs;
mod steps;
mod stress_cells;
mod theory;
mod truth;
mod truth_raw;
mod vectors;
mod vectors_policies;
mod view_answers;
mod view_numbers;
mod view_panels;
mod view_session;
