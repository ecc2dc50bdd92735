//! Matrices known by their products alone, and what is made of them.

use ndarray::Array2;

use crate::linalg::{tall_add, tall_gram, tiled, workers};
use crate::{Error, Result};

/// A square matrix that is known by its products with blocks of vectors.
///
/// The eigensolvers, estimators and linear solvers of [`spectrum`](crate::spectrum) take any of these; they need it
/// symmetric, and say so where it is not.
///
/// ```
/// use hessia::operator::{LinearOperator, Shifted};
/// use ndarray::array;
/// let matrix = array![[2.0, 1.0], [1.0, 2.0]];
/// let shifted = Shifted { operator: &matrix, shift: 0.5 };
/// assert_eq!(shifted.apply(&array![[1.0], [0.0]])?, array![[2.5], [1.0]]);
/// # Ok::<(), hessia::Error>(())
/// ```
pub trait LinearOperator: Sync {
    /// Number of rows and columns.
    fn order(&self) -> usize;

    /// The product with the columns of `vectors`, shape (order, k).
    ///
    /// # Errors
    /// Vectors of another length than the order, and whatever the operator cannot do.
    fn apply(&self, vectors: &Array2<f64>) -> Result<Array2<f64>>;
}

impl<T: LinearOperator + ?Sized> LinearOperator for &T {
    fn order(&self) -> usize {
        (**self).order()
    }

    fn apply(&self, vectors: &Array2<f64>) -> Result<Array2<f64>> {
        (**self).apply(vectors)
    }
}

/// A matrix at hand.
impl LinearOperator for Array2<f64> {
    fn order(&self) -> usize {
        self.nrows()
    }

    fn apply(&self, vectors: &Array2<f64>) -> Result<Array2<f64>> {
        check_vectors(self.ncols(), vectors)?;
        let mut product = Array2::zeros((self.nrows(), vectors.ncols()));
        workers(|| tiled(1.0, self.view(), vectors.view(), 0.0, product.view_mut()));
        Ok(product)
    }
}

/// `A + shift I`: with a positive shift, the damped operator.
#[derive(Debug, Clone)]
pub struct Shifted<T> {
    /// A.
    pub operator: T,
    /// What is added to every eigenvalue.
    pub shift: f64,
}

impl<T: LinearOperator> LinearOperator for Shifted<T> {
    fn order(&self) -> usize {
        self.operator.order()
    }

    fn apply(&self, vectors: &Array2<f64>) -> Result<Array2<f64>> {
        let mut product = self.operator.apply(vectors)?;
        product.scaled_add(self.shift, vectors);
        Ok(product)
    }
}

/// `factor A`.
#[derive(Debug, Clone)]
pub struct Scaled<T> {
    /// A.
    pub operator: T,
    /// What every eigenvalue is multiplied by.
    pub factor: f64,
}

impl<T: LinearOperator> LinearOperator for Scaled<T> {
    fn order(&self) -> usize {
        self.operator.order()
    }

    fn apply(&self, vectors: &Array2<f64>) -> Result<Array2<f64>> {
        Ok(self.operator.apply(vectors)? * self.factor)
    }
}

/// `A + B`.
///
/// ```
/// use hessia::operator::{LinearOperator, Scaled, Sum};
/// use ndarray::array;
/// let (a, b) = (array![[2.0, 1.0], [1.0, 2.0]], array![[1.0, 1.0], [1.0, 1.0]]);
/// let difference = Sum { left: &a, right: Scaled { operator: &b, factor: -1.0 } };
/// assert_eq!(difference.apply(&array![[1.0], [0.0]])?, array![[1.0], [0.0]]);
/// # Ok::<(), hessia::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sum<A, B> {
    /// A.
    pub left: A,
    /// B, of the same order.
    pub right: B,
}

impl<A: LinearOperator, B: LinearOperator> LinearOperator for Sum<A, B> {
    fn order(&self) -> usize {
        self.left.order()
    }

    fn apply(&self, vectors: &Array2<f64>) -> Result<Array2<f64>> {
        Ok(self.left.apply(vectors)? + self.right.apply(vectors)?)
    }
}

/// `A B`: first B, then A. Symmetric only where the two commute.
#[derive(Debug, Clone)]
pub struct Composed<A, B> {
    /// A.
    pub left: A,
    /// B, of the same order.
    pub right: B,
}

impl<A: LinearOperator, B: LinearOperator> LinearOperator for Composed<A, B> {
    fn order(&self) -> usize {
        self.left.order()
    }

    fn apply(&self, vectors: &Array2<f64>) -> Result<Array2<f64>> {
        self.left.apply(&self.right.apply(vectors)?)
    }
}

