//! The candidate entry by entry: where it differs most, in which blocks, and whether it is symmetric.

use ndarray::ArrayView2;

use super::candidate::Candidate;
use super::report::{BlockError, EntryError, Symmetry};
use super::rounding::Rounding;
use crate::Network;
use crate::network::{layer_name, layer_pair_name};

/// What a comparison finds.
pub(super) struct Comparison {
    pub(super) largest: EntryError,
    pub(super) largest_relative: Option<EntryError>,
    /// Euclidean norm of the error over that of ours.
    pub(super) relative: f64,
    /// Largest error over what rounding with unit roundoff one does.
    pub(super) excess: f64,
    pub(super) blocks: Vec<BlockError>,
}

/// Compares entry by entry; `unit` is the roundoff below which an entry of ours is too small for relative errors, and
/// `tolerance` an absolute one that replaces it.
pub(super) fn compare(
    candidate: &Candidate,
    net: &Network,
    values: &[f64],
    ours: &[f64],
    rounding: &Rounding,
    unit: f64,
    tolerance: Option<f64>,
) -> Comparison {
    let allowed = |at: usize| tolerance.unwrap_or_else(|| unit * rounding.size(at));
    let (mut worst, mut worst_relative) = ((0, 0.0), None::<(usize, f64)>);
    let (mut excess, mut errors, mut norms) = (0.0_f64, 0.0, 0.0);
    let names = Names::new(candidate, net);
    let mut blocks = vec![Sums::default(); names.blocks.len()];
    for (at, (&c, &a)) in values.iter().zip(ours).enumerate() {
        let error = (c - a).abs();
        if error > worst.1 {
            worst = (at, error);
        }
        let size = rounding.size(at);
        if error > 0.0 {
            excess = excess.max(error / size);
        }
        if a.abs() > allowed(at) && worst_relative.is_none_or(|(_, most)| error / a.abs() > most) {
            worst_relative = Some((at, error / a.abs()));
        }
        errors += error * error;
        norms += a * a;
        let sums = &mut blocks[names.block(at)];
        sums.largest = sums.largest.max(error);
        sums.error += error * error;
        sums.norm += a * a;
        sums.allowed = sums.allowed.max(allowed(at));
        sums.differs |= error > allowed(at);
    }
    let entry = |at: usize, error: f64| EntryError {
        place: names.place(at),
        index: names.index(at),
        ours: ours[at],
        candidate: values[at],
        error,
    };
    let ratio = |error: f64, norm: f64| if error == 0.0 { 0.0 } else { (error / norm).sqrt() };
    Comparison {
        largest: entry(worst.0, worst.1),
        largest_relative: worst_relative.map(|(at, error)| entry(at, error)),
        relative: ratio(errors, norms),
        excess,
        blocks: blocks
            .iter()
            .zip(&names.blocks)
            .map(|(sums, name)| BlockError {
                name: name.clone(),
                largest_error: sums.largest,
                relative_error: ratio(sums.error, sums.norm),
                tolerance: sums.allowed,
                agrees: !sums.differs,
            })
            .collect(),
    }
}

#[derive(Clone, Default)]
struct Sums {
    largest: f64,
    error: f64,
    norm: f64,
    allowed: f64,
    differs: bool,
}

/// Names of entries and blocks.
struct Names {
    /// Parameters of rows and columns; no columns where an entry has one parameter or none.
    rows: Vec<String>,
    columns: Vec<String>,
    row_layers: Vec<usize>,
    column_layers: Vec<usize>,
    blocks: Vec<String>,
    depth: usize,
}

