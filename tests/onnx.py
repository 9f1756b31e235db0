#!/usr/bin/env python3
"""Runs ONNX models: `onnx.py FOLDER` reads NAME.onnx, NAME.in (f32) and NAME.shape, writes NAME.out."""
import pathlib
import sys

import numpy
import onnxruntime

for model in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
    shape = [int(n) for n in model.with_suffix(".shape").read_text().split()]
    images = numpy.fromfile(model.with_suffix(".in"), dtype="<f4").reshape(shape)
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    (logits,) = session.run(["logits"], {"images": images})
    logits.astype("<f4").tofile(model.with_suffix(".out"))
