"""Writes augment.json: what torchvision makes of draws, and PyTorch of weighted classes.

    python tests/goldens/make_augment.py      (torch, torchvision)

erasing: rows, columns, area, ratio; height and width of the rectangle (transforms.RandomErasing).
cutmix: rows, columns, λ, row and column of the middle; y1, x1, y2, x2 and the λ that is left
(transforms.v2.CutMix). mixup: pictures and targets of a batch (transforms.v2.MixUp). reflect: a picture
padded by nn.functional.pad. weighted: losses of cross_entropy(weight=...). resized: rows, columns, area,
ratio; top, left, height and width with both draws of places 0 (transforms.RandomResizedCrop). middle: rows,
columns; its fallback. stretched: areas of a picture (top, left, height, width) in the picture's size (Pillow).
centred: pictures resized by their shorter side and cropped to a size (transforms.Resize, CenterCrop).
"""
import json
import math
import pathlib
import random
from unittest import mock

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import CenterCrop, RandomErasing, RandomResizedCrop, Resize, v2

random.seed(1)
torch.manual_seed(1)


def erasing(rows, columns, area, ratio):
    """RandomErasing.get_params with its draws given."""
    draws = iter([area, math.log(ratio)])

    class Drawn:
        def __init__(self, value):
            self.value = value

        def uniform_(self, low, high):
            self.value = next(draws)
            return self

        def item(self):
            return self.value

    picture = torch.zeros(3, rows, columns)
    # torch.exp of the logarithm, in double precision.
    with mock.patch.object(torch, "empty", lambda n: Drawn(0.0)), mock.patch.object(
        torch, "exp", lambda drawn: Drawn(math.exp(drawn.value))
    ), mock.patch.object(torch, "log", lambda t: t):
        _, _, height, width, _ = RandomErasing.get_params(picture, (0, 1), (1, 1), [0.0])
    return [rows, columns, area, ratio, height, width]


def cutmix(rows, columns, share, row, column):
    transform = v2.CutMix(num_classes=2)
    middles = iter([column, row])
    with mock.patch.object(transform._dist, "sample", lambda _: share), mock.patch.object(
        torch, "randint", lambda most, size: torch.tensor([next(middles)])
    ):
        params = transform.make_params([torch.zeros(2, 3, rows, columns)])
    x1, y1, x2, y2 = params["box"]
    return [rows, columns, share, row, column, y1, x1, y2, x2, params["lam_adjusted"]]


def mixup(share):
    transform = v2.MixUp(num_classes=3)
    pictures = torch.arange(24, dtype=torch.float32).reshape(3, 2, 2, 2) ** 1.5
    with mock.patch.object(transform._dist, "sample", lambda _: share):
        mixed, targets = transform(pictures, torch.tensor([2, 0, 1]))
    channels_last = lambda t: t.permute(0, 2, 3, 1).flatten().tolist()
    return {
        "share": share,
        "pictures": channels_last(pictures),
        "mixed": channels_last(mixed),
        "targets": targets.flatten().tolist(),
    }


def weighted(weights, labels):
    logits = torch.linspace(-1, 1, 3 * len(labels), dtype=torch.float64).sin().reshape(-1, 3) * 3
    weight = torch.tensor(weights, dtype=torch.float64)
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor(labels), weight=weight)
    return {
        "weights": weights,
        "labels": labels,
        "logits": logits.flatten().tolist(),
        "loss": loss.item(),
    }


def resized(rows, columns, area, ratio):
    """RandomResizedCrop.get_params with its draws given; area 2 fits never."""

    class Drawn:
        def __init__(self, value):
            self.value = value

        def uniform_(self, low, high):
            self.value = area if (low, high) == (0, 1) else math.log(ratio)
            return self

        def item(self):
            return self.value

    picture = torch.zeros(3, rows, columns)
    with mock.patch.object(torch, "empty", lambda n: Drawn(0.0)), mock.patch.object(
        torch, "exp", lambda drawn: Drawn(math.exp(drawn.value))
    ), mock.patch.object(torch, "randint", lambda low, high, size: torch.tensor([low])):
        return [*RandomResizedCrop.get_params(picture, (0, 1), (3 / 4, 4 / 3))]


def drawn(extent):
    rows, columns, channels = extent
    k = np.arange(rows * columns * channels, dtype=np.int64)
    picture = (k * k * 7 % 251 + k % 5).astype(np.uint8).reshape(extent)
    return Image.fromarray(picture if channels == 3 else picture[:, :, 0])


def stretched(extent, area):
    rows, columns, _ = extent
    top, left, height, width = area
    picture = drawn(extent)
    picture = picture.crop((left, top, left + width, top + height))
    to = picture.resize((columns, rows), Image.BILINEAR)
    return {"extent": extent, "area": area, "to": np.asarray(to).flatten().tolist()}


def centred(extent, side, size):
    picture = CenterCrop(size)(Resize(side)(drawn(extent)))
    return {"extent": extent, "side": side, "size": size, "to": np.asarray(picture).flatten().tolist()}


sizes = [(32, 32), (28, 40), (7, 5)]
golden = {
    "erasing": [
        erasing(*size, area, ratio)
        for size in sizes
        for area in (0.02, 0.1234, 0.33)
        for ratio in (0.3, 0.77, 1.0, 3.3)
        if round(math.sqrt(area * size[0] * size[1] * ratio)) < size[0]
        and round(math.sqrt(area * size[0] * size[1] / ratio)) < size[1]
    ],
    "cutmix": [
        cutmix(*size, share, int(at[0] * size[0]), int(at[1] * size[1]))
        for size in sizes
        for share in (0.0, 0.25, 0.6, 0.999, 1.0)
        for at in ((0, 0), (0.4, 0.7), (0.99, 0.99))
    ],
    "mixup": mixup(0.3),
    "reflect": {
        "by": 2,
        "picture": list(range(12)),
        "padded": torch.nn.functional.pad(
            torch.arange(12.0).reshape(1, 1, 3, 4), (2, 2, 2, 2), mode="reflect"
        )
        .flatten()
        .tolist(),
    },
    "resized": [
        [*size, area, ratio, *resized(*size, area, ratio)]
        for size in sizes
        for area in (0.08, 0.31, 0.9)
        for ratio in (3 / 4, 1.1, 4 / 3)
        if 0 < round(math.sqrt(area * size[0] * size[1] * ratio)) <= size[1]
        and 0 < round(math.sqrt(area * size[0] * size[1] / ratio)) <= size[0]
    ],
    "middle": [
        [*size, *resized(*size, 2.0, 1.0)] for size in [(32, 32), (28, 40), (40, 28), (7, 50), (50, 7)]
    ],
    "stretched": [
        stretched([9, 7, 3], [1, 2, 4, 3]),
        stretched([9, 7, 3], [0, 0, 9, 7]),
        stretched([6, 8, 1], [5, 0, 1, 8]),
        stretched([6, 8, 1], [2, 3, 3, 1]),
    ],
    "centred": [
        centred([23, 40, 3], 12, [8, 9]),
        centred([41, 17, 1], 10, [9, 9]),
        centred([5, 6, 3], 9, [8, 9]),
        centred([30, 30, 3], 8, [8, 8]),
    ],
    "weighted": [weighted([1.0, 1.0, 1.0], [0, 1, 2, 2]), weighted([0.5, 2.0, 7.0], [0, 0, 1, 2])],
}
path = pathlib.Path(__file__).parent / "augment.json"
path.write_text(json.dumps(golden, indent=None, separators=(",", ":")).replace("],[", "],\n[") + "\n")