impl Names {
    fn new(candidate: &Candidate, net: &Network) -> Names {
        let depth = net.depth();
        let parameters: Vec<String> = parameter_names(net);
        let layers: Vec<usize> =
            (0..depth).flat_map(|l| std::iter::repeat_n(l, net.layer_range(l).len())).collect();
        let pairs = || {
            let all = (0..depth).flat_map(|p| (0..depth).map(move |q| (p, q)));
            all.map(|(p, q)| layer_pair_name(p, q)).collect()
        };
        let single = (0..depth).map(layer_name).collect();
        let (rows, columns, row_layers, column_layers, blocks) = match candidate {
            Candidate::Matrix(_) => (parameters.clone(), parameters, layers.clone(), layers, pairs()),
            Candidate::Diagonal(_) => (parameters, Vec::new(), layers, Vec::new(), single),
            Candidate::Block { p, q, .. } => {
                let of = |l: usize| parameters[net.layer_range(l)].to_vec();
                let (rows, columns) = (of(*p), of(*q));
                let zeros = (vec![0; rows.len()], vec![0; columns.len()]);
                (rows, columns, zeros.0, zeros.1, vec![layer_pair_name(*p, *q)])
            }
            Candidate::Products { products, .. } => {
                let columns = (0..products.ncols()).map(|k| format!("vector {k}")).collect();
                (parameters, columns, layers, vec![0; products.ncols()], single)
            }
            Candidate::Eigenvalues(values) => {
                let rows = (0..values.len()).map(|k| format!("eigenvalue {k} in ascending order")).collect();
                (rows, Vec::new(), vec![0; values.len()], Vec::new(), vec!["all".to_string()])
            }
            Candidate::ObjectNorms(values) => {
                let rows = (0..values.len()).map(|k| format!("object {k}")).collect();
                (rows, Vec::new(), vec![0; values.len()], Vec::new(), vec!["all".to_string()])
            }
            Candidate::Trace(_) => {
                (vec!["trace".to_string()], Vec::new(), vec![0], Vec::new(), vec!["all".to_string()])
            }
        };
        let depth = if matches!(candidate, Candidate::Matrix(_)) { depth } else { 1 };
        Names { rows, columns, row_layers, column_layers, blocks, depth }
    }

    fn index(&self, at: usize) -> Vec<usize> {
        match self.columns.len() {
            0 => vec![at],
            columns => vec![at / columns, at % columns],
        }
    }

    fn block(&self, at: usize) -> usize {
        match self.index(at)[..] {
            [i, j] => self.row_layers[i] * self.depth + self.column_layers[j],
            [i] => self.row_layers[i],
            _ => 0,
        }
    }

    fn place(&self, at: usize) -> String {
        match self.index(at)[..] {
            [i, j] => format!("{}, {}", self.rows[i], self.columns[j]),
            [i] => self.rows[i].clone(),
            _ => String::new(),
        }
    }
}

/// Every parameter as people write it: `2.weight[3,1]`.
fn parameter_names(net: &Network) -> Vec<String> {
    let mut names = Vec::with_capacity(net.parameter_count());
    for array in net.parameter_map() {
        let columns = array.shape.get(1).copied();
        names.extend((0..array.range.len()).map(|k| match columns {
            Some(columns) => format!("{}[{},{}]", array.name, k / columns, k % columns),
            None => format!("{}[{k}]", array.name),
        }));
    }
    names
}

/// How far a square candidate is from its transpose.
pub(super) fn symmetry(candidate: &Candidate, net: &Network) -> Option<Symmetry> {
    let (values, names): (ArrayView2<'_, f64>, Vec<String>) = match candidate {
        Candidate::Matrix(values) => (values.view(), parameter_names(net)),
        Candidate::Block { p, q, values } if p == q => {
            (values.view(), parameter_names(net)[net.layer_range(*p)].to_vec())
        }
        _ => return None,
    };
    let (mut worst, mut largest) = ((0, 0, 0.0), 0.0_f64);
    for ((i, j), v) in values.indexed_iter() {
        largest = largest.max(v.abs());
        let gap = (v - values[[j, i]]).abs();
        if gap > worst.2 {
            worst = (i, j, gap);
        }
    }
    let (i, j, gap) = worst;
    // A candidate of another size has no names for its rows.
    let name = |k: usize| match names.len() == values.nrows() {
        true => names[k].clone(),
        false => k.to_string(),
    };
    let relative = if gap == 0.0 { 0.0 } else { gap / largest };
    Some(Symmetry { largest_gap: gap, relative_gap: relative, place: format!("{}, {}", name(i), name(j)) })
}
