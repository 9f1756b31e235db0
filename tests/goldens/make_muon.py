#!/usr/bin/env python3
"""Writes muon.safetensors: Newton–Schulz by singular values, torch.optim.Muon, the step of airbench94_muon,
and five steps of a small net.

Run by hand, with PyTorch 2.9 or newer: `python3 tests/goldens/make_muon.py`. PyTorch iterates in bfloat16;
here its own text does so in float64.
"""
import inspect

import torch
import torch.nn.functional as F
import torch.optim._muon as muon
from make import save

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
# Filters and linear weights, O×I×Kh×Kw: more inputs than outputs, more outputs than inputs, as many.
SHAPES = [(4, 3, 2, 2), (8, 5, 1, 1), (6, 6, 1, 1), (1, 2, 3, 1), (7, 1, 1, 1)]
# lr, λ, μ, Nesterov, iterations, how the rate is adjusted
MUON = [(0.1, 0.0, 0.95, 1, 5, "original"), (0.02, 0.1, 0.6, 0, 3, "match_rms_adamw"),
        (0.05, 0.5, 0.0, 0, 1, "spectral_unclamped")]
ADJUST = ["original", "match_rms_adamw", "spectral_unclamped", "none"]
# lr, μ, Nesterov
AIRBENCH = [(0.24, 0.6, 1), (0.1, 0.9, 0)]
STEPS = 3
EPS = 1e-7


def in_float64():
    text = inspect.getsource(muon._zeropower_via_newtonschulz)
    assert "torch.bfloat16" in text
    exec(text.replace("torch.bfloat16", "torch.float64"), muon.__dict__)


def by_singular_values(g, steps, coefficients, eps):
    """What the polynomial makes of each singular value, between the vectors as they are."""
    u, s, v = torch.linalg.svd(g, full_matrices=False)
    s = s / (g.norm() + eps)
    a, b, c = coefficients
    for _ in range(steps):
        s = a * s + b * s**3 + c * s**5
    return u @ torch.diag(s) @ v


def muon_steps(out):
    for case, (lr, decay, momentum, nesterov, iterations, adjust) in enumerate(MUON):
        name = f"muon.{case}"
        out[f"{name}.settings"] = torch.tensor(
            [lr, decay, momentum, nesterov, iterations, ADJUST.index(adjust)])
        # PyTorch bounds the norm by ε where its author adds it: an ε that does neither.
        ws = [torch.nn.Parameter(torch.randn(s[0], s[1] * s[2] * s[3])) for s in SHAPES]
        optimiser = torch.optim.Muon(ws, lr=lr, weight_decay=decay, momentum=momentum, nesterov=bool(nesterov),
                                     ns_steps=iterations, eps=1e-30, adjust_lr_fn=adjust)
        for k, w in enumerate(ws):
            out[f"{name}.{k}.w0"] = w.detach().view(SHAPES[k]).clone()
        for step in range(1, STEPS + 1):
            for k, w in enumerate(ws):
                w.grad = torch.randn(w.shape)
                out[f"{name}.{k}.g{step}"] = w.grad.view(SHAPES[k]).clone()
            optimiser.step()
            for k, w in enumerate(ws):
                out[f"{name}.{k}.w{step}"] = w.detach().view(SHAPES[k]).clone()


def airbench_steps(out):
    """airbench94_muon.py (Jordan 2024), class Muon: weights are normalised, and the rate is as it is."""
    for case, (lr, momentum, nesterov) in enumerate(AIRBENCH):
        name = f"airbench.{case}"
        out[f"{name}.settings"] = torch.tensor([lr, momentum, nesterov])
        for k, shape in enumerate(SHAPES):
            w, kept = torch.randn(shape), torch.zeros(shape)
            out[f"{name}.{k}.w0"] = w.clone()
            for step in range(1, STEPS + 1):
                g = torch.randn(shape)
                out[f"{name}.{k}.g{step}"] = g
                kept = momentum * kept + g
                direction = g + momentum * kept if nesterov else kept
                w = w * len(w)**0.5 / w.norm()
                matrix = direction.reshape(len(w), -1)
                w = w - lr * by_singular_values(matrix, 3, COEFFICIENTS, EPS).view(shape)
                out[f"{name}.{k}.w{step}"] = w.clone()


def net_steps(out):
    """The net of tests/oracle/goldens/muon.rs: Muon for both hidden layers, AdamW for all else."""
    shapes = {"layers.conv1.weight": (4, 2, 3, 3), "layers.conv2.weight": (12, 4, 1, 1),
              "layers.conv2.bias": (12,), "layers.conv3.weight": (5, 12, 3, 3),
              "layers.linear.weight": (3, 5), "layers.linear.bias": (3,)}
    p = {name: torch.nn.Parameter(0.5 * torch.randn(shape)) for name, shape in shapes.items()}
    hidden = ["layers.conv2.weight", "layers.conv3.weight"]
    flat = {name: torch.nn.Parameter(p[name].detach().reshape(len(p[name]), -1).clone()) for name in hidden}
    others = [p[name] for name in p if name not in hidden]
    optimisers = [torch.optim.Muon(flat.values(), lr=0.05, weight_decay=0.1, eps=1e-30),
                  torch.optim.AdamW(others, lr=0.01, betas=(0.9, 0.95), weight_decay=0.02)]
    for name, w in p.items():
        out[f"net.w0.{name}"] = w.detach().clone()
    for step in range(1, 6):
        x, t = torch.randn(4, 2, 5, 5), torch.randint(3, (4,))
        out[f"net.x{step}"], out[f"net.t{step}"] = x, F.one_hot(t, 3).double()
        weights = {**p, **{name: w.view(shapes[name]) for name, w in flat.items()}}
        y = F.relu(F.conv2d(x, weights["layers.conv1.weight"], padding=1))
        y = F.relu(F.conv2d(y, weights["layers.conv2.weight"], weights["layers.conv2.bias"]))
        y = F.relu(F.conv2d(y, weights["layers.conv3.weight"], padding=1)).mean((2, 3))
        loss = F.cross_entropy(F.linear(y, weights["layers.linear.weight"], weights["layers.linear.bias"]), t)
        for optimiser in optimisers:
            optimiser.zero_grad()
        loss.backward()
        for optimiser in optimisers:
            optimiser.step()
        out[f"net.loss{step}"] = loss.detach()
        weights = {**p, **{name: w.view(shapes[name]) for name, w in flat.items()}}
        if step == 5:
            for name, w in weights.items():
                out[f"net.w{step}.{name}"] = w.detach().clone()


if __name__ == "__main__":
    torch.manual_seed(2410)
    torch.set_default_dtype(torch.float64)
    in_float64()
    out = {}
    for k, shape in enumerate(SHAPES):
        for steps in (1, 3, 5):
            g = torch.randn(shape)
            out[f"orthogonal.{k}.{steps}.g"] = g
            matrix = g.reshape(len(g), -1)
            found = by_singular_values(matrix, steps, COEFFICIENTS, EPS)
            theirs = muon._zeropower_via_newtonschulz(matrix, COEFFICIENTS, steps, EPS)
            assert (found - theirs).abs().max() < 1e-6, "the two disagree by more than ε"
            out[f"orthogonal.{k}.{steps}.x"] = found.view(shape)
    muon_steps(out)
    airbench_steps(out)
    net_steps(out)
    save("muon.safetensors", out)
