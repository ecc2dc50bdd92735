//! Normalisation over the channels of a position or over groups of channels at all positions.

use super::tensor::Rows;

/// How a tensor falls into groups that are normalised by themselves: objects x positions x channels.
#[derive(Clone, Copy)]
struct Groups {
    objects: usize,
    positions: usize,
    groups: usize,
    channels: usize,
}

impl Groups {
    /// Over the channels alone every position is an object of its own.
    fn new(x: &Rows, groups: Option<usize>) -> Groups {
        match groups {
            None => Groups { objects: x.places(), positions: 1, groups: 1, channels: x.channels },
            Some(groups) => {
                Groups { objects: x.objects, positions: x.positions, groups, channels: x.channels }
            }
        }
    }

    /// Entries of one group.
    fn size(self) -> usize {
        self.positions * self.channels / self.groups
    }

    /// Calls `each` with the number of every (object, group).
    fn count(self) -> usize {
        self.objects * self.groups
    }

    /// Where the entries of a group lie for one row, in stretches of this length.
    fn stretches(
        self,
        group: usize,
        row: usize,
        rows: usize,
    ) -> impl Iterator<Item = std::ops::Range<usize>> + Clone {
        let part = self.channels / self.groups;
        let (object, group) = (group / self.groups, group % self.groups);
        (0..self.positions).map(move |position| {
            let start = ((object * self.positions + position) * rows + row) * self.channels + group * part;
            start..start + part
        })
    }
}

/// Output y and one over the deviation of every (object, group).
pub(super) fn forward(x: &Rows, groups: Option<usize>, centred: bool, epsilon: f64) -> (Rows, Vec<f64>) {
    let layout = Groups::new(x, groups);
    let size = layout.size() as f64;
    let mut y = x.clone();
    let mut inverse = Vec::with_capacity(layout.count());
    for group in 0..layout.count() {
        let stretches = layout.stretches(group, 0, 1);
        if centred {
            let mean = stretches.clone().flat_map(|r| &x.data[r]).sum::<f64>() / size;
            stretches.clone().for_each(|r| y.data[r].iter_mut().for_each(|v| *v -= mean));
        }
        let square = stretches.clone().flat_map(|r| &y.data[r]).map(|v| v * v).sum::<f64>() / size;
        let factor = 1.0 / (square + epsilon).sqrt();
        stretches.for_each(|r| y.data[r].iter_mut().for_each(|v| *v *= factor));
        inverse.push(factor);
    }
    (y, inverse)
}

/// `(g - mean g - y mean(g y)) / s`: the Jacobian is symmetric.
pub(super) fn rows(y: &Rows, inverse: &[f64], groups: Option<usize>, centred: bool, g: &Rows) -> Rows {
    let layout = Groups::new(y, groups);
    let size = layout.size() as f64;
    let mut out = g.clone();
    for (group, inverse) in inverse.iter().enumerate() {
        for row in 0..g.rows {
            let (mut mean, mut along) = (0.0, 0.0);
            for (r, o) in layout.stretches(group, row, g.rows).zip(layout.stretches(group, 0, 1)) {
                for (g, y) in g.data[r].iter().zip(&y.data[o]) {
                    mean += g;
                    along += g * y;
                }
            }
            let (mean, along) = (if centred { mean / size } else { 0.0 }, along / size);
            for (r, o) in layout.stretches(group, row, g.rows).zip(layout.stretches(group, 0, 1)) {
                for (v, y) in out.data[r].iter_mut().zip(&y.data[o]) {
                    *v = (*v - mean - y * along) * inverse;
                }
            }
        }
    }
    out
}

/// `(3 (δ·y) (y·t)/N y - δ~ (y·t) - y (δ~·t) - (δ·y) t~) / (N s²)`, where ~ takes the mean off (if centred).
pub(super) fn bend(
    y: &Rows,
    inverse: &[f64],
    groups: Option<usize>,
    centred: bool,
    delta: &Rows,
    t: &Rows,
) -> Rows {
    let layout = Groups::new(y, groups);
    let size = layout.size() as f64;
    let mut out = t.clone();
    for (group, inverse) in inverse.iter().enumerate() {
        let own = layout.stretches(group, 0, 1);
        let delta_mean =
            if centred { own.clone().flat_map(|r| &delta.data[r]).sum::<f64>() / size } else { 0.0 };
        let delta_y: f64 =
            own.clone().flat_map(|r| delta.data[r.clone()].iter().zip(&y.data[r])).map(|(d, y)| d * y).sum();
        let factor = inverse * inverse / size;
        for row in 0..t.rows {
            let (mut mean, mut y_t, mut delta_t) = (0.0, 0.0, 0.0);
            for (r, o) in layout.stretches(group, row, t.rows).zip(own.clone()) {
                for ((t, y), d) in t.data[r].iter().zip(&y.data[o.clone()]).zip(&delta.data[o]) {
                    mean += t;
                    y_t += y * t;
                    delta_t += (d - delta_mean) * t;
                }
            }
            let mean = if centred { mean / size } else { 0.0 };
            let along_y = 3.0 * delta_y * y_t / size - delta_t;
            for (r, o) in layout.stretches(group, row, t.rows).zip(own.clone()) {
                for ((v, y), d) in out.data[r].iter_mut().zip(&y.data[o.clone()]).zip(&delta.data[o]) {
                    *v = factor * (along_y * y - (d - delta_mean) * y_t - delta_y * (*v - mean));
                }
            }
        }
    }
    out
}
