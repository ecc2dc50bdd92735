//! What the candidate is held against: ours, or what it would be if something were otherwise.

use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use super::candidate::Candidate;
use crate::linalg::matmul;
use crate::{
    Dataset, Error, Loss, Network, Result, Targets, Term, curvature_block, hvp, linalg, passes, per_object,
};

/// A network with data and loss.
#[derive(Clone)]
pub(super) struct Setting {
    pub(super) net: Network,
    pub(super) data: Dataset,
    pub(super) loss: Loss,
}

impl Setting {
    pub(super) fn normaliser(&self) -> f64 {
        self.loss.normaliser(self.data.len(), self.net.outputs())
    }

    pub(super) fn with_data(&self, x: Array2<f64>, targets: Targets) -> Setting {
        let data = Dataset { name: self.data.name.clone(), x, targets };
        Setting { net: self.net.clone(), data, loss: self.loss }
    }

    /// `z^(p)` of every layer, the logits last; each of shape (m, outputs of the layer).
    pub(super) fn pre_activations(&self) -> Vec<Array2<f64>> {
        let mut x = self.data.x.clone();
        let mut all = Vec::new();
        for layer in self.net.layers() {
            let mut z = x.dot(&layer.weight.t());
            if let Some(bias) = &layer.bias {
                z += bias;
            }
            x = z.mapv(|z| self.net.activation().value(z));
            all.push(z);
        }
        all
    }

    /// Gradient of every object's own loss, with the normaliser of one object; shape (m, P).
    pub(super) fn object_gradients(&self) -> Result<Array2<f64>> {
        let (objects, order) = (self.data.len(), self.net.parameter_count());
        let needed = (objects as u64).saturating_mul(order as u64).saturating_mul(8);
        if needed > linalg::available_memory() / 2 {
            let what = format!("gradients of {objects} objects");
            return Err(Error::OutOfMemory { what, needed, available: linalg::available_memory() / 2 });
        }
        let mut gradients = Array2::zeros((objects, order));
        let scale = self.loss.normaliser(1, self.net.outputs());
        for sweep in linalg::workers(|| passes::sweeps(&self.net, &self.data, self.loss, 0..objects))? {
            let mut rows = gradients.slice_mut(s![sweep.range.clone(), ..]);
            for (l, place) in self.net.layout().iter().enumerate() {
                let (delta, input) = (&sweep.delta[l], sweep.input(&self.data, l));
                for (n, mut row) in rows.rows_mut().into_iter().enumerate() {
                    for i in 0..place.outputs {
                        let from = place.weight_at(i, 0);
                        let mut part = row.slice_mut(s![from..from + place.inputs]);
                        part.assign(&(&input.row(n) * (scale * delta[[n, i]])));
                        if let Some(bias) = &place.bias {
                            row[bias.start + i] = scale * delta[[n, i]];
                        }
                    }
                }
            }
        }
        Ok(gradients)
    }

    /// What stands before the sum of the objects' `g gᵀ` in the empirical Fisher matrix.
    fn fisher_scale(&self) -> f64 {
        self.normaliser() / self.loss.normaliser(1, self.net.outputs())
    }
}

/// Which matrix of a setting.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Source {
    Term(Term),
    EmpiricalFisher,
}

/// A computed source, before it is brought into the candidate's form.
pub(super) enum Held {
    /// The whole matrix, or the block of the candidate.
    Matrix(Array2<f64>),
    /// Nothing computed yet: products depend on the order of the parameters.
    Operator(Box<Setting>, Source),
    /// The numbers as they are.
    Values(Vec<f64>),
}

/// Rows and columns of the candidate as rows and columns of ours.
#[derive(Clone)]
pub(super) struct Places {
    pub(super) rows: Vec<usize>,
    pub(super) columns: Vec<usize>,
}

impl Places {
    /// The places that a list of parameters takes in a candidate of this kind.
    pub(super) fn of(candidate: &Candidate, net: &Network, parameters: &[usize]) -> Places {
        let within = |layer: usize| {
            let range = net.layer_range(layer);
            let inside = parameters.iter().filter(|&&index| range.contains(&index));
            inside.map(|&index| index - range.start).collect()
        };
        match candidate {
            Candidate::Block { p, q, .. } => Places { rows: within(*p), columns: within(*q) },
            _ => Places { rows: parameters.to_vec(), columns: parameters.to_vec() },
        }
    }
}

/// Computes a source as far as it does not depend on the order of the parameters.
pub(super) fn hold(candidate: &Candidate, setting: &Setting, source: Source) -> Result<Held> {
    let Setting { net, data, loss } = setting;
    Ok(match (candidate, source) {
        (Candidate::Products { .. }, _) => Held::Operator(Box::new(setting.clone()), source),
        (Candidate::ObjectNorms(_), Source::Term(term)) => {
            let norms = per_object(net, data, *loss)?;
            Held::Values(match term {
                Term::Full => norms.hessian_norm.to_vec(),
                Term::Ggn => norms.ggn_norm.to_vec(),
                Term::HTerm => norms.h_term_norm.to_vec(),
            })
        }
        (Candidate::ObjectNorms(_), Source::EmpiricalFisher) => {
            Held::Values(per_object(net, data, *loss)?.gradient_norm.mapv(|g| g * g).to_vec())
        }
        (Candidate::Block { p, q, .. }, Source::Term(term)) => {
            Held::Matrix(curvature_block(net, data, *loss, term, *p, *q)?)
        }
        (Candidate::Block { p, q, .. }, Source::EmpiricalFisher) => {
            let g = setting.object_gradients()?;
            let (left, right) = (g.slice(s![.., net.layer_range(*p)]), g.slice(s![.., net.layer_range(*q)]));
            Held::Matrix(setting.fisher_scale() * matmul(&left.t(), &right))
        }
        (_, Source::Term(term)) => Held::Matrix(crate::curvature(net, data, *loss, term)?.matrix),
        (_, Source::EmpiricalFisher) => {
            let g = setting.object_gradients()?;
            Held::Matrix(setting.fisher_scale() * matmul(&g.t(), &g))
        }
    })
}

