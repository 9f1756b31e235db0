#!/usr/bin/env python3
"""Writes state_dicts/NET.txt: names and shapes of the state dicts of torchvision and timm, a tensor a line.

Run by hand, with torchvision and timm installed: `python3 tests/goldens/make_state_dicts.py`.
"""
import pathlib

import timm
import torchvision

HERE = pathlib.Path(__file__).parent / "state_dicts"
NETS = {
    "torchvision_resnet18": lambda: torchvision.models.resnet18(),
    "torchvision_resnext50_32x4d": lambda: torchvision.models.resnext50_32x4d(),
    "timm_resnet50d": lambda: timm.create_model("resnet50d"),
    "timm_resnetv2_50": lambda: timm.create_model("resnetv2_50"),
}

HERE.mkdir(exist_ok=True)
for name, make in NETS.items():
    lines = [f"{key} {','.join(map(str, t.shape))}".strip() for key, t in make().state_dict().items()]
    (HERE / f"{name}.txt").write_text("\n".join(lines) + "\n")
