//! The boundary to JavaScript, and nothing else: `www/contract.d.ts` says what crosses. Settings come in and summaries
//! go out as objects, the picture goes out as one `Float32Array`.

use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;

use crate::id::TaskId;
use crate::policy::Registry;
use crate::scenario::{Problem, Scenario};
use crate::sim::{self, Sim};
use crate::time::{Nanos, Time};
use crate::trace::Recording;
use crate::view::export::Format;
use crate::view::layout::Layout;
use crate::view::panels::workload::Edited;
use crate::view::session::{self, Engine, Picture, Progress, Settings};

/// The simulator behind a session.
struct Simulated(Sim);

impl Engine for Simulated {
    fn advance(&mut self, steps: u64) -> Progress {
        let sim::Progress { done, records, now } = self.0.advance(steps);
        Progress { done, records, now }
    }

    fn finish(self: Box<Self>) -> Recording {
        self.0.finish()
    }
}

fn start(scenario: &Scenario, registry: &Registry) -> Result<Box<dyn Engine>, Vec<Problem>> {
    Ok(Box::new(Simulated(Sim::new(scenario, registry)?)))
}

/// One page's talk with the simulation.
#[wasm_bindgen]
pub struct Session(session::Session);

#[wasm_bindgen]
impl Session {
    /// A session without a run.
    #[wasm_bindgen(constructor)]
    #[must_use]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Session {
        // A panic becomes a trap without a word; the console gets the words.
        std::panic::set_hook(Box::new(|info| web_sys::console::error_1(&info.to_string().into())));
        Session(session::Session::new(Registry::standard(), start))
    }

    /// Starts a run; every problem, or an empty list.
    pub fn open(&mut self, settings: JsValue) -> Result<JsValue, JsValue> {
        let problems = match serde_wasm_bindgen::from_value::<Settings>(settings) {
            Ok(settings) => self.0.open(&settings),
            Err(error) => vec![Problem::new("", error.to_string())],
        };
        object(&problems)
    }

    /// Goes on for about so many steps.
    pub fn advance(&mut self, records: f64) -> Result<JsValue, JsValue> {
        object(&self.0.advance(time(records).0))
    }

    /// Everything about the run.
    pub fn info(&self) -> Result<JsValue, JsValue> {
        object(&self.0.info())
    }

    /// The machine at a time; a resolution of 0 is that of the whole picture.
    pub fn moment(&self, t: f64, resolution: f64) -> Result<JsValue, JsValue> {
        object(&self.0.moment_in(time(t), Some(time(resolution).0).filter(|&ns| ns > 0).map_or(Nanos(u64::MAX), Nanos)))
    }

    /// The whole run in one strip of so many pixels.
    #[must_use]
    pub fn overview(&self, width: f64) -> Vec<f32> {
        self.0.overview(time(width).0.min(1 << 16) as usize)
    }

    /// Lines of the run as text, from a line on or around a time.
    pub fn transcript(&self, t: f64, first: Option<f64>, count: f64, row: Option<String>) -> Result<JsValue, JsValue> {
        let count = time(count).0.min(1 << 16) as usize;
        object(&self.0.transcript(time(t), first.map(|first| time(first).0), count, row.as_deref()))
    }

    /// Shows these rows.
    pub fn arrange(&mut self, wanted: JsValue) -> Result<(), JsValue> {
        self.0.arrange(&serde_wasm_bindgen::from_value(wanted)?);
        Ok(())
    }

    /// The lanes of a range on so many pixels.
    pub fn scene(&mut self, layout: u32, width: f64, from: f64, to: f64) -> Result<JsValue, JsValue> {
        let scene = self.0.scene(Layout::from_number(layout), width as f32, time(from), time(to));
        let out = object(&scene.frame())?;
        let data = js_sys::Float32Array::from(scene.data().as_slice());
        js_sys::Reflect::set(&out, &"data".into(), &data)?;
        Ok(out)
    }

    /// Time of the next or previous record.
    #[must_use]
    pub fn step(&self, t: f64, direction: f64, row: Option<String>) -> f64 {
        self.0.step(time(t), direction > 0.0, row.as_deref()).0 as f64
    }

    /// What lies under a point of the last scene.
    pub fn at(&self, x: f64, y: f64) -> Result<JsValue, JsValue> {
        object(&self.0.at(x as f32, y as f32))
    }

    /// The table of what would help; nothing is tried yet.
    pub fn help(&mut self) -> Result<JsValue, JsValue> {
        object(&self.0.help())
    }

    /// Goes on trying; the table as far as it is known.
    #[wasm_bindgen(js_name = helpAdvance)]
    pub fn help_advance(&mut self, records: f64) -> Result<JsValue, JsValue> {
        object(&self.0.help_advance(time(records).0))
    }

    /// Shows a recording from a file; every problem, or an empty list.
    #[wasm_bindgen(js_name = openTrace)]
    pub fn open_trace(&mut self, bytes: &[u8], name: &str, lang: JsValue) -> Result<JsValue, JsValue> {
        let lang = serde_wasm_bindgen::from_value(lang)?;
        object(&self.0.open_trace(bytes, name, lang))
    }

    /// Says everything about a recording from a file in another language.
    pub fn relabel(&mut self, lang: JsValue) -> Result<(), JsValue> {
        self.0.relabel(serde_wasm_bindgen::from_value(lang)?);
        Ok(())
    }

    /// The stream as a file: `jsonl` or `perfetto`.
    #[wasm_bindgen(js_name = exportTrace)]
    pub fn export_trace(&self, format: &str) -> Result<Vec<u8>, JsValue> {
        let format = Format::from_name(format).ok_or_else(|| JsValue::from("the format is jsonl or perfetto"))?;
        Ok(self.0.export_trace(format))
    }

    /// The run at a time as one SVG file.
    #[must_use]
    pub fn picture(&self, t: f64) -> String {
        self.0.picture(time(t))
    }

    /// A picture of the run as the options ask for it.
    pub fn svg(&self, options: JsValue) -> Result<String, JsValue> {
        Ok(self.0.svg(&serde_wasm_bindgen::from_value::<Picture>(options)?))
    }

    /// Everything that is wrong with these settings; nothing starts.
    pub fn check(&self, settings: JsValue) -> Result<JsValue, JsValue> {
        object(&match serde_wasm_bindgen::from_value::<Settings>(settings) {
            Ok(settings) => self.0.check(&settings),
            Err(error) => vec![Problem::new("", error.to_string())],
        })
    }

    /// Every setting of the run.
    pub fn fields(&self) -> Result<JsValue, JsValue> {
        object(&self.0.fields())
    }

    /// The fields that make an edited workload, or everything that is wrong with it.
    pub fn workload(&self, settings: JsValue, text: &str) -> Result<JsValue, JsValue> {
        object(&match serde_wasm_bindgen::from_value::<Settings>(settings) {
            Ok(settings) => self.0.workload(&settings, text),
            Err(error) => Edited { problems: vec![Problem::new("", error.to_string())], ..Edited::default() },
        })
    }

    /// The tables of the run.
    pub fn numbers(&self) -> Result<JsValue, JsValue> {
        object(&self.0.numbers())
    }

    /// What the run is compared with others by.
    pub fn measures(&self) -> Result<JsValue, JsValue> {
        object(&self.0.measures())
    }

    /// How long waits of the focus were, as quantiles.
    pub fn curve(&self) -> Result<JsValue, JsValue> {
        object(&self.0.curve())
    }

    /// Where the focus task is in its program.
    pub fn code(&self, t: f64) -> Result<JsValue, JsValue> {
        object(&self.0.code(time(t)))
    }

    /// The scenario as a program for the runtime.
    #[must_use]
    pub fn program(&self) -> Option<String> {
        self.0.program()
    }

    /// Where another session's run parts from this one.
    pub fn parting(&self, other: &Session) -> Result<JsValue, JsValue> {
        object(&self.0.parting(&other.0))
    }

    /// The scenario of the run as a file.
    #[must_use]
    pub fn scenario(&self) -> Option<String> {
        self.0.scenario()
    }

    /// Looks at the worst wait of a task, or of the run.
    pub fn select(&mut self, task: Option<f64>) {
        self.0.select(task.map(|task| TaskId(time(task).0.min(u32::MAX.into()) as u32)));
    }
}

/// Nanoseconds from JavaScript: a number that is none, or negative, counts as 0.
fn time(value: f64) -> Time {
    Time(value as u64)
}

/// An object as the contract has it: what is missing is null, maps are plain objects, integers are numbers.
fn object<T: Serialize + ?Sized>(value: &T) -> Result<JsValue, JsValue> {
    let serializer = Serializer::new().serialize_missing_as_null(true).serialize_maps_as_objects(true);
    Ok(value.serialize(&serializer)?)
}
