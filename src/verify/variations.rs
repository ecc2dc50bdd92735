//! The same curvature of other data, or of another network: what a candidate may have been computed of instead.

use ndarray::{Array1, Array2, Axis, s};

use super::fault::Fault;
use super::reference::Setting;
use crate::network::bias_name;
use crate::{Activation, Layer, Network, Result, Targets};

/// Every other setting that is tried, with what it would mean; the likelier first. The factor corrects a mean whose
/// number of objects is another.
pub(super) fn variations(setting: &Setting) -> Result<Vec<(Fault, Setting, f64)>> {
    let mut all: Vec<(Fault, Setting, f64)> = Vec::new();
    let x = &setting.data.x;
    for (name, x) in inputs(x) {
        all.push((Fault::Inputs(name.to_string()), setting.with_data(x, setting.data.targets.clone()), 1.0));
    }
    for (name, targets) in targets(&setting.data.targets, setting.net.outputs()) {
        all.push((Fault::Targets(name.to_string()), setting.with_data(x.clone(), targets), 1.0));
    }
    all.extend(dropped(setting));
    all.extend(zero_biases(setting)?);
    all.extend(kinks(setting));
    all.extend(batches(setting));
    all.push((Fault::RoundedToFloat32, rounded(setting)?, 1.0));
    Ok(all)
}

/// Other preparations of the inputs.
fn inputs(x: &Array2<f64>) -> Vec<(&'static str, Array2<f64>)> {
    let affine = |factor: f64, shift: f64| x.mapv(|v| factor * v + shift);
    let mut all = vec![
        ("(x - 0.5) / 0.5", affine(2.0, -1.0)),
        ("(x + 1) / 2", affine(0.5, 0.5)),
        ("x / 255", affine(1.0 / 255.0, 0.0)),
        ("255 x", affine(255.0, 0.0)),
        ("x / 127.5 - 1", affine(1.0 / 127.5, -1.0)),
        ("127.5 (x + 1)", affine(127.5, 127.5)),
        // Mean and deviation of the pixels of MNIST, as they are customary.
        ("(x - 0.1307) / 0.3081", affine(1.0 / 0.3081, -0.1307 / 0.3081)),
        ("0.3081 x + 0.1307", affine(0.3081, 0.1307)),
        ("((x + 1) / 2 - 0.1307) / 0.3081", affine(0.5 / 0.3081, (0.5 - 0.1307) / 0.3081)),
        ("1 - x", affine(-1.0, 1.0)),
        ("-x", affine(-1.0, 0.0)),
    ];
    let count = x.len() as f64;
    let mean = x.sum() / count;
    let deviation = (x.mapv(|v| (v - mean).powi(2)).sum() / count).sqrt();
    all.push(("x - mean of all", affine(1.0, -mean)));
    if deviation > 0.0 {
        all.push(("(x - mean of all) / deviation of all", x.mapv(|v| (v - mean) / deviation)));
    }
    let low = x.iter().copied().fold(f64::INFINITY, f64::min);
    let high = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if high > low {
        all.push(("(x - min) / (max - min)", x.mapv(|v| (v - low) / (high - low))));
    }
    let columns: Array1<f64> = x.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(x.ncols()));
    let centred = x - &columns;
    all.push(("each column minus its mean", centred.clone()));
    let objects = x.nrows() as f64;
    for (name, freedom) in [
        ("each column standardised, deviation by 1/m", objects),
        ("each column standardised, deviation by 1/(m-1)", objects - 1.0),
    ] {
        if freedom >= 1.0 {
            let deviation = centred.map_axis(Axis(0), |c| (c.dot(&c) / freedom).sqrt());
            // A constant column stays zero, as in scikit-learn.
            all.push((name, &centred / &deviation.mapv(|d| if d == 0.0 { 1.0 } else { d })));
        }
    }
    let norms = x.map_axis(Axis(1), |row| row.dot(&row).sqrt()).mapv(|n| if n == 0.0 { 1.0 } else { n });
    all.push(("each object over its norm", x / &norms.insert_axis(Axis(1))));
    all.retain(|(_, other)| other.iter().all(|v| v.is_finite()) && other != x);
    all
}

