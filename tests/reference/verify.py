"""Hessians and Fisher matrices as other libraries give them, for `hessia verify`: writes verify/NAME.npz and verify.json.

    python -m venv env && env/bin/pip install -r requirements.txt && env/bin/python verify.py

Each file holds a net under its state-dict names, X, y, and the matrices
    torch            torch.func.hessian of the loss in the flat parameters, float64
    torch_float32    the same in float32
    jax              jax.hessian in the same order of parameters, float64
    jax_pytree       jax.hessian by ravel_pytree of [{"w": inputs x outputs, "b": ...}, ...], as JAX users have it
    curvlinops_ggn   GGNLinearOperator times the identity, float64
    curvlinops_ef    EFLinearOperator times the identity
    curvlinops_mc    FisherMCLinearOperator with 50 labels drawn for each object (cross-entropy alone)
"""

import json
import os
from pathlib import Path

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np
import torch
from curvlinops import EFLinearOperator, FisherMCLinearOperator, GGNLinearOperator
from jax.flatten_util import ravel_pytree
from torch import nn

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)
FOLDER = Path(__file__).parent
MODULES = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU, "sigmoid": nn.Sigmoid, "silu": nn.SiLU}
JAX = {
    "relu": jax.nn.relu,
    "tanh": jnp.tanh,
    "gelu": lambda z: jax.nn.gelu(z, approximate=False),
    "sigmoid": jax.nn.sigmoid,
    "silu": jax.nn.silu,
}
LOSSES = {"cross-entropy": nn.CrossEntropyLoss(), "mse": nn.MSELoss(), "bce": nn.BCEWithLogitsLoss()}
NETS = [
    ("relu_classifier", [4, 4, 3, 3], True, "relu", "cross-entropy", 20, 100),
    ("tanh_classifier", [5, 4, 3], True, "tanh", "cross-entropy", 30, 0),
    ("gelu_regression", [4, 5, 2], True, "gelu", "mse", 15, 50),
    ("sigmoid_attributes", [4, 3, 3, 2], True, "sigmoid", "bce", 25, 20),
    ("relu_without_biases", [6, 4, 3, 4], False, "relu", "cross-entropy", 40, 60),
]


def problem(seed, widths, biases, activation, loss, objects, steps):
    """A net after a few steps of Adam, with its data."""
    torch.manual_seed(seed)
    modules = []
    for n, h in zip(widths, widths[1:]):
        modules += [nn.Linear(n, h, bias=biases), MODULES[activation]()]
    net = nn.Sequential(*modules[:-1])
    x = torch.randn(objects, widths[0])
    if loss == "cross-entropy":
        y = torch.randint(widths[-1], (objects,))
    elif loss == "mse":
        y = torch.randn(objects, widths[-1])
    else:
        y = torch.randint(2, (objects, widths[-1])).double()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    for _ in range(steps):
        optimizer.zero_grad()
        LOSSES[loss](net(x), y).backward()
        optimizer.step()
    return net, x, y


def by_torch(net, x, y, loss, dtype):
    net = net.to(dtype)
    x = x.to(dtype)
    y = y if y.dtype == torch.int64 else y.to(dtype)
    names, shapes = zip(*[(n, p.shape) for n, p in net.named_parameters()])
    theta = torch.cat([p.detach().flatten() for p in net.parameters()])

    def value(theta):
        parts = torch.split(theta, [s.numel() for s in shapes])
        parameters = {n: p.reshape(s) for n, p, s in zip(names, parts, shapes)}
        return LOSSES[loss](torch.func.functional_call(net, parameters, (x,)), y)

    result = torch.func.hessian(value)(theta).numpy()
    net.to(torch.float64)
    return result


def jax_loss(loss, z, y):
    if loss == "cross-entropy":
        return -jnp.mean(jax.nn.log_softmax(z)[jnp.arange(len(y)), y])
    if loss == "mse":
        return jnp.mean((z - y) ** 2)
    return jnp.mean(jnp.logaddexp(z, 0.0) - y * z)


def by_jax(net, x, y, activation, loss):
    linear = [m for m in net if isinstance(m, nn.Linear)]
    x, y = jnp.asarray(x.numpy()), jnp.asarray(y.numpy())

    def forward(layers):
        h = x
        for p, layer in enumerate(layers):
            z = h @ layer["w"] + layer.get("b", 0.0)
            h = z if p == len(layers) - 1 else JAX[activation](z)
        return jax_loss(loss, h, y)

    layers = [{"w": jnp.asarray(m.weight.detach().numpy().T)} for m in linear]
    for layer, m in zip(layers, linear):
        if m.bias is not None:
            layer["b"] = jnp.asarray(m.bias.detach().numpy())
    flat, unravel = ravel_pytree(layers)
    pytree = jax.hessian(lambda theta: forward(unravel(theta)))(flat)

    # PyTorch's order: weights outputs x inputs, then biases.
    def ours(theta):
        layers, at = [], 0
        for m in linear:
            (h, n) = m.weight.shape
            layer = {"w": theta[at : at + h * n].reshape(h, n).T}
            at += h * n
            if m.bias is not None:
                layer["b"] = theta[at : at + h]
                at += h
            layers.append(layer)
        return forward(layers)

    theta = jnp.asarray(torch.cat([p.detach().flatten() for p in net.parameters()]).numpy())
    return np.asarray(jax.hessian(ours)(theta)), np.asarray(pytree)


def by_curvlinops(net, x, y, loss):
    parameters = list(net.parameters())

    def whole(kind, **more):
        operator = kind(net, LOSSES[loss], parameters, [(x, y)], check_deterministic=False, **more)
        return (operator @ torch.eye(operator.shape[1])).detach().numpy()

    results = {"curvlinops_ggn": whole(GGNLinearOperator), "curvlinops_ef": whole(EFLinearOperator)}
    if loss == "cross-entropy":
        results["curvlinops_mc"] = whole(FisherMCLinearOperator, mc_samples=50)
    return results


def main():
    (FOLDER / "verify").mkdir(exist_ok=True)
    index = []
    for seed, (name, widths, biases, activation, loss, objects, steps) in enumerate(NETS):
        net, x, y = problem(seed, widths, biases, activation, loss, objects, steps)
        arrays = {k: v.detach().numpy() for k, v in net.state_dict().items()}
        arrays |= {"X": x.numpy(), "y": y.numpy()}
        arrays["torch"] = by_torch(net, x, y, loss, torch.float64)
        # The parameters are rounded to float32 there: a copy.
        copy, *_ = problem(seed, widths, biases, activation, loss, objects, steps)
        arrays["torch_float32"] = by_torch(copy, x, y, loss, torch.float32)
        arrays["jax"], arrays["jax_pytree"] = by_jax(net, x, y, activation, loss)
        arrays |= by_curvlinops(net, x, y, loss)
        np.savez_compressed(FOLDER / "verify" / f"{name}.npz", **arrays)
        index.append({"name": name, "activation": activation, "loss": loss, "biases": biases})
    (FOLDER / "verify.json").write_text(json.dumps(index, indent=1) + "\n")


main()
