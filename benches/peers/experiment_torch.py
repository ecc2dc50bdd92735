"""The paper's grid on pixels in PyTorch: one line of JSON a network.

    experiment_torch.py DATASET DATA-FOLDER OBJECTS SEEDS WIDTHS INNER THREADS OUTPUT.jsonl [vectorised|items] [SHARE]

vectorised: the data are tensors in memory, a batch is an index, the losses one forward pass, the curve one cumsum.
items: as the authors' released code works, a DataLoader that transforms item by item, and losses object by object.
SHARE is I/P: only every P-th network, from the I-th on, so that P processes with one thread each share a grid.
Prints the seconds of loading and of the grid; networks that stand in the output already are not trained again.
"""

import gzip
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

EPOCHS, BATCH, RATE, PERMUTATIONS, SMOOTHING = 10, 64, 1e-3, 100, 0.99
# Labels before the pixels in a record, pixels and classes of the CIFAR binaries.
RECORDS = {"cifar10": ("data_batch_1.bin.gz", 1, 10), "cifar100": ("train.bin.gz", 2, 100)}


def images(name, folder, objects):
    """Pixels as bytes, shape (m, n), labels, and the number of classes."""
    folder = Path(folder) / name
    if name in RECORDS:
        file, labels, classes = RECORDS[name]
        records = np.frombuffer(gzip.open(folder / file).read(), np.uint8).reshape(-1, labels + 3072)[:objects]
        return records[:, labels:].copy(), records[:, labels - 1].astype(np.int64), classes
    x = np.frombuffer(gzip.open(folder / "train-images-idx3-ubyte.gz").read(), np.uint8, offset=16)
    y = np.frombuffer(gzip.open(folder / "train-labels-idx1-ubyte.gz").read(), np.uint8, offset=8)
    return x.reshape(-1, 784)[:objects].copy(), y[:objects].astype(np.int64), 10


def network(inputs, hidden, inner, classes):
    widths = [inputs] + [hidden] * (inner + 1) + [classes]
    layers = []
    for before, after in zip(widths, widths[1:]):
        layers += [nn.Linear(before, after, bias=False), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def step(model, optimiser, x, y):
    optimiser.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimiser.step()


def curve(losses):
    """Mean of |L_{k+1} - L_k| over random orders, and smoothed as in the paper."""
    m = len(losses)
    orders = torch.stack([torch.randperm(m) for _ in range(PERMUTATIONS)])
    means = losses[orders].cumsum(1) / torch.arange(1, m + 1)
    value = (means[:, 1:] - means[:, :-1]).abs().mean(0).tolist()
    smoothed = [value[0]]
    for v in value[1:]:
        smoothed.append(SMOOTHING * smoothed[-1] + (1 - SMOOTHING) * v)
    return value, smoothed


def vectorised(model, x, y):
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    for _ in range(EPOCHS):
        order = torch.randperm(len(x))
        for rows in order.split(BATCH):
            step(model, optimiser, x[rows], y[rows])
    with torch.no_grad():
        logits = model(x)
        losses = F.cross_entropy(logits, y, reduction="none")
    return losses.double(), (logits.argmax(1) == y).double().mean().item()


class Items(torch.utils.data.Dataset):
    """Images that become tensors one at a time, as torchvision's data sets do it."""

    def __init__(self, pixels, labels):
        # Imported here: the vectorised way does without it.
        from PIL import Image
        from torchvision import transforms

        colour = pixels.shape[1] == 3072
        images = pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1) if colour else pixels.reshape(-1, 28, 28)
        self.images, self.labels, self.from_array = np.ascontiguousarray(images), labels, Image.fromarray
        half = (0.5,) * (3 if colour else 1)
        self.transform = transforms.Compose(
            [transforms.ToTensor(), transforms.Normalize(half, half), transforms.Lambda(torch.flatten)])

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.transform(self.from_array(self.images[index])), int(self.labels[index])


def items(model, pixels, labels):
    data = Items(pixels, labels)
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    for _ in range(EPOCHS):
        for x, y in torch.utils.data.DataLoader(data, batch_size=BATCH, shuffle=True):
            step(model, optimiser, x, y)
    losses, right = [], 0
    with torch.no_grad():
        for x, y in torch.utils.data.DataLoader(data, batch_size=1):
            logits = model(x)
            losses.append(F.cross_entropy(logits, y).item())
            right += int(logits.argmax(1) == y)
    return torch.tensor(losses, dtype=torch.float64), right / len(data)


def main():
    name, folder, objects, seeds, widths, inner, threads, output = sys.argv[1:9]
    way = sys.argv[9] if len(sys.argv) > 9 else "vectorised"
    share, processes = map(int, sys.argv[10].split("/")) if len(sys.argv) > 10 else (0, 1)
    torch.set_num_threads(int(threads))
    start = time.perf_counter()
    pixels, labels, classes = images(name, folder, int(objects))
    x = torch.from_numpy(pixels).float().div(255).sub(0.5).div(0.5)
    y = torch.from_numpy(labels)
    load = time.perf_counter() - start

    output = Path(output)
    lines = output.read_text().splitlines() if output.exists() else []
    done = {tuple(json.loads(line)[key] for key in ("hidden", "inner_layers", "seed")) for line in lines}
    numbers = [list(map(int, text.split(","))) for text in (widths, inner, seeds)]
    grid = [(h, n, s) for s in numbers[2] for h in numbers[0] for n in numbers[1]][share::processes]
    start = time.perf_counter()
    with output.open("a") as file:
        for hidden, layers, seed in grid:
            if (hidden, layers, seed) in done:
                continue
            began = time.perf_counter()
            torch.manual_seed(seed)
            model = network(x.shape[1], hidden, layers, classes)
            losses, accuracy = vectorised(model, x, y) if way == "vectorised" else items(model, pixels, labels)
            value, _ = curve(losses)
            m = len(losses)
            line = {
                "hidden": hidden, "inner_layers": layers, "seed": seed, "loss": losses.mean().item(),
                "accuracy": accuracy, "constant": (losses - losses.mean()).abs().mean().item(),
                "constant_of_curve": sum((k + 2) * value[k] for k in range(m // 10, m - 1)) / (m - 1 - m // 10),
                "seconds": time.perf_counter() - began,
            }
            file.write(json.dumps(line) + "\n")
            file.flush()
    print(json.dumps({"seconds": time.perf_counter() - start, "load": load, "torch": torch.__version__,
                      "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


if __name__ == "__main__":
    main()
