#!/usr/bin/env python3
"""Names what pictures show with a model that rnetc exported, by what its metadata say:
`onnx_predict.py MODEL BATCH PICTURE…` prints a JSON object a picture, class → probability."""
import json
import sys

import numpy
import onnxruntime
from PIL import Image, ImageOps

model, batch, pictures = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
about = session.get_modelmeta().custom_metadata_map
classes, mean, std = (json.loads(about[key]) for key in ("classes", "mean", "std"))
channels, rows, columns = json.loads(about["input_size"])
assert session.get_inputs()[0].shape == ["batch", channels, rows, columns]
assert session.get_outputs()[0].shape == ["batch", len(classes)]


def read(path):
    picture = ImageOps.exif_transpose(Image.open(path)).convert("RGB" if about["channels"] == "RGB" else "L")
    pixels = numpy.float32(picture.resize((columns, rows), Image.BILINEAR)).reshape(rows, columns, channels)
    return ((pixels - mean) / std).transpose(2, 0, 1)


images = numpy.stack([read(path) for path in pictures]).astype("f4")
for first in range(0, len(images), batch):
    (logits,) = session.run(["logits"], {"images": images[first : first + batch]})
    shares = numpy.exp(logits - logits.max(1, keepdims=True))
    for row in shares / shares.sum(1, keepdims=True):
        print(json.dumps(dict(zip(classes, row.tolist()))))
