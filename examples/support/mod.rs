//! What the programs of this folder share: `--policy NAME`, `--workers N`, `--trace FILE`, and the flags of their own.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};

use dandori::runtime::{Builder, Runtime};
use dandori::trace::{jsonl, laws};

/// Records that are kept when a trace is wanted.
const RECORDS: u64 = 2_000_000;

/// The flags of a program, each with a value.
pub struct Flags(BTreeMap<String, String>);

impl Flags {
    /// Reads the command line. `own`: flags that the program has besides the common ones.
    pub fn read(own: &[&str]) -> Result<Flags, Box<dyn Error>> {
        let mut flags = BTreeMap::new();
        let mut arguments = std::env::args().skip(1);
        while let Some(flag) = arguments.next() {
            let name = flag.strip_prefix("--").unwrap_or_default();
            if !["policy", "workers", "trace"].contains(&name) && !own.contains(&name) {
                let known: Vec<_> =
                    ["policy", "workers", "trace"].iter().chain(own).map(|name| format!("--{name}")).collect();
                return Err(format!("{flag} is not a flag of this program; it has {}", known.join(", ")).into());
            }
            let value = arguments.next().ok_or_else(|| format!("{flag} needs a value"))?;
            flags.insert(name.to_owned(), value);
        }
        Ok(Flags(flags))
    }

    /// The value of a flag.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The number of a flag, or `otherwise`.
    pub fn number(&self, name: &str, otherwise: u64) -> Result<u64, Box<dyn Error>> {
        self.get(name).map_or(Ok(otherwise), |text| text.parse().map_err(|_| format!("--{name} needs a number").into()))
    }

    /// The runtime that the flags ask for.
    pub fn runtime(&self) -> Result<Runtime, Box<dyn Error>> {
        let mut builder = Builder::new().policy(self.get("policy").unwrap_or("tokio"));
        // Not every policy has a number of workers.
        if self.get("workers").is_some() {
            builder = builder.workers(self.number("workers", 2)? as usize);
        }
        if self.get("trace").is_some() {
            builder = builder.trace(RECORDS);
        }
        Ok(builder.build()?)
    }

    /// Ends the runtime and writes what it recorded, if that is wanted.
    pub fn finish(&self, runtime: &Runtime, name: &str) -> Result<(), Box<dyn Error>> {
        runtime.shut_down();
        let Some(path) = self.get("trace") else { return Ok(()) };
        let recording = runtime.handle().recording(name);
        let mut file = BufWriter::new(File::create(path)?);
        jsonl::write(&recording, &mut file)?;
        file.flush()?;
        let report = laws::check(&recording);
        println!(
            "{path}: {} records, {} lost, all laws hold: {}",
            recording.trace.len(),
            recording.meta.dropped,
            report.is_clean()
        );
        for violation in report.violations.iter().take(10) {
            println!("{violation}");
        }
        Ok(())
    }
}