/// Brings a source into the candidate's form, with its parameters in another order where `places` says so.
pub(super) fn view(candidate: &Candidate, held: &Held, places: Option<&Places>) -> Result<Vec<f64>> {
    Ok(match (candidate, held) {
        (_, Held::Values(values)) => values.clone(),
        (Candidate::Products { vectors, .. }, Held::Operator(setting, source)) => {
            let products = match places {
                None => multiplied(setting, *source, vectors)?,
                Some(places) => {
                    let mut ours = Array2::zeros(vectors.dim());
                    for (row, &index) in vectors.rows().into_iter().zip(&places.rows) {
                        ours.row_mut(index).assign(&row);
                    }
                    multiplied(setting, *source, &ours)?.select(Axis(0), &places.rows)
                }
            };
            products.iter().copied().collect()
        }
        (_, Held::Operator(..)) => Vec::new(),
        (Candidate::Diagonal(_), Held::Matrix(matrix)) => match places {
            None => matrix.diag().to_vec(),
            Some(places) => places.rows.iter().map(|&i| matrix[[i, i]]).collect(),
        },
        (Candidate::Trace(_), Held::Matrix(matrix)) => vec![matrix.diag().sum()],
        (Candidate::Eigenvalues(_), Held::Matrix(matrix)) => {
            let matrix = places.map_or_else(|| matrix.clone(), |places| gathered(matrix.view(), places));
            selected(crate::eigvalsh(&matrix)?.eigenvalues.to_vec(), &candidate.values())
        }
        (_, Held::Matrix(matrix)) => match places {
            None => matrix.iter().copied().collect(),
            Some(places) => gathered(matrix.view(), places).iter().copied().collect(),
        },
    })
}

/// All eigenvalues, or those that the candidate seems to hold: the largest, the smallest, or the largest in magnitude.
fn selected(all: Vec<f64>, values: &[f64]) -> Vec<f64> {
    let (n, k) = (all.len(), values.len());
    if k >= n {
        return all;
    }
    let mut magnitude = all.clone();
    magnitude.sort_by(|a, b| b.abs().total_cmp(&a.abs()));
    magnitude.truncate(k);
    magnitude.sort_by(f64::total_cmp);
    let gap = |set: &[f64]| set.iter().zip(values).fold(0.0_f64, |most, (a, b)| most.max((a - b).abs()));
    let mut sets = [all[n - k..].to_vec(), magnitude, all[..k].to_vec()];
    sets.sort_by(|a, b| gap(a).total_cmp(&gap(b)));
    let [nearest, ..] = sets;
    nearest
}

fn gathered(matrix: ArrayView2<'_, f64>, places: &Places) -> Array2<f64> {
    let mut out = Array2::zeros((places.rows.len(), places.columns.len()));
    for (mut to, &i) in out.rows_mut().into_iter().zip(&places.rows) {
        let from = matrix.row(i);
        to.iter_mut().zip(&places.columns).for_each(|(to, &j)| *to = from[j]);
    }
    out
}

/// Products of a source with vectors, one a column.
pub(super) fn multiplied(setting: &Setting, source: Source, vectors: &Array2<f64>) -> Result<Array2<f64>> {
    match source {
        Source::Term(term) => hvp(&setting.net, &setting.data, setting.loss, term, vectors),
        Source::EmpiricalFisher => {
            let g = setting.object_gradients()?;
            Ok(setting.fisher_scale() * matmul(&g.t(), &matmul(&g, vectors)))
        }
    }
}

/// Largest absolute entry of several arrays together.
pub(super) fn largest<'a>(arrays: impl IntoIterator<Item = &'a Array2<f64>>) -> f64 {
    arrays.into_iter().flatten().fold(0.0, |most: f64, v| most.max(v.abs()))
}

/// The setting in which losses are squared errors with residuals and curvature of order one everywhere.
pub(super) fn unit_setting(setting: &Setting, logits: &Array2<f64>) -> Setting {
    // r = 2 (z - y) = 1 and A = 2 I: what softmax and its residual are before they cancel.
    let targets = Targets::Values(logits - 0.5);
    Setting { loss: Loss::mean_squared_error().sum(), ..setting.with_data(setting.data.x.clone(), targets) }
}

/// Seeded vectors of signs, one a column.
pub(super) fn signs(order: usize, count: usize) -> Array2<f64> {
    use rand::{RngExt, SeedableRng};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
    Array2::from_shape_simple_fn((order, count), || if rng.random::<bool>() { 1.0 } else { -1.0 })
}

/// Euclidean norm of every column.
pub(super) fn column_norms(vectors: &Array2<f64>) -> Array1<f64> {
    vectors.map_axis(Axis(0), |v| linalg::euclidean_norm(v.iter()))
}
