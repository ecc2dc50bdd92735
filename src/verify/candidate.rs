//! What is to be verified.

use ndarray::{Array1, Array2};

use crate::error::check_finite;
use crate::{Dataset, Error, Network, Result};

/// Somebody else's curvature: a matrix, or what was made of one.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Candidate {
    /// The whole matrix, P x P.
    Matrix(Array2<f64>),
    /// Its diagonal, length P.
    Diagonal(Array1<f64>),
    /// Rows of layer `p` and columns of layer `q`, from 0.
    Block {
        /// Layer of the rows.
        p: usize,
        /// Layer of the columns.
        q: usize,
        /// The block.
        values: Array2<f64>,
    },
    /// Its products with vectors.
    Products {
        /// The vectors, one a column, shape (P, k); also taken as rows, shape (k, P).
        vectors: Array2<f64>,
        /// Their products, of the same shape.
        products: Array2<f64>,
    },
    /// Eigenvalues in any order: all P, or the k largest, smallest, or largest in magnitude.
    Eigenvalues(Array1<f64>),
    /// The trace.
    Trace(f64),
    /// Spectral norm of every object's own matrix, length m, as in [`per_object`](crate::per_object()).
    ObjectNorms(Array1<f64>),
}

impl From<Array2<f64>> for Candidate {
    fn from(matrix: Array2<f64>) -> Self {
        Candidate::Matrix(matrix)
    }
}

impl From<Array2<f32>> for Candidate {
    fn from(matrix: Array2<f32>) -> Self {
        Candidate::Matrix(matrix.mapv(f64::from))
    }
}

impl Candidate {
    /// What it is, in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Candidate::Matrix(_) => "matrix",
            Candidate::Diagonal(_) => "diagonal",
            Candidate::Block { .. } => "block",
            Candidate::Products { .. } => "products",
            Candidate::Eigenvalues(_) => "eigenvalues",
            Candidate::Trace(_) => "trace",
            Candidate::ObjectNorms(_) => "object norms",
        }
    }

    /// Its shape as an array.
    pub fn shape(&self) -> Vec<usize> {
        match self {
            Candidate::Matrix(values) | Candidate::Block { values, .. } => values.shape().to_vec(),
            Candidate::Products { products, .. } => products.shape().to_vec(),
            Candidate::Diagonal(values) | Candidate::Eigenvalues(values) | Candidate::ObjectNorms(values) => {
                values.shape().to_vec()
            }
            Candidate::Trace(_) => Vec::new(),
        }
    }

    /// Its numbers, row by row; eigenvalues ascending.
    pub(super) fn values(&self) -> Vec<f64> {
        match self {
            Candidate::Matrix(values) | Candidate::Block { values, .. } => values.iter().copied().collect(),
            Candidate::Products { products, .. } => products.iter().copied().collect(),
            Candidate::Diagonal(values) | Candidate::ObjectNorms(values) => values.to_vec(),
            Candidate::Eigenvalues(values) => {
                let mut values = values.to_vec();
                values.sort_by(f64::total_cmp);
                values
            }
            Candidate::Trace(value) => vec![*value],
        }
    }

    /// Refuses what could be no curvature of any network; products come back with vectors as columns.
    ///
    /// A size that does not fit the network is no reason: it may be explained.
    pub(super) fn checked(&self, net: &Network, data: &Dataset) -> Result<Candidate> {
        let order = net.parameter_count();
        let finite = |values: ndarray::ArrayViewD<'_, f64>| {
            check_finite(&format!("candidate ({})", self.kind()), values)
        };
        match self {
            Candidate::Matrix(values) => {
                if values.nrows() != values.ncols() || values.is_empty() {
                    return Err(Error::shape("candidate matrix", &[order, order], values.shape()));
                }
                finite(values.view().into_dyn())?;
            }
            Candidate::Block { p, q, values } => {
                for (name, layer) in [("p", *p), ("q", *q)] {
                    if layer >= net.depth() {
                        let expected = format!("a layer in 0..{}", net.depth());
                        return Err(Error::argument(format!("layer {name} of the block"), expected, layer));
                    }
                }
                let expected = [net.layer_range(*p).len(), net.layer_range(*q).len()];
                if values.len() != expected[0] * expected[1] {
                    return Err(Error::shape("candidate block", &expected, values.shape()));
                }
                finite(values.view().into_dyn())?;
            }
            Candidate::Products { vectors, products } => {
                if vectors.shape() != products.shape() {
                    return Err(Error::shape("products", vectors.shape(), products.shape()));
                }
                check_finite("vectors", vectors.view().into_dyn())?;
                finite(products.view().into_dyn())?;
                if vectors.nrows() != order && vectors.ncols() == order {
                    let turned = |a: &Array2<f64>| a.t().as_standard_layout().into_owned();
                    return Ok(Candidate::Products { vectors: turned(vectors), products: turned(products) });
                }
                if vectors.nrows() != order || vectors.is_empty() {
                    return Err(Error::shape("vectors", &[order, vectors.ncols().max(1)], vectors.shape()));
                }
            }
            Candidate::Diagonal(values) | Candidate::Eigenvalues(values) => {
                if values.is_empty() {
                    return Err(Error::shape(format!("candidate {}", self.kind()), &[order], &[0]));
                }
                finite(values.view().into_dyn())?;
            }
            Candidate::ObjectNorms(values) => {
                if values.len() != data.len() {
                    return Err(Error::shape("candidate object norms", &[data.len()], values.shape()));
                }
                finite(values.view().into_dyn())?;
            }
            Candidate::Trace(value) => {
                finite(ndarray::arr0(*value).view().into_dyn())?;
            }
        }
        Ok(self.clone())
    }
}
