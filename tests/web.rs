//! The same digests in WebAssembly: run in Node and in Chromium by `./check`.
#![cfg(target_arch = "wasm32")]

mod digests;

use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
fn every_library_scenario_has_its_digest() {
    digests::compare(&digests::all());
}
