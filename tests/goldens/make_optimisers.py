#!/usr/bin/env python3
"""Writes optimisers.safetensors: three steps of AdamW, Lion and clipping.

Run by hand, with PyTorch 2 and timm (whose Lion is that of its authors): `python3
tests/goldens/make_optimisers.py`. Two parameters, of three and of five numbers.
"""
import torch
from make import save
from timm.optim.lion import Lion
from torch import nn

ADAMW = [  # lr, β₁, β₂, ε, λ
    (0.1, 0.9, 0.999, 1e-8, 0.01), (0.01, 0.8, 0.9, 1e-3, 0.0), (0.1, 0.0, 0.5, 1e-8, 0.5)]
LION = [(0.1, 0.9, 0.99, 0.0), (0.02, 0.5, 0.8, 0.3)]  # lr, β₁, β₂, λ
CLIPS = [("norm", 1.0), ("norm", 100.0), ("value", 0.5)]
STEPS = 3


def steps(out, name, settings, make, after=None):
    ws = [nn.Parameter(torch.randn(n)) for n in (3, 5)]
    optimiser = make(ws)
    out[f"{name}.settings"] = torch.tensor(settings)
    for k, w in enumerate(ws):
        out[f"{name}.{k}.w0"] = w.detach().clone()
    for step in range(1, STEPS + 1):
        for k, w in enumerate(ws):
            # A gradient of 0 too: Lion's sign of it is 0.
            w.grad = torch.randn(w.shape)
            w.grad[0] = 0.0
            out[f"{name}.{k}.g{step}"] = w.grad.clone()
        if after:
            after(ws)
        optimiser.step()
        for k, w in enumerate(ws):
            out[f"{name}.{k}.w{step}"] = w.detach().clone()


if __name__ == "__main__":
    torch.manual_seed(1711)
    torch.set_default_dtype(torch.float64)
    out = {}
    for k, (lr, first, second, eps, decay) in enumerate(ADAMW):
        steps(out, f"adamw.{k}", ADAMW[k], lambda ws: torch.optim.AdamW(
            ws, lr=lr, betas=(first, second), eps=eps, weight_decay=decay))
    for k, (lr, first, second, decay) in enumerate(LION):
        steps(out, f"lion.{k}", LION[k], lambda ws: Lion(
            ws, lr=lr, betas=(first, second), weight_decay=decay))
    for k, (kind, most) in enumerate(CLIPS):
        clip = {"norm": nn.utils.clip_grad_norm_, "value": nn.utils.clip_grad_value_}[kind]
        steps(out, f"clip.{k}", [float(kind == "norm"), most],
              lambda ws: torch.optim.SGD(ws, lr=0.1, momentum=0.9), lambda ws: clip(ws, most))
    save("optimisers.safetensors", out)
