"""Exact Hessians of graphs beside jitted JAX, both sides in one run with the same number of threads.

    python benches/peers/graph.py DRIVER [--threads 1] [--share 0.1] [--objects N] [NAME ...]

DRIVER is our side: cargo build --release --example graph. JAX takes Hessian-vector products of unit vectors by chunks
(the best of several), convolves by slices and one product (its own convolution under vmap is several times slower),
and does a share of the columns, scaled up; those columns are compared with ours.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

NETS = {  # objects
    "lenet-relu-max": 200, "lenet-tanh-max": 200, "lenet-tanh-average": 200,
    "transformer-1": 64, "transformer-2": 64, "wide": 16,
}

parser = argparse.ArgumentParser()
parser.add_argument("driver")
parser.add_argument("names", nargs="*")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--share", type=float, default=0.1)
parser.add_argument("--objects", type=int)
options = parser.parse_intermixed_args()
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["OMP_NUM_THREADS"] = str(options.threads)
if options.threads == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)


class Take:
    def __init__(self, theta):
        self.theta, self.at = theta, 0

    def __call__(self, *shape):
        size = int(np.prod(shape))
        self.at += size
        return self.theta[self.at - size : self.at].reshape(shape)


def dense(t, x, outputs):
    w, b = t(outputs, x.shape[-1]), t(outputs)
    return x @ w.T + b


def conv(t, x, outputs, k, padding):
    n, channels, height, width = x.shape
    w = t(outputs, channels, k, k)
    x = jnp.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    y, z = height + 2 * padding - k + 1, width + 2 * padding - k + 1
    patches = jnp.stack([x[:, :, a : a + y, b : b + z] for a in range(k) for b in range(k)], 2)
    out = jnp.einsum("hck,nckyx->nhyx", w.reshape(outputs, channels, k * k), patches)
    return out + t(outputs)[:, None, None]


def convolutional(activation, pool, side=28, filters=(4, 8), k=5, padding=0, whole=False):
    def f(theta, x):
        t = Take(theta)
        x = x.reshape(-1, 1, side, side)
        for outputs in filters:
            x = activation(conv(t, x, outputs, k, padding))
            if pool:
                n, c, height, width = x.shape
                x = getattr(x.reshape(n, c, height // 2, 2, width // 2, 2), pool)((3, 5))
        x = x.mean((2, 3)) if whole else x.reshape(len(x), -1)
        return dense(t, x, 10)[:, None]

    return f


def layer_norm(t, x):
    y = (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return y * t(x.shape[-1]) + t(x.shape[-1])


def transformer(blocks, hidden, d=12, heads=2, tokens=16, vocabulary=16):
    def f(theta, x):
        t = Take(theta)
        x = t(vocabulary, d)[x.astype(int)] + t(tokens, d)
        split = lambda a: a.reshape(*a.shape[:2], heads, -1).transpose(0, 2, 1, 3)
        for _ in range(blocks):
            y = layer_norm(t, x)
            q, k, v = (split(dense(t, y, d)) for _ in range(3))
            s = q @ k.transpose(0, 1, 3, 2) / jnp.sqrt(d // heads)
            s = jnp.where(jnp.tril(jnp.ones((tokens, tokens), bool)), s, -jnp.inf)
            x = x + dense(t, (jax.nn.softmax(s) @ v).transpose(0, 2, 1, 3).reshape(x.shape), d)
            y = jax.nn.gelu(dense(t, layer_norm(t, x), hidden), approximate=False)
            x = x + dense(t, y, d)
        return layer_norm(t, x) @ t(vocabulary, d).T

    return f


OUTPUTS = {
    "lenet-relu-max": convolutional(jax.nn.relu, "max"),
    "lenet-tanh-max": convolutional(jnp.tanh, "max"),
    "lenet-tanh-average": convolutional(jnp.tanh, "mean"),
    "wide": convolutional(jnp.tanh, None, 20, (6, 6), 3, 1, True),
    "transformer-1": transformer(1, 48),
    "transformer-2": transformer(2, 24),
}


def jax_seconds(name, problem, ours):
    """Seconds for all columns, by chunk, and the largest difference to ours over the norm of ours."""
    f, x, y, theta = OUTPUTS[name], problem["x"], problem["y"], problem["theta"]

    def loss(theta):
        return -jnp.take_along_axis(jax.nn.log_softmax(f(theta, x)), y[..., None], -1).mean()

    order, found, gap = len(theta), {}, 0.0
    norm = np.linalg.norm(ours)
    for chunk in (4, 8, 16, 32):
        @jax.jit
        def columns(theta, vectors):
            return jax.vmap(lambda v: jax.jvp(jax.grad(loss), (theta,), (v,))[1])(vectors)

        starts = np.arange(0, order - chunk + 1, chunk)
        starts = starts[:: max(1, round(1 / options.share))]
        eye = np.eye(order)
        columns(theta, eye[:chunk]).block_until_ready()
        spent = 0.0
        for start in starts:
            begun = time.process_time() if options.threads == 1 else time.perf_counter()
            part = columns(theta, eye[start : start + chunk]).block_until_ready()
            spent += (time.process_time() if options.threads == 1 else time.perf_counter()) - begun
            gap = max(gap, np.abs(np.asarray(part) - ours[start : start + chunk]).max() / norm)
        found[chunk] = spent / (len(starts) * chunk) * order
    return found, gap


for name in options.names or NETS:
    with tempfile.TemporaryDirectory() as folder:
        saved, matrix = os.path.join(folder, "problem.npz"), os.path.join(folder, "matrix.npy")
        objects = options.objects or NETS[name]
        command = [options.driver, name, str(objects), str(options.threads), saved, matrix]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr)
        report = json.loads(done.stdout)
        seconds, gap = jax_seconds(name, np.load(saved), np.load(matrix))
        # On one thread both sides by processor time, which other programs on the machine disturb least.
        ours = report["cpu_seconds" if options.threads == 1 else "seconds"]
        report |= {"jax": seconds, "gap": gap, "ratio": min(seconds.values()) / min(ours)}
        print(json.dumps(report), flush=True)
