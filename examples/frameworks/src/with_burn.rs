//! burn: automatic differentiation of automatic differentiation.

use std::error::Error;
use std::path::Path;

use burn::backend::{Autodiff, NdArray};
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::{log_softmax, tanh};
use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};
use burn_store::{ModuleSnapshot, SafetensorsStore};
use ndarray::{Array1, Array2};

use crate::WIDTHS;

type Plain = NdArray<f64>;
type Once = Autodiff<Plain>;
type Twice = Autodiff<Once>;

#[derive(Module, Debug)]
struct Mlp<B: Backend> {
    fc1: Linear<B>,
    fc2: Linear<B>,
}

pub fn hessian(x: &Array2<f64>, labels: &Array1<usize>, file: &Path) -> Result<Array2<f64>, Box<dyn Error>> {
    let device = Default::default();
    Plain::seed(&device, 1);
    let model: Mlp<Plain> = Mlp {
        fc1: LinearConfig::new(WIDTHS[0], WIDTHS[1]).init(&device),
        fc2: LinearConfig::new(WIDTHS[1], WIDTHS[2]).init(&device),
    };
    model.save_into(&mut SafetensorsStore::from_file(file)).map_err(|e| format!("{e:?}"))?;

    let mut values: Vec<Tensor<Plain, 1>> = Vec::new();
    for layer in [&model.fc1, &model.fc2] {
        values.push(layer.weight.val().flatten(0, 1));
        values.extend(layer.bias.as_ref().map(|bias| bias.val()));
    }
    let values = Tensor::cat(values, 0);
    let order = values.dims()[0];
    let mut hessian = Array2::zeros((order, order));
    for i in 0..order {
        // A backward pass uses its graph up, so that every row has one of its own.
        let theta: Tensor<Once, 1> = Tensor::from_inner(values.clone()).require_grad();
        let outer: Tensor<Twice, 1> = Tensor::from_inner(theta.clone()).require_grad();
        let gradients = loss(&outer, x, labels).backward();
        let gradient: Tensor<Once, 1> = outer.grad(&gradients).ok_or("no gradient")?;
        let second = gradient.slice([i..i + 1]).backward();
        let row = theta.grad(&second).ok_or_else(|| format!("no gradient of entry {i} of the gradient"))?;
        let row = row.into_data().to_vec::<f64>().map_err(|e| format!("{e:?}"))?;
        hessian.row_mut(i).assign(&Array1::from(row));
    }
    Ok(hessian)
}

/// The mean cross-entropy; weights lie inputs first, as burn keeps them.
fn loss(theta: &Tensor<Twice, 1>, x: &Array2<f64>, labels: &Array1<usize>) -> Tensor<Twice, 1> {
    let device = theta.device();
    let matrix = |values: Vec<f64>, shape: [usize; 2]| {
        Tensor::<Twice, 2>::from_data(TensorData::new(values, shape), &device)
    };
    let classes = WIDTHS[2];
    let one_hot = labels.iter().flat_map(|&y| (0..classes).map(move |k| f64::from(u8::from(k == y))));
    let one_hot = matrix(one_hot.collect(), [x.nrows(), classes]);
    let mut h = matrix(x.iter().copied().collect(), [x.nrows(), x.ncols()]);
    let mut at = 0;
    for (l, pair) in WIDTHS.windows(2).enumerate() {
        let mut take = |count: usize| {
            at += count;
            theta.clone().slice([at - count..at])
        };
        let weight = take(pair[0] * pair[1]).reshape([pair[0], pair[1]]);
        let bias = take(pair[1]).reshape([1, pair[1]]);
        h = if l > 0 { tanh(h) } else { h }.matmul(weight) + bias;
    }
    (log_softmax(h, 1) * one_hot).sum() * (-1.0 / x.nrows() as f64)
}
