//! What a session says when it is asked for more than the board: settings, numbers, where another run parts.

use serde_json::Value;

use super::{Opened, Session, Settings, Shown, plain_json};
use crate::policy::Registry;
use crate::scenario::rust::listing;
use crate::scenario::{Draft, Problem, lesson};
use crate::time::Time;
use crate::trace::metrics;
use crate::view::info::Choice;
use crate::view::panels::code::{Code, code};
use crate::view::panels::fields::{Fields, Now, fields};
use crate::view::panels::numbers::{Measure, Table, curve, measures, tables};
use crate::view::panels::parting::{Parting, parting};
use crate::view::panels::workload::{Edited, changes, is_workload, read};

impl Session {
    /// Everything that is wrong with these settings; nothing starts.
    #[must_use]
    pub fn check(&self, settings: &Settings) -> Vec<Problem> {
        self.prepare(settings).err().unwrap_or_default()
    }

    /// Every setting of the run that is shown; `None`: it comes from a file.
    ///
    /// # Panics
    /// Before the first run is done; so do all that follow.
    #[must_use]
    pub fn fields(&self) -> Option<Fields> {
        let Opened { scenario, draft, lesson, lang, set, .. } = self.opened()?;
        let mut initial_draft = lesson.draft();
        initial_draft.with_policy(&scenario.policy.name, &self.registry);
        // A lesson whose scenario the policy cannot run, or whose parameters it does not allow, has nothing to differ from.
        let initial = initial_draft.build(&self.registry).unwrap_or_else(|_| scenario.clone());
        let spec = &self.registry.get(&scenario.policy.name).expect("validated with the scenario").spec;
        let known = |name: &str| name == "name" || spec.params.iter().any(|param| param.name == name);
        let waiting: Vec<(String, Value)> = set
            .iter()
            .filter(|(path, _)| path.strip_prefix("policy.").is_some_and(|name| !known(name)))
            .map(|(path, value)| (path.clone(), plain_json(value)))
            .collect();
        let names: Vec<String> = self.registry.iter().map(|policy| policy.spec.name.to_owned()).collect();
        let choices: Vec<Choice> = self.policies(&names, draft, *lang);
        let now = Now {
            scenario,
            initial: &initial,
            draft,
            initial_draft: &lesson.draft(),
            choices: &choices,
            waiting: &waiting,
            lang: *lang,
        };
        Some(fields(now, &self.registry))
    }

    /// How the run that is shown was set; `None`: it comes from a file.
    fn opened(&self) -> Option<&Opened> {
        self.shown().source.lesson()
    }

    /// The tables of the run that is shown.
    #[must_use]
    pub fn numbers(&self) -> Vec<Table> {
        let Shown { board, recording, .. } = self.shown();
        tables(board, &metrics::fold(recording))
    }

    /// What the run that is shown is compared with others by.
    #[must_use]
    pub fn measures(&self) -> Vec<Measure> {
        let Shown { board, recording, .. } = self.shown();
        measures(board, &metrics::fold(recording))
    }

    /// How long waits of the focus were: the quantiles from 0 to 100, in nanoseconds; empty: there was none.
    #[must_use]
    pub fn curve(&self) -> Vec<u64> {
        curve(self.board())
    }

    /// Where the task in the focus row is in its program.
    #[must_use]
    pub fn code(&self, t: Time) -> Option<Code> {
        let (Shown { board, recording, .. }, opened) = (self.shown(), self.opened()?);
        let listing = listing(&opened.scenario, &self.registry);
        code(board, &recording.trace, &opened.scenario, &listing, board.focus_task()?, t)
    }

    /// The scenario of the run as a program for the runtime; `None`: it comes from a file.
    #[must_use]
    pub fn program(&self) -> Option<String> {
        Some(listing(&self.opened()?.scenario, &self.registry).to_string())
    }

    /// Where another session's run parts from this one; `None`: nowhere.
    #[must_use]
    pub fn parting(&self, other: &Session) -> Option<Parting> {
        let (one, two) = (self.shown(), other.shown());
        parting((&one.board, &one.recording.trace), (&two.board, &two.recording.trace))
    }

    /// Takes an edited workload: all its problems, or the fields that make it.
    #[must_use]
    pub fn workload(&self, settings: &Settings, text: &str) -> Edited {
        let wrong = |problems| Edited { problems, ..Edited::default() };
        let Some(lesson) = lesson::get(&settings.lesson) else { return wrong(self.check(settings)) };
        let new = match read(text) {
            Ok(json) => json,
            Err(problems) => return wrong(problems),
        };
        let mut set = settings.set.clone();
        set.retain(|path, _| !is_workload(path));
        set.extend(changes(lesson.draft().json(), &new));
        let settings = Settings { set, ..settings.clone() };
        match self.prepare(&settings) {
            Ok(_) => Edited { problems: Vec::new(), set: settings.set },
            Err(problems) => wrong(problems),
        }
    }

    /// The scenario of the run that is shown, as a file; `None`: nobody knows it.
    #[must_use]
    pub fn scenario(&self) -> Option<String> {
        Some(Draft::of(&self.opened()?.scenario, &self.registry).to_string())
    }
}

/// Whether some policy has a parameter of this name.
pub(super) fn somebody_has(registry: &Registry, param: &str) -> bool {
    registry.iter().any(|policy| policy.spec.params.iter().any(|known| known.name == param))
}
