//! Results as polars tables, and tables as files: Parquet, CSV, JSON and Arrow IPC.
//!
//! A table has plain columns (64-bit integers, 64-bit floats, text) in long form, so that polars, pandas and R read
//! it without help. What made it travels in the same file; see [`write_table`] for where.

mod columns;
mod file;
mod provenance;
mod results;

pub use columns::Columns;
pub use file::{Format, PROVENANCE_KEY, read_table, write_table};
pub use provenance::Provenance;
pub(crate) use results::largest;
pub use results::{
    block_norm_table, cost_table, density_table, fit_table, magnitude_table, spectrum_table,
    verification_table,
};

use std::path::Path;

use polars::prelude::{DataFrame, PolarsError};

use crate::facts::Facts;
use crate::verify::Report;
use crate::{Dataset, Error, Loss, Network, Result, Spectrum};

impl From<PolarsError> for Error {
    fn from(error: PolarsError) -> Self {
        Error::Table { message: error.to_string() }
    }
}

/// A table and what made it: everything that a `DataFrame` can do, and [`write`](Table::write).
///
/// ```
/// use hessia::table::{Table, Tabulate};
/// let table = hessia::eigh(&ndarray::array![[2.0, 1.0], [1.0, 2.0]])?.table()?.seed(1);
/// assert_eq!((table.height(), table.provenance.seed), (2, Some(1)));
/// let folder = tempfile::tempdir().unwrap();
/// table.write(folder.path().join("spectrum.parquet"))?;
/// # Ok::<(), hessia::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Table {
    /// The columns.
    pub frame: DataFrame,
    /// What made them.
    pub provenance: Provenance,
}

impl std::ops::Deref for Table {
    type Target = DataFrame;

    fn deref(&self) -> &DataFrame {
        &self.frame
    }
}

impl Table {
    /// A table of this version of hessia, called `name`.
    pub fn new(name: &str, frame: DataFrame) -> Table {
        Table { frame, provenance: Provenance::new(name) }
    }

    /// Notes the seed.
    pub fn seed(self, seed: u64) -> Table {
        Table { provenance: self.provenance.seed(seed), ..self }
    }

    /// Notes widths, activation, biases and size of the network.
    pub fn network(self, net: &Network) -> Table {
        Table { provenance: self.provenance.network(net), ..self }
    }

    /// Notes name and number of objects of the data.
    pub fn data(self, data: &Dataset) -> Table {
        Table { provenance: self.provenance.data(data), ..self }
    }

    /// Notes form and reduction of the loss.
    pub fn loss(self, loss: Loss) -> Table {
        Table { provenance: self.provenance.loss(loss), ..self }
    }

    /// Notes one setting; the last value of a name counts.
    pub fn setting(self, name: &str, value: impl Into<serde_json::Value>) -> Table {
        Table { provenance: self.provenance.setting(name, value), ..self }
    }

    /// Writes it with what made it, as [`write_table`] does.
    ///
    /// # Errors
    /// As [`write_table`].
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        write_table(&self.frame, path, &self.provenance)
    }
}

/// A result that is a table, or several that are its rows.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no table of its own",
    note = "a Spectrum, a verification and a list of results with facts have one; of others a function of \
            `hessia::table` or `hessia_paper::table` makes one"
)]
pub trait Tabulate {
    /// The table, with what is known of how it was made.
    ///
    /// # Errors
    /// Only what polars refuses.
    fn table(&self) -> Result<Table>;
}

/// One row a result, a column a fact.
impl<T: Facts + 'static> Tabulate for [T] {
    fn table(&self) -> Result<Table> {
        Ok(Table::new(T::TABLE, Columns::new().facts(self).into_table()?))
    }
}

/// As [`spectrum_table`]; order, tolerance and largest residual are noted.
impl Tabulate for Spectrum {
    fn table(&self) -> Result<Table> {
        let made = Table::new("spectrum", spectrum_table(self)?);
        let made = made.setting("order", self.order).setting("tolerance", self.tolerance);
        Ok(match self.largest_residual() {
            Some(residual) => Table { provenance: made.provenance.residual(residual), ..made },
            None => made,
        })
    }
}

/// As [`verification_table`]; the verdict and what it is of are noted.
impl Tabulate for Report {
    fn table(&self) -> Result<Table> {
        Ok(Table::new("verification", verification_table(self)?)
            .setting("network", self.network.as_str())
            .setting("objects", self.objects)
            .setting("term", self.term.name())
            .setting("verdict", serde_json::json!(self.verdict)))
    }
}
