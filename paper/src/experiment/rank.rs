//! Rank correlation.

/// Spearman's rank correlation: Pearson's of the ranks, equal values sharing their mean rank. None where fewer than
/// two pairs are given or one side is constant.
///
/// ```
/// use hessia_paper::experiment::rank_correlation;
/// assert_eq!(rank_correlation(&[1.0, 2.0, 3.0], &[0.1, 0.2, 0.9]), Some(1.0));
/// assert_eq!(rank_correlation(&[1.0, 2.0], &[5.0, 5.0]), None);
/// ```
pub fn rank_correlation(x: &[f64], y: &[f64]) -> Option<f64> {
    let count = x.len().min(y.len());
    let (x, y) = (ranks(&x[..count]), ranks(&y[..count]));
    let mean = (count as f64 + 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    let scale = (product(&x, &x) * product(&y, &y)).sqrt();
    (scale > 0.0).then(|| product(&x, &y) / scale)
}

/// Ranks from 1.
fn ranks(values: &[f64]) -> Vec<f64> {
    let below = |v: f64| values.iter().filter(|&&other| other < v).count() as f64;
    let equal = |v: f64| values.iter().filter(|&&other| other == v).count() as f64;
    values.iter().map(|&v| below(v) + (equal(v) + 1.0) / 2.0).collect()
}

/// Share of all orders of `values` whose rank correlation with `places` is at least theirs: the chance of such an
/// order, or a better one, where there is none. None for more than eight values.
pub(super) fn chance(places: &[f64], values: &[f64]) -> Option<f64> {
    let observed = rank_correlation(places, values)?;
    if values.len() > 8 {
        return None;
    }
    let (mut all, mut as_good) = (0_usize, 0_usize);
    visit(&mut values.to_vec(), 0, &mut |order| {
        all += 1;
        // A rounding below it is it.
        as_good += usize::from(rank_correlation(places, order).is_some_and(|rho| rho >= observed - 1e-12));
    });
    Some(as_good as f64 / all as f64)
}

fn visit(values: &mut [f64], from: usize, see: &mut impl FnMut(&[f64])) {
    if from + 1 >= values.len() {
        return see(values);
    }
    for next in from..values.len() {
        values.swap(from, next);
        visit(values, from + 1, see);
        values.swap(from, next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_of_known_orders() {
        let places = [1.0, 2.0, 3.0, 4.0, 5.0];
        // 1 - 6 Σ d² / (n (n² - 1)).
        assert_eq!(rank_correlation(&places, &[2.0, 1.0, 3.0, 5.0, 4.0]), Some(1.0 - 6.0 * 4.0 / 120.0));
        assert_eq!(rank_correlation(&places, &[5.0, 4.0, 3.0, 2.0, 1.0]), Some(-1.0));
        // scipy.stats.spearmanr([1, 2, 3, 4], [1, 1, 2, 3]).
        let tied = rank_correlation(&places[..4], &[1.0, 1.0, 2.0, 3.0]);
        assert!((tied.unwrap_or(0.0) - 0.948_683_298_050_513_8).abs() < 1e-15);
    }

    #[test]
    fn chances_of_known_orders() {
        let places = [1.0, 2.0, 3.0, 4.0, 5.0];
        assert_eq!(chance(&places, &places), Some(1.0 / 120.0));
        assert_eq!(chance(&places, &[5.0, 4.0, 3.0, 2.0, 1.0]), Some(1.0));
        // One exchange of neighbours: itself, its three likes, and the perfect order.
        assert_eq!(chance(&places, &[2.0, 1.0, 3.0, 4.0, 5.0]), Some(5.0 / 120.0));
    }
}
