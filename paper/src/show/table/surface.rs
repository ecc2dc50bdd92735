//! Figure 1 as a table.

use polars::prelude::{DataFrame, IntoColumn, NamedFrom, Series};

use crate::theory::Surface;
use hessia::Result;

/// One row a point of the grid and k: `a`, `b`, `k`, `loss` (`L_k`), `difference` (`L_{k+1} - L_k`), `magnitude`.
///
/// # Errors
/// As [`Surface::difference`].
///
/// ```
/// use hessia_paper::theory::{Plane, Surface};
/// use hessia::{Activation, Dataset, Loss, Network, Targets, table::surface_table};
/// use ndarray::{Array2, array};
/// let net = Network::random(&[3, 2], false, Activation::Identity, 1)?;
/// let data = Dataset::new("toy", Array2::eye(3), Targets::Classes(array![0, 1, 1]))?;
/// let surface = Surface::new(&net, &data, Loss::cross_entropy(), &Plane::axes(&net, 0, 1)?, 1.0, 5)?;
/// assert_eq!(surface_table(&surface, &[1, 2])?.height(), 2 * 25);
/// # Ok::<(), hessia::Error>(())
/// ```
pub fn surface_table(surface: &Surface, objects: &[usize]) -> Result<DataFrame> {
    let (mut a, mut b, mut k) = (Vec::new(), Vec::new(), Vec::new());
    let (mut loss, mut difference) = (Vec::new(), Vec::new());
    for &count in objects {
        let (mean, gap) = (surface.mean_loss(count)?, surface.difference(count)?);
        for ((i, j), &value) in mean.indexed_iter() {
            a.push(surface.a[i]);
            b.push(surface.b[j]);
            k.push(count);
            loss.push(value);
            difference.push(gap[[i, j]]);
        }
    }
    let magnitude: Vec<f64> = difference.iter().map(|v: &f64| v.abs()).collect();
    hessia::table::frame(vec![
        Series::new("a".into(), a).into_column(),
        Series::new("b".into(), b).into_column(),
        Series::new("k".into(), hessia::table::integers(k)).into_column(),
        Series::new("loss".into(), loss).into_column(),
        Series::new("difference".into(), difference).into_column(),
        Series::new("magnitude".into(), magnitude).into_column(),
    ])
}
