"""Writes features/: what Pillow, transformers and ONNX Runtime make of the first embedded images.

    python features.py [efficientnet_lite0.onnx]    # torch 2.15, transformers 5.24, onnxruntime 1.32, Pillow 13.0

vit_*.onnx are small ViTs with random weights, exported by PyTorch in its two ways; the .npy files hold the
images resized by Pillow and preprocessed by transformers, and the outputs of ONNX Runtime for them. The features of a
pre-trained model are added where its file is given; the file itself is not kept here.
"""

import gzip
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from PIL import Image
from transformers import ViTConfig, ViTImageProcessorPil, ViTModel

HERE = Path(__file__).parent
OUT = HERE / "features"
DATA = HERE.parent.parent / "data"
COUNT = 3


def grey(name):
    raw = gzip.open(DATA / name / "train-images-idx3-ubyte.gz").read()
    return np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28)[:COUNT]


def coloured():
    raw = gzip.open(DATA / "cifar10/data_batch_1.bin.gz").read()
    rows = np.frombuffer(raw, np.uint8).reshape(-1, 3073)[:COUNT, 1:]
    return rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)


def write(name, array):
    np.save(OUT / f"{name}.npy", array)


def resized(images):
    """Every filter, to more and to fewer pixels, of unequal sides."""
    filters = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC, "lanczos": Image.LANCZOS}
    for name, code in filters.items():
        for height, width in [(45, 61), (13, 9), (32, 20)]:
            made = [np.asarray(Image.fromarray(i).resize((width, height), code)) for i in images]
            write(f"{name}_{height}_{width}", np.stack(made).transpose(0, 3, 1, 2))


def vit(images):
    torch.manual_seed(5)
    config = ViTConfig(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
                       image_size=40, patch_size=10, attn_implementation="eager")
    model = ViTModel(config).eval()
    with torch.no_grad():  # Started at deviations of 0.02, it would hardly attend to anything.
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                parameter.mul_(10)
    processor = ViTImageProcessorPil(size={"height": 40, "width": 40}, image_mean=[0.5, 0.4, 0.3],
                                  image_std=[0.5, 0.25, 0.2])
    processor.to_json_file(OUT / "preprocessor_config.json")
    pixels = processor([Image.fromarray(i) for i in images], return_tensors="np").pixel_values
    write("vit_pixels", pixels)
    names = ["last_hidden_state", "pooler_output"]
    for way in ["script", "dynamo"]:
        path = OUT / f"vit_{way}.onnx"
        options = {"dynamo": False, "dynamic_axes": {"pixel_values": {0: "batch"}}}
        if way == "dynamo":
            options = {"dynamo": True, "dynamic_shapes": {"pixel_values": {0: "batch"}}, "external_data": False}
        torch.onnx.export(model, (torch.from_numpy(pixels[:2]),), str(path), input_names=["pixel_values"],
                          output_names=names, opset_version=18, **options)
        strip(path)
        outputs = onnxruntime.InferenceSession(str(path)).run(names, {"pixel_values": pixels})
        write(f"vit_{way}_class_token", outputs[0][:, 0])
        write(f"vit_{way}_pooled", outputs[1])
        with torch.no_grad():
            direct = model(torch.from_numpy(pixels)).pooler_output.numpy()
        assert np.abs(outputs[1] - direct).max() < 1e-5, np.abs(outputs[1] - direct).max()


def strip(path):
    """Takes out the notes on where each node came from, most of such a small file."""
    model = onnx.load(path)
    del model.metadata_props[:]
    for item in [*model.graph.node, *model.graph.value_info, model.graph]:
        del item.metadata_props[:]
    onnx.save(model, path)


def pre_trained(path, images, name):
    large = [np.asarray(Image.fromarray(i).convert("RGB").resize((224, 224), Image.BILINEAR)) for i in images]
    pixels = ((np.stack(large).astype(np.float32) - np.float32(127)) / np.float32(128)).transpose(0, 3, 1, 2)
    session = onnxruntime.InferenceSession(path)
    write(f"efficientnet_{name}", session.run(["features"], {"image": pixels.copy()})[0])


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    OUT.mkdir(exist_ok=True)
    resized(coloured())
    vit(coloured())
    if len(sys.argv) > 1:
        pre_trained(sys.argv[1], grey("mnist"), "mnist")
        pre_trained(sys.argv[1], coloured(), "cifar10")
