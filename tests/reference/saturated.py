"""Reference curvature where saturation makes every autodiff in float64 cancel: writes saturated.npz and .json.

    python -m venv env && env/bin/pip install -r requirements.txt && env/bin/python saturated.py

Jets (value, gradient, Hessian in theta) are carried through the net and the loss in 400 decimal digits with mpmath;
no derivative of an activation or of a loss but those of exp, log, erfc and arithmetic is written down:
    hessian   the jet of the loss
    ggn       J^T A J, with J the gradients of the logits' jets, A the Hessian of the loss's jet in the logits
    h_term    sum_k r_k (Hessian of the k-th logit's jet), with r the gradient of the loss's jet in the logits
hessian = ggn + h_term is asserted. Results are rounded once, to float64.
"""

import numpy as np
from mpmath import mp, mpf

import nets

mp.dps = 400
lift = np.frompyfunc(mpf, 1, 1)


class Jet:
    """A number with its exact first and second derivatives."""

    def __init__(self, value, gradient, hessian):
        self.value, self.gradient, self.hessian = value, gradient, hessian

    @staticmethod
    def variables(values):
        n = len(values)
        unit = lift(np.eye(n))
        return [Jet(mpf(float(v)), unit[i], lift(np.zeros((n, n)))) for i, v in enumerate(values)]

    def through(self, value, first, second):
        """f(self) from f, f', f'' at the value."""
        outer = np.outer(self.gradient, self.gradient)
        return Jet(value, first * self.gradient, first * self.hessian + second * outer)

    def __add__(self, other):
        if isinstance(other, Jet):
            return Jet(self.value + other.value, self.gradient + other.gradient, self.hessian + other.hessian)
        return Jet(self.value + other, self.gradient, self.hessian)

    def __mul__(self, other):
        if isinstance(other, Jet):
            cross = np.outer(self.gradient, other.gradient)
            return Jet(self.value * other.value, self.value * other.gradient + other.value * self.gradient,
                       self.value * other.hessian + other.value * self.hessian + cross + cross.T)
        return Jet(self.value * other, self.gradient * other, self.hessian * other)

    __radd__, __rmul__ = __add__, __mul__

    def __sub__(self, other):
        return self + (-1) * other

    def __neg__(self):
        return self * mpf(-1)

    def exp(self):
        e = mp.exp(self.value)
        return self.through(e, e, e)

    def log(self):
        return self.through(mp.log(self.value), 1 / self.value, -1 / self.value**2)

    def inverse(self):
        return self.through(1 / self.value, -1 / self.value**2, 2 / self.value**3)

    def erfc(self):
        slope = -2 / mp.sqrt(mp.pi) * mp.exp(-self.value**2)
        return self.through(mp.erfc(self.value), slope, -2 * self.value * slope)


def sigmoid(z):
    return ((-z).exp() + 1).inverse()


def kink(z, above, below):
    return above(z) if z.value > 0 else below(z)


ACTIVATIONS = {
    "relu": lambda z: kink(z, lambda u: u, lambda u: u * mpf(0)),
    "leaky-relu": lambda z: kink(z, lambda u: u, lambda u: u * mpf(0.01)),
    "tanh": lambda z: 2 * sigmoid(2 * z) - 1,
    "sigmoid": sigmoid,
    "softplus": lambda z: z if z.value > 20 else (z.exp() + 1).log(),
    "gelu": lambda z: z * (z * (-1 / mp.sqrt(2))).erfc() * mpf(0.5),
    "silu": lambda z: z * sigmoid(z),
    "elu": lambda z: kink(z, lambda u: u, lambda u: u.exp() - 1),
    "identity": lambda z: z,
}


def logits(c, theta, x):
    layers = nets.unpack(np.array(theta, dtype=object), c["widths"], c["biases"])
    h = [mpf(float(v)) for v in x]
    for p, (w, b) in enumerate(layers):
        z = [sum((w[i, a] * h[a] for a in range(1, len(h))), w[i, 0] * h[0]) for i in range(len(w))]
        if b is not None:
            z = [zi + bi for zi, bi in zip(z, b)]
        h = z if p == len(layers) - 1 else [ACTIVATIONS[c["activation"]](zi) for zi in z]
    return h


