"""Full Hessian by JAX, jitted: one compiled vmap over a chunk of identity columns of jvp of grad."""

import os
import sys
import time

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np

from measuring import arguments, difference, load, peak_memory, say, timed, unpacker

jax.config.update("jax_enable_x64", True)
ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh}


def main():
    problem, ours, chunk, repeats = arguments()
    inputs, labels, weights, activation = load(problem)
    x, y = jnp.asarray(inputs), jnp.asarray(labels)
    theta = jnp.concatenate([jnp.asarray(w).reshape(-1) for w in weights])
    unpack, s = unpacker([w.shape for w in weights]), ACTIVATIONS[activation]

    def loss(theta):
        h, layers = x, unpack(theta)
        for w in layers[:-1]:
            h = s(h @ w.T)
        return -jax.nn.log_softmax(h @ layers[-1].T)[jnp.arange(len(y)), y].mean()

    order = len(theta)
    before = peak_memory()

    @jax.jit
    def columns(first):
        # A last chunk that goes past the order computes columns of zeros: at most one chunk too many.
        v = (first + jnp.arange(chunk))[:, None] == jnp.arange(order)[None, :]
        return jax.vmap(lambda v: jax.jvp(jax.grad(loss), (theta,), (v,))[1])(v.astype(jnp.float64))

    def hessian(report=None):
        matrix, start = np.empty((order, order)), time.perf_counter()
        for first in range(0, order, chunk):
            last = min(first + chunk, order)
            matrix[first:last] = columns(first)[:last - first]
            if report is not None:
                report(last, time.perf_counter() - start)
        return matrix

    start = time.perf_counter()
    columns(0).block_until_ready()
    compiled = time.perf_counter() - start
    if repeats == 0:
        seconds, _ = timed(lambda: columns(0).block_until_ready(), 3)
        say(probe=min(seconds) / chunk * order)
        return
    progress = None
    if repeats == 1:
        progress = lambda done, spent: say(columns=done, order=order, spent=spent, memory=peak_memory() - before)
    seconds, matrix = timed(lambda: hessian(progress), repeats)
    memory = peak_memory() - before
    gap = difference(matrix, ours) if ours else None
    say(seconds=seconds, memory=memory, difference=gap, threads=os.cpu_count(), version=jax.__version__,
        compile_seconds=compiled)


if __name__ == "__main__":
    sys.exit(main())
