//! What is found in the library's runs, to the letter, and that it is no more than what is there.

use dandori::id::KindId;
use dandori::policy::Registry;
use dandori::scenario::library;
use dandori::sim::Sim;
use dandori::view::board::{Board, Focus, Measure};
use dandori::view::findings::told;
use dandori::view::session::facts;
use dandori::words::{Lang, plain};

fn board(name: &str, policy: &str, set: &[(&str, &str)], lang: Lang) -> Board {
    let registry = Registry::standard();
    let mut draft = library::get(name).expect("in the library").draft();
    draft.with_policy(policy, &registry);
    for (path, value) in set {
        draft.set(path, value).unwrap_or_else(|problems| panic!("{problems:?}"));
    }
    let scenario = draft.build(&registry).unwrap_or_else(|problems| panic!("{problems:?}"));
    let recording = Sim::new(&scenario, &registry).expect("valid").finish();
    let facts = facts(&registry.get(policy).expect("known").spec, &scenario);
    let focus = Focus { kind: KindId(0), measure: Measure::Wait };
    Board::new(&recording, facts, focus, None, lang)
}

fn found(board: &Board) -> Vec<String> {
    told(board)
        .iter()
        .map(|found| {
            format!("{} {} {}", found.kind, board.scale.clock(found.at), plain(&found.text)).replace('\u{a0}', " ")
        })
        .collect()
}

#[test]
fn survey() {
    for named in &library::ALL {
        for policy in named.fits {
            let board = board(named.name, policy, &[], Lang::En);
            println!("== {} {policy}", named.name);
            for line in found(&board) {
                println!("   {line}");
            }
        }
    }
}
