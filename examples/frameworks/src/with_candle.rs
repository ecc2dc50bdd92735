//! candle: gradients keep their graph, so that each of their entries has a gradient of its own.

use std::path::Path;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{Linear, Module, VarBuilder, VarMap, linear};
use ndarray::{Array1, Array2};

use crate::WIDTHS;

pub fn hessian(x: &Array2<f64>, labels: &Array1<usize>, file: &Path) -> Result<Array2<f64>> {
    let device = Device::Cpu;
    let variables = VarMap::new();
    let builder = VarBuilder::from_varmap(&variables, DType::F64, &device);
    let first = linear(WIDTHS[0], WIDTHS[1], builder.pp("fc1"))?;
    let second = linear(WIDTHS[1], WIDTHS[2], builder.pp("fc2"))?;
    variables.save(file)?;

    let (objects, classes) = (x.nrows(), WIDTHS[2]);
    let inputs = Tensor::from_vec(x.iter().copied().collect(), x.dim(), &device)?;
    let one_hot: Vec<f64> =
        labels.iter().flat_map(|&y| (0..classes).map(move |k| f64::from(u8::from(k == y)))).collect();
    let one_hot = Tensor::from_vec(one_hot, (objects, classes), &device)?;
    let logits = second.forward(&first.forward(&inputs)?.tanh()?)?;
    let log_p = candle_nn::ops::log_softmax(&logits, 1)?;
    let loss = ((log_p * one_hot)?.sum_all()? * (-1.0 / objects as f64))?;

    let parameters = parameters(&first, &second);
    let gradients = loss.backward()?;
    let gradient =
        parameters.iter().map(|p| gradients.get(p).map_or_else(|| p.zeros_like(), |g| Ok(g.clone())));
    let gradient = gradient.map(|g| g?.flatten_all()).collect::<Result<Vec<_>>>()?;
    let gradient = Tensor::cat(&gradient, 0)?;
    let order = gradient.elem_count();
    let mut hessian = Array2::zeros((order, order));
    for i in 0..order {
        let second = gradient.get(i)?.backward()?;
        let mut row = Vec::with_capacity(order);
        for parameter in &parameters {
            match second.get(parameter) {
                Some(part) => row.extend(part.flatten_all()?.to_vec1::<f64>()?),
                None => row.extend(vec![0.0; parameter.elem_count()]),
            }
        }
        hessian.row_mut(i).assign(&Array1::from(row));
    }
    Ok(hessian)
}

/// In PyTorch's order, which the names of the variables do not keep.
fn parameters<'a>(first: &'a Linear, second: &'a Linear) -> Vec<&'a Tensor> {
    let both = [first, second].into_iter();
    both.flat_map(|layer| std::iter::once(layer.weight()).chain(layer.bias())).collect()
}
