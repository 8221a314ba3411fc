//! Progress of what takes long, on standard error and only where that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar up to `total`, with a text behind it.
pub fn bar(total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} % {msg}").expect("a valid template");
    let bar = ProgressBar::new(total.max(1)).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A text with the time that has passed, for what cannot say how far it is.
pub fn clock(text: String) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}").expect("a valid template");
    let clock = ProgressBar::new_spinner().with_style(style).with_message(text);
    clock.enable_steady_tick(Duration::from_millis(200));
    clock
}
