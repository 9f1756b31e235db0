#!/usr/bin/env python3
"""Writes windows.safetensors: PyTorch's loss, logits and gradients (f64) of nets around one layer.

Each net is `input(2, H, W) -> conv(1x1, 4) -> LAYER -> linear(3)`; its tensors hold sin(seed + 0.37 i) in
PyTorch's order of elements, so that only results are stored, under the layer as specs write it."""
import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.set_default_dtype(torch.float64)


def numbers(seed, shape):
    count = torch.Size(shape).numel()
    return torch.sin(seed + 0.37 * torch.arange(count)).reshape(shape)


def conv(weights, **arguments):
    w = numbers(3.0, weights).requires_grad_()
    return [w], lambda x: F.conv2d(x, w, **arguments)


def plain(function):
    return [], function


def same(weights, stride, dilation=1):
    """tf.nn.conv2d(padding="SAME")."""
    w = numbers(3.0, weights).requires_grad_()

    def run(x):
        sides = []
        for extent, kernel in zip(x.shape[:1:-1], w.shape[:1:-1]):
            last = (-(-extent // stride) - 1) * stride
            total = max(last + (kernel - 1) * dilation + 1 - extent, 0)
            sides += [total // 2, total - total // 2]
        return F.conv2d(F.pad(x, sides), w, stride=stride, dilation=dilation)

    return [w], run


def blur(size, stride):
    """antialiased_cnns.BlurPool(4, pad_type="reflect", filt_size=size, stride=stride)."""
    rows = {2: [1, 1], 3: [1, 2, 1], 5: [1, 4, 6, 4, 1]}
    row = torch.tensor(rows[size], dtype=torch.float64)
    kernel = row[:, None] * row[None, :]
    kernel = (kernel / kernel.sum())[None, None].repeat(4, 1, 1, 1)
    before, after = (size - 1) // 2, size // 2
    return [], lambda x: F.conv2d(
        F.pad(x, [before, after, before, after], mode="reflect"), kernel, stride=stride, groups=4
    )


def upsample(factor, **arguments):
    return plain(lambda x: F.interpolate(x, scale_factor=factor, **arguments))


LAYERS = {
    "conv(3x3, 3, dilation: 2)": conv((3, 4, 3, 3), padding=2, dilation=2),
    "conv(3x1, 3, dilation: 2x1, stride: 2)": conv((3, 4, 3, 1), padding=(2, 0), dilation=(2, 1), stride=2),
    "conv(3x3, 3, stride: 2x1)": conv((3, 4, 3, 3), padding=1, stride=(2, 1)),
    "conv(3x3, 4, stride: 2x3, padding: 0x1, groups: 2)": conv(
        (4, 2, 3, 3), padding=(0, 1), stride=(2, 3), groups=2
    ),
    "conv(3x5, 3, padding: 1x0)": conv((3, 4, 3, 5), padding=(1, 0)),
    "conv(3x3, 3, stride: 2, padding: same)": same((3, 4, 3, 3), 2),
    "conv(2x2, 3, padding: same)": same((3, 4, 2, 2), 1),
    "conv(3x2, 3, padding: same, dilation: 2)": same((3, 4, 3, 2), 1, 2),
    "conv(3x3, 4, padding: same, stride: 2, groups: 4)": None,
    "max_pool(3x2, stride: 2x1)": plain(lambda x: F.max_pool2d(x, (3, 2), (2, 1))),
    "max_pool(3x2, padding: 1x0)": plain(lambda x: F.max_pool2d(x, (3, 2), padding=(1, 0))),
    "max_pool(3, stride: 2, ceil: true)": plain(lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True)),
    "max_pool(2, stride: 2, padding: 1, ceil: true)": plain(
        lambda x: F.max_pool2d(x, 2, 2, padding=1, ceil_mode=True)
    ),
    "avg_pool(2x3, stride: 1x2)": plain(lambda x: F.avg_pool2d(x, (2, 3), (1, 2))),
    "avg_pool(3, stride: 2, padding: 1, ceil: true)": plain(
        lambda x: F.avg_pool2d(x, 3, 2, padding=1, ceil_mode=True)
    ),
    "avg_pool(3, stride: 2, padding: 1, count_padding: false)": plain(
        lambda x: F.avg_pool2d(x, 3, 2, padding=1, count_include_pad=False)
    ),
    "avg_pool(3, stride: 2, padding: 1, ceil: true, count_padding: false)": plain(
        lambda x: F.avg_pool2d(x, 3, 2, padding=1, ceil_mode=True, count_include_pad=False)
    ),
    "pad_pixels(1, 0, 2, 1)": plain(lambda x: F.pad(x, (2, 1, 1, 0))),
    "pad_pixels(1, -1, 1, -1)": plain(lambda x: F.pad(x, (1, -1, 1, -1))),
    "pad_pixels(top: -2, right: -1, left: 3)": plain(lambda x: F.pad(x, (3, -1, -2, 0))),
    "slice_channels(1, 3)": plain(lambda x: x[:, 1:3]),
    "slice_channels(3)": plain(lambda x: x[:, 3:]),
    "global_max_pool": plain(lambda x: F.adaptive_max_pool2d(x, 1)),
    "upsample(2)": upsample(2, mode="nearest"),
    "upsample(3)": upsample(3, mode="nearest"),
    "upsample(2, bilinear)": upsample(2, mode="bilinear", align_corners=False),
    "upsample(3, bilinear)": upsample(3, mode="bilinear", align_corners=False),
    "upsample(4, bilinear)": upsample(4, mode="bilinear", align_corners=False),
    "blur_pool(1, 2)": blur(2, 1),
    "blur_pool(2)": blur(3, 2),
    "blur_pool(2, 5)": blur(5, 2),
}


def depthwise_same():
    parameters, run = same((4, 1, 3, 3), 2)
    (w,) = parameters

    def grouped(x):
        parts = [run_one(x[:, c : c + 1], w[c : c + 1]) for c in range(4)]
        return torch.cat(parts, 1)

    def run_one(x, w):
        sides = []
        for extent in x.shape[:1:-1]:
            total = max((-(-extent // 2) - 1) * 2 + 3 - extent, 0)
            sides += [total // 2, total - total // 2]
        return F.conv2d(F.pad(x, sides), w, stride=2)

    return parameters, grouped


LAYERS["conv(3x3, 4, padding: same, stride: 2, groups: 4)"] = depthwise_same()

results = {}
for text, (parameters, layer) in LAYERS.items():
    for rows, columns in [(6, 5), (5, 8)]:
        images = numbers(1.0, (2, 2, rows, columns))
        first = numbers(2.0, (4, 2, 1, 1)).requires_grad_()
        y = layer(F.conv2d(images, first)).flatten(1)
        head = numbers(4.0, (3, y.shape[1])).requires_grad_()
        bias = numbers(5.0, (3,)).requires_grad_()
        logits = F.linear(y, head, bias)
        loss = F.cross_entropy(logits, torch.tensor([2, 0]))
        wanted = [first, *parameters]
        gradients = torch.autograd.grad(loss, wanted)
        name = f"{rows}x{columns} {text}"
        results[f"{name}|logits"] = logits.detach()
        results[f"{name}|loss"] = loss.detach().reshape(1)
        for at, gradient in enumerate(gradients):
            results[f"{name}|grad{at}"] = gradient.contiguous()
save_file(results, pathlib.Path(__file__).with_name("windows.safetensors"))
