"""Writes rand_augment.json: what torchvision's RandAugment and ColorJitter make of pictures.

    python tests/goldens/make_rand_augment.py      (torch, torchvision)

Each case: operation; bin of the magnitude, or factor; whether it is negative; rows, columns, channels; bytes in hex.
"""
import json
import pathlib

import numpy as np
from PIL import Image
from torchvision.transforms import InterpolationMode, RandAugment
from torchvision.transforms import functional as F
from torchvision.transforms.autoaugment import _apply_op


def drawn(extent):
    rows, columns, channels = extent
    k = np.arange(rows * columns * channels, dtype=np.int64)
    picture = ((k * k * 7 % 251 + k % 5) // 2 + 40).astype(np.uint8).reshape(extent)
    return Image.fromarray(picture if channels == 3 else picture[:, :, 0])


def case(name, at, negative, extent, to):
    return [name, at, negative, *extent, np.asarray(to).tobytes().hex()]


SMALL, GREY, LARGE = [7, 9, 3], [8, 7, 1], [19, 26, 3]
cases = []
for extent in (SMALL, GREY):
    space = RandAugment()._augmentation_space(31, extent[:2])
    for name, (magnitudes, signed) in space.items():
        for at in (9, 26) if magnitudes.ndim else (0,):
            for negative in (False, True) if signed else (False,):
                magnitude = float(magnitudes[at].item()) if magnitudes.ndim else 0.0
                magnitude = -magnitude if negative else magnitude
                to = _apply_op(
                    drawn(extent), name, magnitude, interpolation=InterpolationMode.NEAREST, fill=None
                )
                cases.append(case(name, at, negative, extent, to))
for name in ("Equalize", "AutoContrast"):
    to = _apply_op(drawn(LARGE), name, 0.0, interpolation=InterpolationMode.NEAREST, fill=None)
    cases.append(case(name, 0, False, LARGE, to))
for extent in (SMALL, GREY):
    for name, function, factors in (
        ("brightness", F.adjust_brightness, (0.0, 0.37, 1.6)),
        ("contrast", F.adjust_contrast, (0.0, 0.37, 1.6)),
        ("saturation", F.adjust_saturation, (0.0, 0.37, 1.6)),
        ("hue", F.adjust_hue, (-0.5, -0.11, 0.05, 0.3, 0.5)),
    ):
        for factor in factors:
            cases.append(case(name, factor, False, extent, function(drawn(extent), factor)))
path = pathlib.Path(__file__).parent / "rand_augment.json"
path.write_text("[" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "]\n")
