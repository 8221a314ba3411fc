//! One digest: every library scenario under every policy that it fits gives the digest that stands in `digests.txt`,
//! in debug and release here, in Node and in Chromium in `web.rs`.
//!
//! A change of behaviour changes digests. Read the first record that differs before you accept it, then run with
//! `DANDORI_BLESS=1` and commit the file.

#[test]
fn every_library_scenario_has_its_digest() {
    let now = crate::digests::all();
    if std::env::var_os("DANDORI_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/digests/digests.txt");
        std::fs::write(path, now.join("\n") + "\n").expect("the file of digests is writable");
        return;
    }
    crate::digests::compare(&now);
}
