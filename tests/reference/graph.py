"""Reference curvature of graphs by JAX in float64 on the CPU: writes graph.npz beside itself.

    python -m venv env && env/bin/pip install -r requirements.txt && env/bin/python graph.py

The networks are written here once more, from their definitions; parameters, data and labels are formulas, so that
nothing but results is stored. Of every matrix: its diagonal and its products with four vectors u_k = cos((j + 1) k).
    h    jax.hessian of the loss
    g    vjp of the outputs, after the loss's Hessian in the outputs, after jvp of the outputs
and the H-term is asserted to be their difference, to 1e-13 of the norm.
"""

import os

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

jax.config.update("jax_enable_x64", True)


class Take:
    """Cuts theta into arrays, one after the other."""

    def __init__(self, theta):
        self.theta, self.at = theta, 0

    def __call__(self, *shape):
        size = int(np.prod(shape))
        self.at += size
        return self.theta[self.at - size : self.at].reshape(shape)


def gelu(x):
    return 0.5 * x * jax.scipy.special.erfc(-x / np.sqrt(2.0))


def silu(x):
    return x * jax.nn.sigmoid(x)


def dense(t, x, outputs):
    w, b = t(outputs, x.shape[-1]), t(outputs)
    return x @ w.T + b


def conv(t, x, outputs, kernel, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1, bias=True):
    w = t(outputs, x.shape[1] // groups, *kernel)
    pads = [(p, p) for p in padding]
    z = lax.conv_general_dilated(x, w, stride, pads, rhs_dilation=dilation, feature_group_count=groups)
    return z + t(outputs)[:, None, None] if bias else z


def max_pool(x, size, stride):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, size, size), (1, 1, stride, stride), "VALID")


def mean_pool(x, size):
    window = (1, 1, size, size)
    return lax.reduce_window(x, 0.0, lax.add, window, window, "VALID") / size**2


def normal(x, epsilon=1e-5):
    return (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + epsilon)


def layer_norm(t, x):
    y = normal(x)
    return y * t(x.shape[-1]) + t(x.shape[-1])


def group_norm(t, x, groups):
    y = normal(x.reshape(len(x), groups, -1)).reshape(x.shape)
    gain, shift = t(x.shape[1]), t(x.shape[1])
    return y * gain[:, None, None] + shift[:, None, None]


def attention(t, x, heads, causal):
    n, tokens, channels = x.shape
    split = lambda a: a.reshape(n, tokens, heads, -1).transpose(0, 2, 1, 3)
    q, k, v = (split(dense(t, x, channels)) for _ in range(3))
    scores = q @ k.transpose(0, 1, 3, 2) / jnp.sqrt(channels / heads)
    if causal:
        scores = jnp.where(jnp.tril(jnp.ones((tokens, tokens), bool)), scores, -jnp.inf)
    mixed = (jax.nn.softmax(scores) @ v).transpose(0, 2, 1, 3).reshape(x.shape)
    return dense(t, mixed, channels)


def lenet(t, x):
    x = x.reshape(-1, 1, 12, 12)
    x = max_pool(jnp.tanh(conv(t, x, 2, (3, 3))), 2, 2)
    x = max_pool(jnp.tanh(conv(t, x, 3, (3, 3))), 2, 2)
    return dense(t, x.reshape(len(x), -1), 4)


def residual(t, x):
    x = x.reshape(-1, 2, 6, 5)
    u = conv(t, x, 4, (3, 3), padding=(1, 1))
    y = silu(group_norm(t, u, 2))
    y = conv(t, y, 4, (3, 1), stride=(1, 1), padding=(2, 0), dilation=(2, 1), groups=4)
    x = y + u
    s = jax.nn.sigmoid(dense(t, x.mean((2, 3)), 4))
    x = mean_pool(x[:, :, :, :4] * s[:, :, None, None], 2)
    return dense(t, x.mean((2, 3)), 3)


def transformer(t, x):
    table = t(5, 4)
    x = table[x.astype(int)] + t(4, 4)
    for _ in range(2):
        x = x + attention(t, layer_norm(t, x), 2, True)
        x = x + dense(t, gelu(dense(t, layer_norm(t, x), 6)), 4)
    return layer_norm(t, x) @ table.T


def recurrent(t, x):
    """A gated recurrence over four steps, weights shared by all of them."""
    x = x.reshape(-1, 4, 2)
    wz, uz, bz, wh, uh, bh = t(3, 2), t(3, 3), t(3), t(3, 2), t(3, 3), t(3)
    state = jnp.zeros((len(x), 3))
    for step in range(4):
        z = jax.nn.sigmoid(x[:, step] @ wz.T + bz + state @ uz.T)
        h = jnp.tanh(x[:, step] @ wh.T + bh + state @ uh.T)
        state = (1 - z) * state + z * h
    return dense(t, state, 2)


def cross_entropy(z, y):
    return -jnp.take_along_axis(jax.nn.log_softmax(z), y[..., None], -1).mean()


def squares(z, y):
    return ((z - y) ** 2).mean()


def wave(objects, size):
    n, e = np.arange(objects)[:, None], np.arange(size)
    return 1.3 * np.cos(0.9 * (n * size + e) + 0.4)


def case(name):
    if name == "lenet":
        return lenet, wave(3, 144), np.arange(3) % 4, cross_entropy
    if name == "residual":
        return residual, wave(2, 60), np.arange(2) % 3, cross_entropy
    if name == "transformer":
        n, t = np.arange(2)[:, None], np.arange(4)
        return transformer, (3 * n + 2 * t) % 5 * 1.0, (n + t * t) % 5, cross_entropy
    return recurrent, wave(3, 8), np.abs(np.sin(2.3 * np.arange(6))).reshape(3, 2), squares


def reference(name):
    f, x, y, loss = case(name)
    counted = Take(jnp.zeros(10_000))
    f(counted, x)
    order = counted.at
    theta = 0.6 * np.sin(1.7 * np.arange(order) + 0.3)

    def outputs(theta):
        return f(Take(theta), x)

    value, gradient = jax.value_and_grad(lambda t: loss(outputs(t), y))(theta)
    h = jax.hessian(lambda t: loss(outputs(t), y))(theta)
    z, pull = jax.vjp(outputs, theta)
    slope = jax.grad(lambda z: loss(z, y))

    def column(v):
        push = jax.jvp(outputs, (theta,), (v,))[1]
        return pull(jax.jvp(slope, (z,), (push,))[1])[0]

    g = jax.vmap(column)(jnp.eye(order))
    r = slope(z)
    rest = jax.hessian(lambda t: jnp.vdot(r, outputs(t)))(theta)
    assert np.abs(h - g - rest).max() <= 1e-13 * np.linalg.norm(h), name
    vectors = np.cos(np.arange(1, 5) * np.arange(order)[:, None])
    found = {"loss": np.array([value]), "gradient": gradient}
    for key, matrix in (("h", h), ("g", g)):
        found |= {f"{key}_diagonal": np.diag(matrix), f"{key}_products": matrix @ vectors}
        found |= {f"{key}_norm": np.array([np.linalg.norm(matrix)])}
    return {f"{name}/{key}": np.asarray(array, dtype=np.float64) for key, array in found.items()}


if __name__ == "__main__":
    arrays = {}
    for name in ("lenet", "residual", "transformer", "recurrent"):
        arrays |= reference(name)
    np.savez_compressed(os.path.join(os.path.dirname(os.path.abspath(__file__)), "graph.npz"), **arrays)