/// Other targets of the same objects.
fn targets(targets: &Targets, outputs: usize) -> Vec<(&'static str, Targets)> {
    let objects = targets.len();
    let rolled = |by: usize| targets.select(&(0..objects).map(|i| (i + by) % objects).collect::<Vec<_>>());
    let reversed = targets.select(&(0..objects).rev().collect::<Vec<_>>());
    let mut all = match targets {
        Targets::Classes(labels) => {
            let map = |f: &dyn Fn(usize) -> usize| Targets::Classes(labels.mapv(f));
            vec![
                ("labels plus one, the last becoming the first", map(&|y| (y + 1) % outputs)),
                ("labels minus one, the first becoming the last", map(&|y| (y + outputs - 1) % outputs)),
                ("labels plus one, the last kept", map(&|y| (y + 1).min(outputs - 1))),
                ("labels minus one, the first kept", map(&|y| y.saturating_sub(1))),
                ("labels in the opposite order", map(&|y| outputs - 1 - y)),
            ]
        }
        Targets::Values(values) => {
            let columns = |order: Vec<usize>| Targets::Values(values.select(Axis(1), &order));
            vec![
                ("columns shifted by one", columns((0..outputs).map(|k| (k + 1) % outputs).collect())),
                (
                    "columns shifted by minus one",
                    columns((0..outputs).map(|k| (k + outputs - 1) % outputs).collect()),
                ),
                ("columns in the opposite order", columns((0..outputs).rev().collect())),
                ("opposite sign", Targets::Values(-values)),
                ("1 - y", Targets::Values(1.0 - values)),
                ("2 y - 1", Targets::Values(2.0 * values - 1.0)),
                ("all zero", Targets::Values(Array2::zeros(values.dim()))),
            ]
        }
    };
    all.push(("of the next object", rolled(1)));
    all.push(("of the object before", rolled(objects - 1)));
    all.push(("of the objects in the opposite order", reversed));
    let mut kept: Vec<(&'static str, Targets)> = Vec::new();
    for (name, other) in all {
        if other != *targets && kept.iter().all(|(_, known)| *known != other) {
            kept.push((name, other));
        }
    }
    kept
}

/// One-based labels in a one-hot code: the last class has no column, and its objects no loss.
fn dropped(setting: &Setting) -> Option<(Fault, Setting, f64)> {
    let Targets::Classes(labels) = &setting.data.targets else { return None };
    let outputs = setting.net.outputs();
    let rows: Vec<usize> = (0..labels.len()).filter(|&i| labels[i] + 1 < outputs).collect();
    if rows.is_empty() || rows.len() == labels.len() {
        return None;
    }
    let shifted = Targets::Classes(rows.iter().map(|&i| labels[i] + 1).collect());
    let other = setting.with_data(setting.data.x.select(Axis(0), &rows), shifted);
    let factor = setting.normaliser() / other.normaliser();
    let name = "labels plus one, the last without a loss".to_string();
    Some((Fault::Targets(name), other, factor))
}

/// The biases at zero, still with rows and columns of their own.
fn zero_biases(setting: &Setting) -> Result<Option<(Fault, Setting, f64)>> {
    let stripped = without_biases(&setting.net)?.into_iter().next();
    let Some((names, net)) = stripped.filter(|_| setting.net.layers().iter().all(|l| l.bias.is_some()))
    else {
        return Ok(None);
    };
    let net = with_biases(&net)?;
    Ok(Some((Fault::WithoutBiases(names), Setting { net, ..setting.clone() }, 1.0)))
}

/// Another derivative at the kink, where some pre-activation is exactly zero.
fn kinks(setting: &Setting) -> Vec<(Fault, Setting, f64)> {
    let slopes: &[f64] = match setting.net.activation() {
        Activation::Relu => &[1.0, 0.5],
        Activation::LeakyRelu => &[1.0, 0.505],
        _ => &[],
    };
    let z = setting.pre_activations();
    if z[..z.len() - 1].iter().all(|z| z.iter().all(|&v| v != 0.0)) {
        return Vec::new();
    }
    let with = |&slope: &f64| {
        let other = Setting { net: setting.net.clone().with_kink_slope(slope), ..setting.clone() };
        (Fault::KinkSlope(slope), other, 1.0)
    };
    slopes.iter().map(with).collect()
}

/// The first objects alone: one batch, or all batches but an incomplete last one.
fn batches(setting: &Setting) -> Vec<(Fault, Setting, f64)> {
    let objects = setting.data.len();
    let mut counts = vec![1, objects / 2, objects - 1];
    for batch in [2, 4, 8, 10, 16, 20, 32, 50, 64, 100, 128, 200, 256, 500, 512, 1000, 1024] {
        counts.extend([batch, objects / batch * batch]);
    }
    counts.retain(|&count| count > 0 && count < objects);
    counts.sort_unstable();
    counts.dedup();
    let first = |count: usize| {
        let rows: Vec<usize> = (0..count).collect();
        let x = setting.data.x.slice(s![..count, ..]).to_owned();
        (Fault::FirstObjects(count), setting.with_data(x, setting.data.targets.select(&rows)), 1.0)
    };
    counts.into_iter().map(first).collect()
}

fn rounded(setting: &Setting) -> Result<Setting> {
    let single = |v: f64| f64::from(v as f32);
    let theta = setting.net.parameters().mapv(single);
    let mut other = setting.with_data(setting.data.x.mapv(single), setting.data.targets.clone());
    other.net = setting.net.with_parameters(&theta)?;
    Ok(other)
}

/// The network without the biases of some layers, all together or one layer at a time.
pub(super) fn without_biases(net: &Network) -> Result<Vec<(Vec<String>, Network)>> {
    let with: Vec<usize> = (0..net.depth()).filter(|&l| net.layers()[l].bias.is_some()).collect();
    let mut choices = vec![with.clone()];
    if with.len() > 1 {
        choices.extend(with.iter().map(|&l| vec![l]));
    }
    choices.retain(|choice| !choice.is_empty());
    let take = |choice: Vec<usize>| {
        let layers = net.layers().iter().enumerate().map(|(l, layer)| Layer {
            weight: layer.weight.clone(),
            bias: layer.bias.clone().filter(|_| !choice.contains(&l)),
        });
        let names = choice.iter().map(|l| bias_name(*l)).collect();
        Ok((names, Network::new(layers.collect(), net.activation())?))
    };
    choices.into_iter().map(take).collect()
}

/// The network with zero biases where it has none.
pub(super) fn with_biases(net: &Network) -> Result<Network> {
    let layers = net.layers().iter().map(|layer| Layer {
        weight: layer.weight.clone(),
        bias: Some(layer.bias.clone().unwrap_or_else(|| Array1::zeros(layer.outputs()))),
    });
    Network::new(layers.collect(), net.activation())
}
