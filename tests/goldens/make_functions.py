#!/usr/bin/env python3
"""Writes functions.safetensors: what PyTorch computes in float64 with functions of elements.

Run by hand, with PyTorch 2 installed, when a golden is added: `python3 tests/goldens/make_functions.py`.
"""
import torch
import torch.nn.functional as F

from make import save

# Names as the language writes them. Slopes at 0 are PyTorch's, but where there is none.
FUNCTIONS = {
    "gelu": F.gelu,
    "gelu(approximate: true)": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "leaky_relu": F.leaky_relu,
    "leaky_relu(slope: 0.3)": lambda x: F.leaky_relu(x, 0.3),
    "elu": F.elu,
    "elu(alpha: 1.5)": lambda x: F.elu(x, 1.5),
    "softplus": F.softplus,
    # In float64 PyTorch's own have a sixth in float32.
    "hard_swish": lambda x: x * F.relu6(x + 3) / 6,
    "hard_sigmoid": lambda x: F.relu6(x + 3) / 6,
    "relu6": F.relu6,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "abs": torch.abs,
    "square": torch.square,
}


def main():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    out = {}
    for name, function in FUNCTIONS.items():
        positive = name in ("log", "sqrt")
        spread = torch.randn(26) * 4
        fixed = torch.tensor([0.0, 1e-9, -1e-9, 12.0, -12.0, 40.0])
        x = torch.cat([fixed, spread]).reshape(1, 8, 2, 2)
        if positive:
            x = x.abs() + 1e-3
        x = x.requires_grad_()
        g = torch.randn_like(x)
        y = function(x)
        y.backward(g)
        out |= {f"{name}.x": x, f"{name}.g": g, f"{name}.y": y, f"{name}.dx": x.grad}
    # Clipped, so that elements tie for the largest.
    x = F.relu(torch.randn(2, 6, 2, 3) - 0.5).requires_grad_()
    g = torch.randn(2, 1, 2, 3)
    for name, y in {
        "channel_max": torch.amax(x, dim=1, keepdim=True),
        "channel_mean": x.mean(dim=1, keepdim=True),
    }.items():
        x.grad = None
        y.backward(g)
        out |= {f"{name}.x": x, f"{name}.g": g, f"{name}.y": y, f"{name}.dx": x.grad.clone()}
    save("functions.safetensors", out)


if __name__ == "__main__":
    main()
