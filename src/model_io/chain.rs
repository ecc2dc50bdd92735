//! From the arrays of a file to the layers of a network: which belong together, and in which order.

use std::collections::BTreeMap;
use std::path::Path;

use super::WeightLayout;
use super::names::{Kind, Name};
use super::order::{self, Orders};
use crate::{Error, Layer, Result};

/// One array of a file, its entries not yet read.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: Name,
    pub(super) shape: Vec<usize>,
}

impl Entry {
    /// Refuses a weight that is no matrix and a bias that is no vector: what was expected.
    pub(super) fn check_rank(&self) -> std::result::Result<(), &'static str> {
        match (self.name.kind, self.shape.len()) {
            (Kind::Weight, 2) | (Kind::Bias, 1) => Ok(()),
            (Kind::Weight, _) => Err("a matrix (outputs, inputs)"),
            (Kind::Bias, _) => Err("a vector (outputs)"),
        }
    }
}

/// What is known of the order and the layout beyond names and shapes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hints {
    /// What the caller says.
    pub(super) layout: Option<WeightLayout>,
    /// The writer's own layout is (inputs, outputs), but it can write the other too.
    pub(super) burn: bool,
    /// The arrays stand in the file in an order that somebody chose.
    pub(super) file_order: bool,
}

/// The layers of a network as places in a file, input side first.
#[derive(Debug)]
pub(super) struct Chain {
    /// Numbers of the weight and of the bias among the file's arrays.
    pub(super) layers: Vec<(usize, Option<usize>)>,
    pub(super) layout: WeightLayout,
    /// What the reader should be told.
    pub(super) notes: Vec<String>,
}

impl Chain {
    /// Reads the arrays of every layer by `read`, which takes their number in the file.
    pub(super) fn read(
        &self,
        path: &Path,
        mut read: impl FnMut(usize) -> Result<ndarray::ArrayD<f64>>,
    ) -> Result<Vec<Layer>> {
        // Ranks were checked with the shapes.
        let rank = |e: ndarray::ShapeError| Error::format(path, "matrices and vectors", e.to_string());
        let mut layers = Vec::with_capacity(self.layers.len());
        for &(weight, bias) in &self.layers {
            let weight = read(weight)?.into_dimensionality::<ndarray::Ix2>().map_err(rank)?;
            let weight = match self.layout {
                WeightLayout::OutIn => weight,
                WeightLayout::InOut => weight.reversed_axes().as_standard_layout().into_owned(),
            };
            let bias = match bias {
                Some(bias) => Some(read(bias)?.into_dimensionality::<ndarray::Ix1>().map_err(rank)?),
                None => None,
            };
            layers.push(Layer { weight, bias });
        }
        Ok(layers)
    }
}

/// Weight and bias of one layer.
#[derive(Debug)]
struct Unit<'a> {
    weight: (usize, &'a Entry),
    bias: Option<(usize, &'a Entry)>,
}

impl Unit<'_> {
    /// (inputs, outputs) of its weight.
    fn widths(&self, layout: WeightLayout) -> (usize, usize) {
        let shape = &self.weight.1.shape;
        match layout {
            WeightLayout::OutIn => (shape[1], shape[0]),
            WeightLayout::InOut => (shape[0], shape[1]),
        }
    }
}

/// Puts weights and biases together, in the order of their layers, and checks that their shapes follow on each
/// other.
///
/// Where names differ in their numbers alone, the numbers are the order. Elsewhere it is the order that shapes,
/// numbers and the nesting of modules leave; where they leave several, that of the file if somebody chose it.
pub(super) fn arrange(path: &Path, entries: &[Entry], hints: Hints) -> Result<Chain> {
    let units = units(path, entries)?;
    let attempt = |layout| in_layout(path, &units, layout, hints.file_order);
    match hints.layout {
        Some(layout) => attempt(layout),
        None => match (attempt(WeightLayout::OutIn), attempt(WeightLayout::InOut)) {
            (Ok(_), Ok(_)) if hints.burn => Err(Error::format(
                path,
                "weights whose shapes tell their layout, or to be told it (--weights in-out is burn's own, out-in \
                 PyTorch's)",
                "weights written by burn that fit together both ways",
            )),
            (Ok(chain), _) | (Err(_), Ok(chain)) => Ok(chain),
            (Err(e), Err(_)) => Err(e),
        },
    }
}

