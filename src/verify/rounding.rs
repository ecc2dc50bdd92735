//! How far apart two right answers may be: rounding, from the precision, the sizes and the norms.
//!
//! A right program returns the exact curvature of slightly other numbers: every sum of n terms is off by about
//! `u √n` of the size of its terms, with u the unit roundoff. The size of the terms is not that of the result, because
//! they cancel: objects of a mean against each other, G-term against H-term, and inside softmax `1 - p` against `p`.
//! So the scale of a block of layers is the largest entry, in that block, of the Hessian, of the G-term, and of the
//! same two with residuals and curvature in the logits of order one. An exponential of a number t turns its relative
//! error into `u t`. Together the allowed error of an entry is
//!
//! `u · 4 · (Σ_p √(d_p + 1)) · (1 + t) · scale`
//!
//! with d_p the inputs of layer p, and t the largest logit, target, or pre-activation of a curved activation.

use ndarray::Array2;

use super::candidate::Candidate;
use super::reference::{Held, Setting, Source, column_norms, hold, largest, multiplied, signs, unit_setting};
use crate::linalg::euclidean_norm;
use crate::{LossKind, Result, Targets, Term};

/// Unit roundoff of float64.
pub(super) const DOUBLE: f64 = f64::EPSILON / 2.0;
/// Unit roundoff of float32.
pub(super) const SINGLE: f64 = f32::EPSILON as f64 / 2.0;

/// What rounding with unit roundoff one would do to every entry: times u it is the allowed error.
pub(super) enum Rounding {
    /// By pairs of layers.
    Blocks {
        /// Layer of every parameter.
        layer: Vec<usize>,
        /// Number of layers.
        depth: usize,
        /// Size for every pair of layers, row by row.
        sizes: Vec<f64>,
    },
    /// Entry by entry.
    Entries(Vec<f64>),
}

impl Rounding {
    /// The size of the entry with this number.
    pub(super) fn size(&self, at: usize) -> f64 {
        match self {
            Rounding::Blocks { layer, depth, sizes } => {
                sizes[layer[at / layer.len()] * depth + layer[at % layer.len()]]
            }
            Rounding::Entries(sizes) => sizes[at],
        }
    }

    /// The largest size.
    pub(super) fn largest(&self) -> f64 {
        let (Rounding::Blocks { sizes, .. } | Rounding::Entries(sizes)) = self;
        sizes.iter().copied().fold(0.0, f64::max)
    }

