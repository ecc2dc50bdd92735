"""The small vision transformer of features.py with its channels last, as converters from TensorFlow write models.

    python features_nhwc.py      (needs onnx; reads features/vit_script.onnx, writes features/vit_nhwc.onnx)
"""

from pathlib import Path

import onnx
from onnx import helper

FOLDER = Path(__file__).resolve().parent / "features"

model = onnx.load(FOLDER / "vit_script.onnx")
pixels = model.graph.input[0]
name = pixels.name
batch, channels, rows, columns = list(pixels.type.tensor_type.shape.dim)
shape = onnx.TensorShapeProto()
shape.dim.extend([batch, rows, columns, channels])
pixels.type.tensor_type.shape.CopyFrom(shape)
for node in model.graph.node:
    node.input[:] = ["channels_first" if entry == name else entry for entry in node.input]
turn = helper.make_node("Transpose", [name], ["channels_first"], perm=[0, 3, 1, 2])
model.graph.node.insert(0, turn)
onnx.checker.check_model(model)
onnx.save(model, FOLDER / "vit_nhwc.onnx")