def object_loss(c, z, y):
    """The loss of one object from its logits, before the normaliser."""
    if c["loss"] == "cross-entropy":
        return sum((zk.exp() for zk in z[1:]), z[0].exp()).log() - z[int(y)]
    targets = [mpf(float(v)) for v in y]
    if c["loss"] == "mse":
        terms = [(zk - yk) * (zk - yk) for zk, yk in zip(z, targets)]
    else:
        terms = [(zk.exp() + 1).log() - zk * yk for zk, yk in zip(z, targets)]
    return sum(terms[1:], terms[0])


def reference(c):
    theta = Jet.variables(c["theta"])
    objects, outputs = len(c["x"]), c["widths"][-1]
    count = objects if c["loss"] == "cross-entropy" else objects * outputs
    scale = mpf(1) if c["reduction"] == "sum" else 1 / mpf(count)
    loss, gradient, hessian, ggn, h_term = 0, 0, 0, 0, 0
    for x, y in zip(c["x"], c["y"]):
        z = logits(c, theta, x)
        total = object_loss(c, z, y)
        loss, gradient, hessian = loss + total.value, gradient + total.gradient, hessian + total.hessian
        # The same loss as a function of the logits alone.
        n = range(len(z))
        unit = lift(np.eye(len(z)))
        inner = object_loss(c, [Jet(z[k].value, unit[k], lift(np.zeros((len(z), len(z))))) for k in n], y)
        jacobian = np.array([zk.gradient for zk in z])
        ggn = ggn + jacobian.T.dot(inner.hessian).dot(jacobian)
        h_term = h_term + sum(inner.gradient[k] * z[k].hessian for k in n)
    gap = max(abs(v) for v in (hessian - ggn - h_term).ravel())
    size = max(max(abs(v) for v in ggn.ravel()), max(abs(v) for v in h_term.ravel()))
    assert gap <= size * mpf(10) ** -20, (c["name"], gap)
    values = {"loss": loss, "gradient": gradient, "hessian": hessian, "ggn": ggn, "h_term": h_term}
    return {key: np.asarray(scale * np.asarray(value), dtype=np.float64) for key, value in values.items()}


def table():
    cases = []
    # Objects that are right, and wrong, by a margin of `margin` in the logits: p from 1e-13 to 1e-260.
    for margin in (30.0, 100.0, 600.0):
        for right in (True, False):
            word = "right" if right else "wrong"
            c = nets.case(f"cross-entropy {word} by {margin:g}", [3, 2, 3], "relu", "cross-entropy", objects=2)
            nets.bias(c, 0)[:] = [0.75, 1.25]
            nets.weight(c, 1)[:] *= 0.25
            nets.bias(c, 1)[:] = [margin, 0.0, 0.5]
            c["y"][:] = 0 if right else 1
            cases.append(c)
            c = nets.case(f"bce {word} by {margin:g}", [3, 2, 2], "tanh", "bce", objects=2)
            nets.bias(c, 1)[:] = [margin, -margin]
            c["y"][:] = [1.0, 0.0] if right else [0.0, 1.0]
            cases.append(c)
    # Hidden units far out on both sides, so that s' and s'' come from tails.
    for activation in nets.ACTIVATIONS[:-1]:
        for far in (9.0, 25.0):
            c = nets.case(f"{activation} units out at {far:g}", [3, 2, 2], activation, "mse", objects=2)
            nets.weight(c, 0)[:] *= 0.5
            nets.bias(c, 0)[:] = [far, -far]
            cases.append(c)
    # Everything far out at once, through two hidden layers.
    c = nets.case("deep and far out", [3, 2, 2, 3], "silu", "cross-entropy", objects=2)
    nets.bias(c, 0)[:] = [12.0, -12.0]
    nets.bias(c, 1)[:] = [-30.0, 15.0]
    nets.bias(c, 2)[:] = [0.0, 80.0, 40.0]
    c["y"][:] = [1, 2]
    cases.append(c)
    return cases


if __name__ == "__main__":
    nets.write("saturated", [(c, reference(c)) for c in table()])
