"""Reference curvature by JAX in float64 on the CPU: writes hessians.npz and hessians.json beside itself.

    python -m venv env && env/bin/pip install -r requirements.txt && env/bin/python hessians.py

Nothing but JAX's own transformations makes the numbers:
    hessian   jax.hessian of the loss
    ggn       vjp of the logits, after the loss's Hessian in the logits, after jvp of the logits
    h_term    jax.hessian of <r, z(theta)> with the residual r = dl/dz held fixed
and hessian = ggn + h_term is asserted here, to 1e-14 of the norm.
Activations are written by PyTorch's definitions: where they differ at a kink from jax.nn, PyTorch counts.
"""

import os

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np

import nets

jax.config.update("jax_enable_x64", True)


def kink(z, above, below):
    """`above(z)` for z > 0, else `below(z)`; each side sees only its own arguments, so no NaN leaks through."""
    return jnp.where(z > 0, above(jnp.where(z > 0, z, 1.0)), below(jnp.where(z > 0, 0.0, z)))


def softplus(z):
    low = jnp.where(z > 20, 0.0, z)
    return jnp.where(z > 20, z, jnp.logaddexp(low, 0.0))


ACTIVATIONS = {
    "relu": lambda z: kink(z, lambda u: u, lambda u: 0.0 * u),
    "leaky-relu": lambda z: kink(z, lambda u: u, lambda u: 0.01 * u),
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
    "softplus": softplus,
    "gelu": lambda z: 0.5 * z * jax.scipy.special.erfc(-z / np.sqrt(2.0)),
    "silu": lambda z: z * jax.nn.sigmoid(z),
    "elu": lambda z: kink(z, lambda u: u, jnp.expm1),
    "identity": lambda z: z,
}


def reference(c):
    x, y, theta = jnp.asarray(c["x"]), jnp.asarray(c["y"]), jnp.asarray(c["theta"])
    objects, outputs = x.shape[0], c["widths"][-1]
    s = ACTIVATIONS[c["activation"]]

    def logits(theta):
        layers = nets.unpack(theta, c["widths"], c["biases"])
        h = x
        for p, (w, b) in enumerate(layers):
            z = h @ w.T + (0.0 if b is None else b)
            h = z if p == len(layers) - 1 else s(z)
        return h

    def loss_of_logits(z):
        if c["loss"] == "cross-entropy":
            terms = -jax.nn.log_softmax(z)[jnp.arange(objects), y]
        elif c["loss"] == "mse":
            terms = (z - y) ** 2
        else:
            terms = jnp.logaddexp(z, 0.0) - y * z
        return terms.sum() if c["reduction"] == "sum" else terms.mean()

    def loss(theta):
        return loss_of_logits(logits(theta))

    hessian = jax.hessian(loss)(theta)
    z, pull = jax.vjp(logits, theta)

    def ggn_column(v):
        push = jax.jvp(logits, (theta,), (v,))[1]
        return pull(jax.jvp(jax.grad(loss_of_logits), (z,), (push,))[1])[0]

    ggn = jax.vmap(ggn_column)(jnp.eye(len(theta))).T
    residual = jax.grad(loss_of_logits)(z)
    h_term = jax.hessian(lambda theta: jnp.sum(residual * logits(theta)))(theta)
    scale = max(np.linalg.norm(hessian), np.linalg.norm(ggn), np.finfo(float).tiny)
    gap = np.abs(hessian - ggn - h_term).max() / scale
    assert gap < 1e-14, (c["name"], gap)
    assert outputs == z.shape[1]
    return {"loss": loss(theta), "gradient": jax.grad(loss)(theta), "hessian": hessian, "ggn": ggn, "h_term": h_term}


if __name__ == "__main__":
    nets.write("hessians", [(c, reference(c)) for c in nets.table()])
