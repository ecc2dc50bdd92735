//! The report of a command: what was asked, what came out, and what it cost.

use std::path::Path;
use std::time::Instant;

use hessia::Result;
use hessia::facts::{self, Facts};
use hessia::linalg::{blas_name, peak_memory};
use serde_json::{Map, Value, json};

/// Times the phases of a command and gathers what the report says.
#[derive(Debug)]
pub struct Report {
    fields: Map<String, Value>,
    seconds: Map<String, Value>,
    phase: Instant,
}

impl Report {
    /// Starts the clock of the first phase.
    pub fn new(command: &str) -> Self {
        let mut fields = Map::new();
        fields.insert("command".to_string(), json!(command));
        fields.insert("version".to_string(), json!(env!("CARGO_PKG_VERSION")));
        Report { fields, seconds: Map::new(), phase: Instant::now() }
    }

    /// Adds a field.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.fields.insert(name.to_string(), value.into());
    }

    /// Adds the facts of a result, as fields of their names.
    pub fn facts<T: Facts + 'static>(&mut self, result: &T) {
        self.fields.extend(facts::report(result));
    }

    /// Ends a phase: the time since the last one ended goes to it. Returns its seconds.
    pub fn finish_phase(&mut self, name: &str) -> f64 {
        let seconds = self.phase.elapsed().as_secs_f64();
        self.phase = Instant::now();
        self.seconds.insert(name.to_string(), json!(seconds));
        seconds
    }

    /// Writes the report, complete or not at all.
    pub fn write(mut self, path: &Path) -> Result<()> {
        self.fields.insert("seconds".to_string(), Value::Object(self.seconds));
        self.fields.insert("threads".to_string(), json!(hessia::threads()));
        self.fields.insert("blas".to_string(), json!(blas_name()));
        self.fields.insert("peak_memory_bytes".to_string(), json!(peak_memory()));
        let mut text = format!("{:#}", Value::Object(self.fields));
        text.push('\n');
        super::output::write(path, text.as_bytes())
    }
}
