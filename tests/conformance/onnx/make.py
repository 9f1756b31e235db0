#!/usr/bin/env python3
"""Writes ONNX's node tests of the operators below: those that rnetc can express as cases.json and
cases.safetensors, the others with a reason as skipped.txt. Needs onnx 1.23.2 and safetensors."""
import hashlib
import json
import pathlib

import numpy
import onnx
from onnx.backend.test.case.node import collect_testcases
from safetensors.numpy import save_file

POINTWISE = "Relu Sigmoid Exp Log Tanh Neg Sqrt Reciprocal Add Sub Mul Div Max Sum Mean"
REDUCTIONS = (
    "ReduceSum ReduceMean ReduceMax ReduceSumSquare ReduceL2 ReduceLogSum ReduceLogSumExp"
)
LAYERS = (
    "Conv ConvTranspose BatchNormalization Gemm MatMul MaxPool AveragePool GlobalAveragePool "
    "GlobalMaxPool Softmax LogSoftmax SoftmaxCrossEntropyLoss NegativeLogLikelihoodLoss Momentum "
    "Pad Slice"
)
OPERATORS = set(f"{POINTWISE} {REDUCTIONS} {LAYERS}".split())
MOST_BYTES = 1 << 16


def attributes(node):
    values = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    return {k: v.decode() if isinstance(v, bytes) else v for k, v in values.items()}


def spatial_padding(given, size, kernel, strides):
    """Begin and end of each axis as ONNX defines auto_pad, or as given."""
    mode = given.get("auto_pad", "NOTSET")
    axes = len(kernel)
    if mode in ("NOTSET", "VALID"):
        return given.get("pads", [0] * 2 * axes)
    begin, end = [], []
    for n, k, s in zip(size, kernel, strides):
        total = max((-(-n // s) - 1) * s + k - n, 0)
        small, large = total // 2, total - total // 2
        begin.append(small if mode == "SAME_UPPER" else large)
        end.append(large if mode == "SAME_UPPER" else small)
    return begin + end


def window(op, given, inputs, outputs):
    """Resolves a window's geometry into `given`; a reason where there is none like it."""
    size = inputs[0].shape[2:]
    kernel = given.get("kernel_shape") or list(inputs[1].shape[2:])
    if len(size) != 2:
        return f"{len(size)} spatial axes: pictures have two"
    if any(d != 1 for d in given.get("dilations", [])):
        return "dilation: the language has none"
    if given.get("group", 1) != 1:
        return "groups: the language has none"
    strides = given.get("strides", [1, 1])
    if strides[0] != strides[1]:
        return "a stride for each axis: strides are the same for both"
    if op == "ConvTranspose":
        if given.get("auto_pad", "NOTSET") != "NOTSET" or "output_shape" in given:
            return "padding that follows from the output's shape: the language takes padding"
        pads = given.get("pads", [0] * 4)
    else:
        pads = spatial_padding(given, size, kernel, strides)
    if pads[:2] != pads[2:]:
        return "padding that differs from side to side: the language's is the same on both"
    padding = pads[:2]
    if op in ("MaxPool", "AveragePool"):
        if kernel[0] != kernel[1] or padding[0] != padding[1]:
            return "a window that is not square"
        if op == "AveragePool" and padding[0] and not given.get("count_include_pad"):
            return "a mean over what lies inside: the language counts padding as zeros"
        if len(outputs) > 1:
            return "positions of the largest: the graph has none"
    if op != "ConvTranspose":
        floor = [(n + 2 * p - k) // strides[0] + 1 for n, p, k in zip(size, padding, kernel)]
        if floor != list(outputs[0].shape[2:]):
            return "ceil_mode: windows that stand out over the edge are left out"
    given.update(kernel_shape=list(kernel), stride=strides[0], padding=list(padding))
    return None


def arrays(values):
    """Scalars of numpy as arrays without axes."""
    return [numpy.asarray(v) if isinstance(v, numpy.generic) else v for v in values]


def reason(op, given, inputs, outputs):
    """Why the graph has nothing like this case."""
    tensors = [t for t in inputs + outputs if t is not None]
    if not all(isinstance(t, numpy.ndarray) for t in tensors):
        return "not a tensor"
    if inputs[0].dtype not in (numpy.float32, numpy.float64):
        return f"{inputs[0].dtype}: tensors are f32"
    if any(t.size == 0 for t in inputs[:1] + outputs):
        return "a tensor without elements"
    if any(t.nbytes > MOST_BYTES for t in tensors):
        return "larger than what is kept in the repository"
    if op in ("Conv", "ConvTranspose", "MaxPool", "AveragePool"):
        return window(op, given, inputs, outputs)
    if op == "MatMul" and max(t.ndim for t in inputs) > 3 and inputs[0].shape[0] != 1:
        return "five axes: tensors have four"
    if op == "Pad" and given.get("mode", "constant") != "constant":
        return f"{given['mode']} padding: re-indexing fills with zeros"
    if op == "Slice" and len(inputs) > 4 and min(inputs[4]) < 0:
        return "backwards: re-indexing goes forwards"
    return None


def main():
    here = pathlib.Path(__file__).parent
    cases, skipped, names, tensors = [], [], [], {}

    def keep(array):
        if array is None:
            return None
        array = numpy.asarray(array)
        if array.dtype.kind in "iu":
            return {"shape": list(array.shape), "integers": array.flatten().tolist()}
        array = numpy.ascontiguousarray(array, dtype=numpy.float32)
        key = hashlib.sha256(repr(array.shape).encode() + array.tobytes()).hexdigest()[:12]
        tensors[key] = array
        return key

    for case in collect_testcases(None):
        nodes = case.model.graph.node
        if len(nodes) != 1 or nodes[0].op_type not in OPERATORS:
            continue
        op, given = nodes[0].op_type, attributes(nodes[0])
        names.append(case.name)
        present, outputs = case.data_sets[0]
        rest = iter(present)
        inputs = [next(rest) if name else None for name in nodes[0].input]
        inputs, outputs = arrays(inputs), arrays(outputs)
        why = reason(op, given, inputs, outputs)
        if why:
            skipped.append(f"{case.name}: {why}")
            continue
        cases.append(
            {
                "name": case.name,
                "op": op,
                "attributes": given,
                "inputs": [keep(t) for t in inputs],
                "outputs": [keep(t) for t in outputs],
            }
        )
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    listed = json.dumps(sorted(names))
    text = f'{{"version": "{onnx.__version__}", "all": {listed},\n"cases": [\n{lines}\n]}}\n'
    (here / "cases.json").write_text(text)
    (here / "skipped.txt").write_text("\n".join(sorted(skipped)) + "\n")
    save_file(tensors, here / "cases.safetensors")
    print(f"{len(cases)} cases, {len(skipped)} skipped")


main()
