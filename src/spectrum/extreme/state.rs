//! A search for eigenpairs on disk, as it stood at its last restart.

use std::io::BufReader;
use std::path::Path;

use ndarray::{Array1, Array2, Ix1, Ix2, array};
use zip::ZipArchive;

use super::{Basis, ExtremeSettings, ExtremeSolver, Which};
use crate::error::check_finite;
use crate::files::{Header, NpyValues, NpzWriter, Place, open_regular, write_atomically};
use crate::{Error, Result};

const ARCHIVE: &str = "the state of a search for eigenpairs";
const ENDS: [Which; 4] = [Which::Largest, Which::Smallest, Which::BothEnds, Which::LargestMagnitude];

impl ExtremeSolver {
    /// Writes the search as it stood at its last restart, as a `.npz` file: written aside, then renamed.
    ///
    /// The file holds `kept` (order, p), `next` (order, block), `coupling` (block, p), `values` (p), `locked`
    /// (order, l), `locked_values` (l), each left out where it has no entry, and `numbers`.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let settings = &self.settings;
        let which = ENDS.iter().position(|&w| w == settings.which).unwrap_or(0);
        let (kept, values, next, coupling, steps) = self.basis.at_restart();
        let none = f64::NEG_INFINITY;
        let numbers = array![
            self.order as f64,
            which as f64,
            settings.count as f64,
            settings.tolerance,
            settings.block as f64,
            settings.basis.map_or(none, |b| b as f64),
            settings.most_products as f64,
            // As two halves, which are exact.
            (settings.seed >> 32) as f64,
            (settings.seed & 0xffff_ffff) as f64,
            settings.trace.unwrap_or(none),
            settings.squares.unwrap_or(none),
            f64::from(u8::from(self.checking)),
            self.products as f64,
            self.restarts as f64,
            self.miss,
            self.seconds,
            steps as f64,
        ];
        write_atomically(path, |file| {
            let mut archive = NpzWriter::new(file);
            let mut matrix = |name: &str, array: ndarray::ArrayView2<'_, f64>| {
                let plain = array.as_standard_layout();
                if plain.is_empty() { Ok(()) } else { archive.floats(name, &*plain) }
            };
            matrix("kept", kept)
                .and_then(|()| matrix("next", next))
                .and_then(|()| matrix("coupling", coupling.view()))
                .and_then(|()| matrix("locked", self.locked.view()))
                .and_then(|()| {
                    for (name, list) in [("values", &values), ("locked_values", &self.locked_values)] {
                        if !list.is_empty() {
                            archive.floats(name, &Array1::from(list.clone()))?;
                        }
                    }
                    archive.floats("numbers", &numbers)?;
                    archive.finish()
                })
                .map_err(|e| Error::io(path, e))
        })
    }

    /// Reads a search that [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// A file that is none, or whose arrays do not belong together, each with its name and shape.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let arrays = read(path)?;
        let find = |name: &str| arrays.iter().find(|(n, _)| n == name).map(|(_, array)| array);
        let numbers = find("numbers").and_then(|a| a.clone().into_dimensionality::<Ix1>().ok());
        let numbers =
            numbers.filter(|n| n.len() == 17).ok_or_else(|| Error::format(path, ARCHIVE, "no 17 numbers"))?;
        // None stands as minus infinity; everything else is a number that a float holds exactly.
        let whole = |at: usize| -> Result<usize> {
            let value = numbers[at];
            if value >= 0.0 && value.fract() == 0.0 && value < 1e15 {
                return Ok(value as usize);
            }
            Err(Error::format(path, format!("a whole number at {at} of the numbers"), format!("{value}")))
        };
        let optional = |at: usize| (numbers[at] != f64::NEG_INFINITY).then_some(numbers[at]);
        let order = whole(0)?;
        let settings = ExtremeSettings {
            which: *ENDS
                .get(whole(1)?)
                .ok_or_else(|| Error::format(path, "an end in 0..4", numbers[1].to_string()))?,
            count: whole(2)?,
            tolerance: numbers[3],
            block: whole(4)?,
            basis: if optional(5).is_some() { Some(whole(5)?) } else { None },
            most_products: whole(6)?,
            seed: ((whole(7)? as u64) << 32) | (whole(8)? as u64 & 0xffff_ffff),
            trace: optional(9),
            squares: optional(10),
        };
        settings.check(order)?;
        let matrix = |name: &str, rows: usize, columns: usize| -> Result<Array2<f64>> {
            let found = match find(name) {
                None => Array2::zeros((rows, columns.min(if rows == 0 { columns } else { 0 }))),
                Some(a) => a.clone().into_dimensionality::<Ix2>().unwrap_or_default(),
            };
            if found.dim() != (rows, columns) {
                return Err(Error::format(
                    path,
                    format!("{name} of shape {:?}", [rows, columns]),
                    format!("shape {:?}", find(name).map_or(&[][..], |a| a.shape())),
                ));
            }
            Ok(found)
        };
        let vector = |name: &str| find(name).map_or(Vec::new(), |a| a.iter().copied().collect::<Vec<f64>>());
        let (values, locked_values) = (vector("values"), vector("locked_values"));
        let (block, capacity) = (settings.block, settings.capacity());
        if values.len() + 2 * block > capacity || capacity > order {
            let found = format!("{} kept in {capacity} of {order}", values.len());
            return Err(Error::format(path, "pairs kept that fit into the basis", found));
        }
        let next = matrix("next", order, block)?;
        let kept = matrix("kept", order, values.len())?;
        let coupling = if values.is_empty() {
            Array2::zeros((block, 0))
        } else {
            matrix("coupling", block, values.len())?
        };
        let locked = matrix("locked", order, locked_values.len())?;
        let (restarts, checking) = (whole(13)?, whole(11)? == 1);
        if checking && locked_values.len() < settings.total() {
            return Err(Error::format(
                path,
                format!("{} pairs found", settings.total()),
                locked_values.len().to_string(),
            ));
        }
        let sizes = (capacity, whole(16)?);
        // A stream of its own: the random numbers drawn before are not known.
        let stream = (settings.seed, (1 << 32) + restarts as u64);
        Ok(ExtremeSolver {
            order,
            basis: Basis::resumed(&kept, &values, next, coupling, sizes, stream),
            locked,
            locked_values,
            checking,
            products: whole(12)?,
            restarts,
            miss: numbers[14],
            seconds: numbers[15],
            settings,
        })
    }
}

/// The arrays of the archive by name.
fn read(path: &Path) -> Result<Vec<(String, ndarray::ArrayD<f64>)>> {
    let (file, size) = open_regular(path, ARCHIVE)?;
    let damaged = |e: zip::result::ZipError| Error::format(path, ARCHIVE, format!("damage: {e}"));
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    let mut arrays = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(damaged)?;
        let name = entry.name().map_err(damaged)?.to_string();
        let unpacked = entry.size();
        // Stored without compression: no entry is larger than the file.
        if unpacked > size {
            let found = format!("{name:?} of {}", crate::error::bytes(unpacked));
            return Err(Error::format(
                path,
                format!("arrays of at most {}", crate::error::bytes(size)),
                found,
            ));
        }
        let place = Place { path, member: Some(&name) };
        let header = Header::read(&mut entry, unpacked, place)?;
        let NpyValues::Floats(values) = header.read_values(&mut entry, place)?.values else {
            return Err(place.error("float64", header.dtype(), 10));
        };
        let name = name.strip_suffix(".npy").unwrap_or(&name).to_string();
        // Infinity stands for none among the numbers.
        if name != "numbers" {
            check_finite(&place.name(), values.view())?;
        }
        arrays.push((name, values));
    }
    Ok(arrays)
}
