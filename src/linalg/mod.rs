//! The only place that speaks to BLAS and LAPACK: threads, symmetric eigenproblems, shared tiles.

mod cholesky;
mod dense;
mod eigen;
mod inertia;
mod rate;
mod shared;
mod singular;
mod system;
mod threads;
mod tiled;

pub(crate) use cholesky::solve_shifted;
pub use dense::matmul;
pub(crate) use dense::{entries, entries_mut};
pub use eigen::symmetric_eigenvalues;
pub(crate) use eigen::{symmetric_eigen, symmetric_eigen_range};
pub(crate) use inertia::count_above;
pub use rate::dgemm_rate;
pub(crate) use shared::{SharedMatrix, zeros};
pub(crate) use singular::largest_magnitude;
pub use singular::{euclidean_norm, spectral_norm};
pub use system::{available_memory, blas_name, peak_memory};
pub(crate) use threads::{one_thread, threads_here, whole_machine};
pub use threads::{set_threads, side_by_side, threads, workers};
pub(crate) use tiled::{tall_add, tall_gram, tiled};