fn units<'a>(path: &Path, entries: &'a [Entry]) -> Result<Vec<Unit<'a>>> {
    type Slot<'a> = Option<(usize, &'a Entry)>;
    let mut layers: BTreeMap<&str, (Slot<'a>, Slot<'a>)> = BTreeMap::new();
    for (i, entry) in entries.iter().enumerate() {
        let layer = layers.entry(entry.name.layer()).or_default();
        let slot = if entry.name.kind == Kind::Weight { &mut layer.0 } else { &mut layer.1 };
        if slot.replace((i, entry)).is_some() {
            return Err(Error::format(path, "one array of each name", format!("two of {}", entry.name.full)));
        }
    }
    if layers.is_empty() {
        return Err(Error::format(path, "weights and biases", "no array: 0 weights"));
    }
    let weights = || {
        let all = entries.iter().filter(|e| e.name.kind == Kind::Weight);
        listed(all.map(|e| e.name.full.clone()))
    };
    let mut units = Vec::with_capacity(layers.len());
    for (weight, bias) in layers.into_values() {
        let weight = weight.ok_or_else(|| {
            let bias = bias.map_or("", |(_, bias)| &bias.name.full);
            Error::format(path, format!("a weight beside {bias}"), format!("none among {}", weights()))
        })?;
        units.push(Unit { weight, bias });
    }
    // By numbers: 10 after 2.
    units.sort_by(|a, b| {
        let (a, b) = (&a.weight.1.name, &b.weight.1.name);
        (&a.pattern, &a.numbers, &a.full).cmp(&(&b.pattern, &b.numbers, &b.full))
    });
    for pair in units.windows(2) {
        let (a, b) = (&pair[0].weight.1.name, &pair[1].weight.1.name);
        if (&a.pattern, &a.numbers) == (&b.pattern, &b.numbers) {
            let found = format!("{} beside {}", b.full, a.full);
            return Err(Error::format(path, "one array of each number", found));
        }
    }
    Ok(units)
}

/// The chain in one layout of the weights, or why there is none.
fn in_layout(path: &Path, units: &[Unit<'_>], layout: WeightLayout, file_order: bool) -> Result<Chain> {
    for unit in units {
        let (weight, outputs) = (unit.weight.1, unit.widths(layout).1);
        if let Some((_, bias)) = unit.bias
            && bias.shape[0] != outputs
        {
            let (name, weight, shape) = (&bias.name.full, &weight.name.full, &weight.shape);
            let what = format!("{}: {name} beside {weight} of shape {shape:?}", path.display());
            return Err(Error::shape(what, &[outputs], &bias.shape));
        }
    }
    let mut notes = Vec::new();
    if layout == WeightLayout::InOut {
        notes.push(format!("{}: weights of shape (inputs, outputs) read transposed", path.display()));
    }
    let one_pattern = units.windows(2).all(|u| u[0].weight.1.name.pattern == u[1].weight.1.name.pattern);
    let order: Vec<usize> = if one_pattern {
        check_widths(path, units, layout)?;
        (0..units.len()).collect()
    } else {
        let order = by_shapes(path, units, layout, file_order)?;
        let names = order.iter().map(|&u| units[u].weight.1.name.layer().to_string());
        notes.push(format!("{}: layers in the order {}", path.display(), listed(names)));
        order
    };
    let layers = order.iter().map(|&u| (units[u].weight.0, units[u].bias.map(|(bias, _)| bias))).collect();
    Ok(Chain { layers, layout, notes })
}

fn check_widths(path: &Path, units: &[Unit<'_>], layout: WeightLayout) -> Result<()> {
    for pair in units.windows(2) {
        let ((_, before), (inputs, outputs)) = (pair[0].widths(layout), pair[1].widths(layout));
        if before != inputs {
            let (first, then) = (pair[0].weight.1, pair[1].weight.1);
            let what = format!(
                "{}: {} after {} of shape {:?}",
                path.display(),
                then.name.full,
                first.name.full,
                first.shape
            );
            let expected = match layout {
                WeightLayout::OutIn => [outputs, before],
                WeightLayout::InOut => [before, outputs],
            };
            return Err(Error::shape(what, &expected, &then.shape));
        }
    }
    Ok(())
}

fn by_shapes(path: &Path, units: &[Unit<'_>], layout: WeightLayout, file_order: bool) -> Result<Vec<usize>> {
    let nodes: Vec<_> = units
        .iter()
        .map(|unit| {
            let name = &unit.weight.1.name;
            let (inputs, outputs) = unit.widths(layout);
            order::Node { layer: name.layer(), pattern: &name.pattern, inputs, outputs }
        })
        .collect();
    let names = |order: &[usize]| listed(order.iter().map(|&u| units[u].weight.1.name.layer().to_string()));
    match order::orders(&nodes) {
        Orders::One(order) => Ok(order),
        Orders::None => {
            let shapes = units.iter().map(|u| format!("{} {:?}", u.weight.1.name.full, u.weight.1.shape));
            let expected = "layers whose widths follow on each other, numbers in ascending order";
            Err(Error::format(path, expected, listed(shapes)))
        }
        Orders::Several(first, second) => {
            let mut filed: Vec<usize> = (0..units.len()).collect();
            filed.sort_by_key(|&u| units[u].weight.0);
            // Sorted names are nobody's choice of an order.
            let sorted = filed.is_sorted_by_key(|&u| &units[u].weight.1.name.full);
            if file_order && !sorted && order::allowed(&nodes, &filed) {
                return Ok(filed);
            }
            let expected = "layers whose order shapes or numbers tell (as in fc1, fc2)";
            let found = format!("at least two orders that fit: {}; and {}", names(&first), names(&second));
            Err(Error::format(path, expected, found))
        }
        Orders::TooMany => {
            let found = format!("{} layers named and shaped without order", units.len());
            Err(Error::format(path, "layers whose order shapes or numbers tell", found))
        }
    }
}

/// Names with commas between them, the first eight.
fn listed(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<String> = names.map(|name| name.chars().take(120).collect()).collect();
    let more = names.len().saturating_sub(8);
    names.truncate(8);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    names.join(", ") + &more
}