/// `(I - Q Qᵀ) A (I - Q Qᵀ)`: A with the span of Q taken out.
///
/// With eigenvectors in Q, their eigenvalues become zero and all others stay.
///
/// ```
/// use hessia::operator::{Deflated, LinearOperator};
/// use ndarray::array;
/// let matrix = array![[5.0, 0.0], [0.0, 2.0]];
/// let rest = Deflated { operator: &matrix, basis: array![[1.0], [0.0]] };
/// assert_eq!(rest.apply(&array![[1.0], [1.0]])?, array![[0.0], [2.0]]);
/// # Ok::<(), hessia::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Deflated<T> {
    /// A.
    pub operator: T,
    /// Q, orthonormal columns, shape (order, q).
    pub basis: Array2<f64>,
}

impl<T: LinearOperator> LinearOperator for Deflated<T> {
    fn order(&self) -> usize {
        self.operator.order()
    }

    fn apply(&self, vectors: &Array2<f64>) -> Result<Array2<f64>> {
        check_vectors(self.basis.nrows(), vectors)?;
        let mut inside = vectors.clone();
        remove(&self.basis, &mut inside);
        let mut product = self.operator.apply(&inside)?;
        remove(&self.basis, &mut product);
        Ok(product)
    }
}

/// Takes from the columns of `vectors` what lies in the span of the orthonormal `basis`.
fn remove(basis: &Array2<f64>, vectors: &mut Array2<f64>) {
    workers(|| {
        let along = tall_gram(basis.view(), vectors.view());
        tall_add(-1.0, basis.view(), along.view(), vectors.view_mut());
    });
}

/// An operator by a function of a block of vectors.
///
/// ```
/// use hessia::operator::{Function, LinearOperator};
/// let twice = Function { order: 3, product: |v: &ndarray::Array2<f64>| Ok(v * 2.0) };
/// assert_eq!(twice.apply(&ndarray::Array2::ones((3, 1)))?.sum(), 6.0);
/// # Ok::<(), hessia::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Function<F> {
    /// Number of rows and columns.
    pub order: usize,
    /// The product with the columns of a block.
    pub product: F,
}

impl<F: Fn(&Array2<f64>) -> Result<Array2<f64>> + Sync> LinearOperator for Function<F> {
    fn order(&self) -> usize {
        self.order
    }

    fn apply(&self, vectors: &Array2<f64>) -> Result<Array2<f64>> {
        check_vectors(self.order, vectors)?;
        (self.product)(vectors)
    }
}

/// Refuses vectors of another length than `order`.
pub(crate) fn check_vectors(order: usize, vectors: &Array2<f64>) -> Result<()> {
    if vectors.nrows() != order {
        return Err(Error::shape("vectors", &[order, vectors.ncols()], vectors.shape()));
    }
    Ok(())
}

/// The product, refused where it is not finite or has another shape.
pub(crate) fn finite_product<T: LinearOperator + ?Sized>(
    operator: &T,
    vectors: &Array2<f64>,
) -> Result<Array2<f64>> {
    let product = operator.apply(vectors)?;
    if product.dim() != vectors.dim() {
        return Err(Error::shape("product of an operator", vectors.shape(), product.shape()));
    }
    let what = format!("product of an operator of order {}", operator.order());
    crate::error::check_finite(&what, product.view().into_dyn())?;
    Ok(product.as_standard_layout().into_owned())
}

/// Refuses an operator that two blocks of vectors show not to be symmetric: `uᵀ A v` against `vᵀ A u`.
///
/// `au` and `av` are the products with `u` and `v`. What rounding makes of the difference is allowed for.
pub(crate) fn check_symmetry(
    u: &Array2<f64>,
    au: &Array2<f64>,
    v: &Array2<f64>,
    av: &Array2<f64>,
) -> Result<()> {
    let (left, right) = workers(|| (tall_gram(u.view(), av.view()), tall_gram(au.view(), v.view())));
    let norm = |a: &Array2<f64>| a.iter().map(|v| v * v).sum::<f64>().sqrt();
    let scale = (norm(u) * norm(av)).max(norm(au) * norm(v));
    for ((index, a), b) in left.indexed_iter().zip(&right) {
        // A product is a sum of many terms: its rounding is far below this, a wrong sign or factor far above.
        if (a - b).abs() > 1e-9 * scale {
            return Err(Error::argument(
                "symmetric operator",
                format!("u·Av equal to Au·v = {b:e} for test vectors {index:?}"),
                format!("{a:e}"),
            ));
        }
    }
    Ok(())
}