    pub(super) fn new(candidate: &Candidate, setting: &Setting, term: Term) -> Result<Rounding> {
        let z = setting.pre_activations();
        let logits = &z[z.len() - 1];
        let growth = growth(setting, &z);
        let unit = unit_setting(setting, logits);
        // The other losses have a curvature in the logits of at most 1/2 and 1/4; that of the unit setting is 2.
        let half = if setting.loss.kind == LossKind::MeanSquaredError { 1.0 } else { 0.5 };
        let c = setting.normaliser();
        let mut parts = vec![(setting, Term::Ggn, 1.0), (&unit, Term::Ggn, half * c)];
        if term != Term::Ggn {
            parts.extend([(setting, Term::Full, 1.0), (&unit, Term::HTerm, c)]);
        }
        if let Candidate::Products { vectors, .. } = candidate {
            return products(vectors, setting, &parts, growth);
        }
        if let Candidate::ObjectNorms(values) = candidate {
            let own = setting.loss.normaliser(1, setting.net.outputs());
            let mut sizes = vec![0.0_f64; values.len()];
            for (setting, term, factor) in parts {
                if let Held::Values(norms) = hold(candidate, setting, Source::Term(term))? {
                    let factor = if factor == 1.0 { 1.0 } else { factor / c * own };
                    sizes.iter_mut().zip(norms).for_each(|(size, norm)| *size = size.max(factor * norm));
                }
            }
            return Ok(Rounding::Entries(sizes.into_iter().map(|size| growth * size).collect()));
        }
        let mut scale: Option<Array2<f64>> = None;
        let mut frobenius = 0.0;
        for (setting, term, factor) in parts {
            let Held::Matrix(matrix) = hold(candidate, setting, Source::Term(term))? else { continue };
            frobenius += factor * euclidean_norm(matrix.iter());
            match &mut scale {
                None => scale = Some(matrix.mapv(|v| factor * v.abs())),
                Some(scale) => scale.zip_mut_with(&matrix, |s, v| *s = s.max(factor * v.abs())),
            }
        }
        let scale = scale.unwrap_or_else(|| Array2::zeros((0, 0)));
        let (layer, depth) = (layers(setting), setting.net.depth());
        let mut sizes = vec![0.0_f64; depth * depth];
        Ok(match candidate {
            Candidate::Matrix(_) => {
                for ((i, j), v) in scale.indexed_iter() {
                    let size = &mut sizes[layer[i] * depth + layer[j]];
                    *size = size.max(growth * v);
                }
                Rounding::Blocks { layer, depth, sizes }
            }
            Candidate::Diagonal(_) => {
                scale.diag().iter().zip(&layer).for_each(|(v, &l)| sizes[l] = sizes[l].max(growth * v));
                Rounding::Entries(layer.iter().map(|&l| sizes[l]).collect())
            }
            Candidate::Trace(_) => Rounding::Entries(vec![growth * scale.diag().sum()]),
            // Weyl: eigenvalues move by at most the norm of the error; LAPACK's own is about √P u ||H||.
            Candidate::Eigenvalues(values) => {
                let solver = (scale.nrows() as f64).sqrt();
                Rounding::Entries(vec![(growth + solver) * frobenius; values.len()])
            }
            _ => Rounding::Entries(vec![growth * largest([&scale]); scale.len()]),
        })
    }
}

/// Layer of every parameter.
pub(super) fn layers(setting: &Setting) -> Vec<usize> {
    (0..setting.net.depth()).flat_map(|l| std::iter::repeat_n(l, setting.net.layer_range(l).len())).collect()
}

fn growth(setting: &Setting, z: &[Array2<f64>]) -> f64 {
    let terms: f64 = setting.net.layers().iter().map(|layer| (layer.inputs() as f64 + 1.0).sqrt()).sum();
    let target = match &setting.data.targets {
        Targets::Values(y) => largest([y]),
        Targets::Classes(_) => 0.0,
    };
    // A pre-activation of a piecewise linear network enters no exponential before the logits.
    let from = if setting.net.activation().is_piecewise_linear() { z.len() - 1 } else { 0 };
    4.0 * terms * (1.0 + largest(&z[from..]).max(target))
}

/// Per layer of rows and per vector: the largest norm of a row, estimated with signs, times that of the vector.
fn products(
    vectors: &Array2<f64>,
    setting: &Setting,
    parts: &[(&Setting, Term, f64)],
    growth: f64,
) -> Result<Rounding> {
    const PROBES: usize = 8;
    let probes = signs(vectors.nrows(), PROBES);
    let layer = layers(setting);
    let mut squares = vec![0.0_f64; setting.net.depth()];
    for &(setting, term, factor) in parts {
        // E (M z)_i² over random signs is the squared norm of row i.
        let images = multiplied(setting, Source::Term(term), &probes)?;
        for (row, &l) in images.rows().into_iter().zip(&layer) {
            squares[l] = squares[l].max(factor * factor * row.dot(&row) / PROBES as f64);
        }
    }
    let norms = column_norms(vectors);
    let sizes = layer.iter().flat_map(|&l| norms.iter().map(move |n| (l, n)));
    Ok(Rounding::Entries(sizes.map(|(l, n)| growth * squares[l].sqrt() * n).collect()))
}

/// Whether a number takes no more digits than float32 has.
pub(super) fn is_single(value: f64) -> bool {
    f64::from(value as f32) == value
}
