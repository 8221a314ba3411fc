//! A comparison as text.

use std::fmt;

use super::{Divergence, Numbers, Row, Table};
use crate::trace::metrics::BEYOND;
use crate::trace::recording::Origin;

/// What a cell shows that has no number.
const NONE: &str = "-";

/// The world's name in tables.
pub(super) fn world(world: Origin) -> &'static str {
    match world {
        Origin::Simulated => "simulated",
        Origin::Real => "real",
        Origin::Foreign => "foreign",
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = self.label.as_deref().unwrap_or("job");
        let heads = [
            "policy".to_owned(),
            "world".to_owned(),
            format!("worst lateness of {}", self.focus),
            "p99".to_owned(),
            "all jobs ended after".to_owned(),
            format!("{label}, median"),
            "peak threads".to_owned(),
        ];
        writeln!(f, "{}", self.scenario)?;
        let mut lines = vec![heads.to_vec()];
        lines.extend(self.rows.iter().map(Row::cells));
        write_columns(f, &lines)?;
        let runs = self.rows.iter().map(|row| row.runs.len()).max().unwrap_or(1);
        if runs > 1 {
            writeln!(f, "\nReal rows are medians of {runs} runs, with the range of the worst lateness.")?;
        }
        if lines.iter().flatten().any(|cell| cell == NONE) {
            writeln!(f, "\n{NONE}: there is none, or fewer than {BEYOND} samples lie beyond it.")?;
        }
        for row in &self.rows {
            row.notes(f)?;
        }
        self.divergences(f)
    }
}

impl Table {
    fn divergences(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.rows.first().filter(|_| self.rows.len() > 1) else { return Ok(()) };
        writeln!(f, "\nFirst divergence from {}:", first.name())?;
        for row in &self.rows[1..] {
            match &row.diverges {
                None => writeln!(f, "  {}: none, the same things happen to tasks in the same order", row.name())?,
                Some(divergence) => writeln!(f, "  {}: {divergence}", row.name())?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |moment: &Option<super::Moment>| {
            moment.as_ref().map_or("it is over".to_owned(), |m| format!("{} (at {})", m.what, duration(m.at.0)))
        };
        write!(f, "after {} things alike, there {}, here {}", self.alike, side(&self.one), side(&self.other))
    }
}

impl Row {
    fn name(&self) -> String {
        format!("{}, {}", self.policy, world(self.world))
    }

    fn cells(&self) -> Vec<String> {
        let time = |of: fn(&Numbers) -> Option<u64>| self.median(of).map_or(NONE.to_owned(), duration);
        let mut worst = time(|run| run.lateness.max_ns);
        let all: Vec<u64> = self.runs.iter().filter_map(|run| run.lateness.max_ns).collect();
        if let (Some(least), Some(most), true) = (all.iter().min(), all.iter().max(), all.len() > 1) {
            worst = format!("{worst} ({} to {})", duration(*least), duration(*most));
        }
        vec![
            self.policy.clone(),
            world(self.world).to_owned(),
            worst,
            time(|run| run.lateness.p99.ns),
            time(|run| run.all_jobs_ns),
            time(|run| run.job.p50.ns),
            self.median(|run| Some(run.peak_threads)).map_or(NONE.to_owned(), |threads| threads.to_string()),
        ]
    }

    /// The median of a number over the runs: the lower one of two; `None` if one of the runs has none.
    #[must_use]
    pub fn median(&self, of: impl Fn(&Numbers) -> Option<u64>) -> Option<u64> {
        let mut values = self.runs.iter().map(of).collect::<Option<Vec<u64>>>()?;
        values.sort_unstable();
        values.get(values.len().checked_sub(1)? / 2).copied()
    }

    /// What a reader must know beside the numbers.
    fn notes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dropped: u64 = self.runs.iter().fold(0, |sum, run| sum.saturating_add(run.dropped));
        if dropped > 0 {
            writeln!(f, "{}: {dropped} records were lost in full buffers; its numbers are lower bounds.", self.name())?;
        }
        for run in self.runs.iter().filter(|run| run.violations > 0) {
            let first = run.violation.as_deref().unwrap_or_default();
            writeln!(f, "{}: {} violations of the laws of events, the first: {first}", self.name(), run.violations)?;
        }
        Ok(())
    }
}

/// Left-aligned columns, two spaces apart.
fn write_columns(f: &mut fmt::Formatter<'_>, lines: &[Vec<String>]) -> fmt::Result {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..lines.first().map_or(0, Vec::len)).map(width).collect();
    for line in lines {
        let mut text = String::from("  ");
        for (cell, width) in line.iter().zip(&widths) {
            text.push_str(&format!("{cell:<width$}  "));
        }
        writeln!(f, "{}", text.trim_end())?;
    }
    Ok(())
}

/// A length for reading: four digits at most, in the unit in which it is at least one. `391.6 ms`, `12 us`.
#[must_use]
pub fn duration(ns: u64) -> String {
    let (unit, name) = match ns {
        0..1_000 => return format!("{ns} ns"),
        1_000..1_000_000 => (1_000, "us"),
        1_000_000..10_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    let tenths = (ns / (unit / 10) + u64::from(ns % (unit / 10) >= unit / 20)) as u128;
    let (whole, tenth) = (tenths / 10, tenths % 10);
    if tenth == 0 { format!("{whole} {name}") } else { format!("{whole}.{tenth} {name}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::metrics::Spread;

    #[test]
    fn lengths_are_rounded_to_a_tenth_of_a_unit_that_reads_well() {
        let cases = [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_049, "1 us"),
            (391_649_999, "391.6 ms"),
            (4_000_000_000, "4000 ms"),
            (12_340_000_000, "12.3 s"),
        ];
        for (ns, text) in cases {
            assert_eq!(duration(ns), text);
        }
    }

    fn numbers(worst: &mut [u64]) -> Numbers {
        Numbers {
            lateness: Spread::of(worst),
            all_jobs_ns: Some(400_000_000),
            job: Spread::of(&mut []),
            peak_threads: 4,
            ended: None,
            dropped: 0,
            violations: 0,
            violation: None,
        }
    }

    #[test]
    fn a_table_lines_up_and_says_what_it_leaves_out() {
        let row = |world, runs| Row { policy: "tokio".to_owned(), world, runs, diverges: None };
        let real = vec![numbers(&mut [3_000_000]), numbers(&mut [1_000_000]), numbers(&mut [2_000_000])];
        let table = Table {
            scenario: "w1".to_owned(),
            focus: "ticker".to_owned(),
            label: Some("job".to_owned()),
            rows: vec![row(Origin::Simulated, vec![numbers(&mut [391_600_000])]), row(Origin::Real, real)],
        };
        let text = table.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[2],
            "  tokio   simulated  391.6 ms                  -    400 ms                -            4"
        );
        assert_eq!(
            lines[3],
            "  tokio   real       2 ms (1 ms to 3 ms)       -    400 ms                -            4"
        );
        assert!(text.contains("medians of 3 runs") && text.contains("fewer than 10 samples"), "{text}");
        assert!(text.contains("tokio, real: none, the same things happen"), "{text}");
    }
}
