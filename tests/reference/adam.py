"""Writes adam.json: the course of torch.optim.Adam on tiny networks, in float64 and with the objects in order.

    python adam.py            # PyTorch 2, CPU
"""

import json
import pathlib

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "silu": nn.SiLU, "gelu": nn.GELU, "leaky-relu": nn.LeakyReLU}
LOSSES = {"cross-entropy": nn.CrossEntropyLoss(), "mse": nn.MSELoss(), "bce": nn.BCEWithLogitsLoss()}


def theta(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()]).tolist()


def case(seed, widths, biases, activation, loss, objects, batch, epochs, **settings):
    torch.manual_seed(seed)
    modules = []
    for i, (n, h) in enumerate(zip(widths, widths[1:])):
        modules += [nn.Linear(n, h, bias=biases), ACTIVATIONS[activation]()]
    net = nn.Sequential(*modules[:-1])
    x = torch.randn(objects, widths[0])
    if loss == "cross-entropy":
        y = torch.randint(widths[-1], (objects,))
    elif loss == "mse":
        y = torch.randn(objects, widths[-1])
    else:
        y = torch.randint(2, (objects, widths[-1])).double()
    start = theta(net)
    optimizer = torch.optim.Adam(net.parameters(), **settings)
    losses = []
    for _ in range(epochs):
        # Loss over all objects, each at the step that takes it.
        total = 0.0
        for i in range(0, objects, batch):
            optimizer.zero_grad()
            rows = slice(i, i + batch)
            value = LOSSES[loss](net(x[rows]), y[rows])
            value.backward()
            optimizer.step()
            total += value.item() * len(x[rows])
        losses.append(total / objects)
    return {
        "widths": widths, "biases": biases, "activation": activation, "loss": loss, "batch": batch,
        "epochs": epochs, "settings": settings, "x": x.tolist(), "y": y.tolist(), "start": start,
        "end": theta(net), "losses": losses, "loss_at_end": LOSSES[loss](net(x), y).item(),
    }  # fmt: skip


cases = [
    case(1, [3, 4, 2], True, "tanh", "cross-entropy", 7, 7, 20),
    case(2, [3, 4, 4, 3], False, "relu", "cross-entropy", 10, 4, 10),
    case(3, [2, 5, 2], True, "silu", "mse", 9, 4, 8, lr=0.05),
    case(4, [4, 3, 2], False, "gelu", "bce", 8, 3, 8, lr=0.01, betas=(0.8, 0.95), eps=1e-4),
    case(5, [3, 3, 3, 3, 2], True, "leaky-relu", "mse", 6, 6, 15),
    case(6, [3, 1], True, "relu", "bce", 6, 2, 12, lr=0.1),
]
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps({"torch": torch.__version__, "cases": cases}) + "\n")
