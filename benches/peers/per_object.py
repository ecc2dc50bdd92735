"""Norms ||G_i||_2 of single objects: BackPACK's exact square root of the GGN, curvlinops' GGN operator with
Lanczos, and torch.func's per-object Jacobians, each on as many objects as it can do in its share of the time.

    per_object.py problem.npz norms.npy|- backpack|curvlinops|torch.func seconds
"""

import sys
import time
import warnings

import numpy as np
import torch

from measuring import load, peak_memory, say

warnings.filterwarnings("ignore")


def sequential(weights, activation):
    modules = []
    for w in weights:
        linear = torch.nn.Linear(w.shape[1], w.shape[0], bias=False, dtype=torch.float64)
        linear.weight.data = torch.tensor(w)
        modules += [linear, {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}[activation]()]
    return torch.nn.Sequential(*modules[:-1])


def by_backpack(model, chunk):
    import backpack
    from backpack import extend
    from backpack.extensions import SqrtGGNExact

    model, loss = extend(model), extend(torch.nn.CrossEntropyLoss(reduction="sum"))

    def norms(x, y):
        model.zero_grad()
        with backpack.backpack(SqrtGGNExact()):
            loss(model(x), y).backward()
        gram = 0.0
        for p in model.parameters():
            # V is (classes, objects, *parameter): G_i = V_i V_i^T has the eigenvalues of V_i^T V_i.
            v = p.sqrt_ggn_exact.flatten(2).transpose(0, 1)
            gram = gram + v @ v.transpose(1, 2)
            del p.sqrt_ggn_exact
        return torch.linalg.eigvalsh(gram)[:, -1]

    return norms, chunk, package_version("backpack-for-pytorch")


def by_torch_func(model, chunk):
    parameters = {name: p.detach() for name, p in model.named_parameters()}

    def logits(parameters, x):
        return torch.func.functional_call(model, parameters, (x,))

    jacobians = torch.func.vmap(torch.func.jacrev(logits), in_dims=(None, 0))

    def norms(x, y):
        j = torch.cat([part.flatten(2) for part in jacobians(parameters, x).values()], dim=2)
        p = torch.softmax(model(x).detach(), dim=1)
        # A = diag p - p p^T = S S^T with S = diag(sqrt p) - p sqrt(p)^T, as sqrt(p) has length one.
        root = torch.diag_embed(p.sqrt()) - p[:, :, None] * p.sqrt()[:, None, :]
        v = root.transpose(1, 2) @ j
        return torch.linalg.eigvalsh(v @ v.transpose(1, 2))[:, -1]

    return norms, chunk, torch.__version__


def by_curvlinops(model, chunk):
    from curvlinops import GGNLinearOperator
    from scipy.sparse.linalg import eigsh

    parameters = list(model.parameters())
    loss = torch.nn.CrossEntropyLoss(reduction="sum")

    def norms(x, y):
        operator = GGNLinearOperator(model, loss, parameters, [(x, y)], check_deterministic=False)
        return torch.tensor(eigsh(operator.to_scipy(), k=1, which="LM", tol=1e-12)[0])

    return norms, 1, package_version("curvlinops-for-pytorch")


def package_version(package):
    from importlib.metadata import version

    return version(package)


def main():
    problem, ours, system, budget = sys.argv[1:5]
    inputs, labels, weights, activation = load(problem)
    x, y = torch.tensor(inputs), torch.tensor(labels)
    makers = {"backpack": (by_backpack, 200), "torch.func": (by_torch_func, 200), "curvlinops": (by_curvlinops, 1)}
    maker, chunk = makers[system]
    model = sequential(weights, activation)
    before = peak_memory()
    norms, chunk, version = maker(model, chunk)
    norms(x[:chunk], y[:chunk])
    begun, found = time.perf_counter(), []
    while sum(map(len, found)) < len(x) and time.perf_counter() - begun < float(budget):
        first = sum(map(len, found))
        found.append(norms(x[first:first + chunk], y[first:first + chunk]).detach().numpy())
    seconds = time.perf_counter() - begun
    found = np.concatenate(found)
    gap = None
    if ours != "-":
        reference = np.load(ours)[:len(found)]
        gap = float(np.abs(found - reference).max() / np.abs(reference).max())
    say(seconds=seconds, objects=len(found), of=len(x), difference=gap, memory=peak_memory() - before, version=version)


if __name__ == "__main__":
    sys.exit(main())
