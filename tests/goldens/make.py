#!/usr/bin/env python3
"""Writes ops.safetensors, norms.safetensors and resnet.safetensors: what PyTorch computes in float64.

Run by hand, with PyTorch 2 installed, when a golden is added: `python3 tests/goldens/make.py`.
Tensors keep PyTorch's layouts (NCHW pictures, OIHW weights); the tests convert.
"""
import json
import pathlib
import struct

import torch
import torch.nn.functional as F
from torch import nn

HERE = pathlib.Path(__file__).parent
CONVOLUTIONS = [
    # input, kernel, stride, padding
    ((4, 5), (3, 3), 1, (1, 1)),
    ((6, 6), (3, 3), 2, (1, 1)),
    ((7, 5), (3, 3), 3, (0, 1)),
    ((6, 5), (1, 1), 2, (0, 0)),
    ((4, 6), (2, 5), 1, (0, 2)),
]
POOLS = [("max", 2, 2, 0), ("max", 3, 2, 1), ("avg", 2, 2, 0), ("avg", 3, 1, 1), ("avg", 3, 3, 0)]
SGD = [(0.0, 0.0, False), (0.9, 0.0, False), (0.9, 1e-2, False), (0.9, 1e-2, True)]


def save(name, tensors):
    """The safetensors format: header length, JSON header, raw little-endian data."""
    header, blobs, at = {}, [], 0
    for key in sorted(tensors):
        tensor = tensors[key].detach().to(torch.float64).contiguous()
        blob = tensor.numpy().astype("<f8").tobytes()
        header[key] = {"dtype": "F64", "shape": list(tensor.shape), "data_offsets": [at, at + len(blob)]}
        at += len(blob)
        blobs.append(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (HERE / name).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def convolutions(out):
    for index, (size, kernel, stride, padding) in enumerate(CONVOLUTIONS):
        x = torch.randn(2, 2, *size, requires_grad=True)
        w = torch.randn(3, 2, *kernel, requires_grad=True)
        y = F.conv2d(x, w, stride=stride, padding=padding)
        g = torch.randn_like(y)
        y.backward(g)
        geometry = torch.tensor([stride, *padding])
        out |= {f"conv.{index}.{k}": v for k, v in
                dict(geometry=geometry, x=x, w=w, y=y, g=g, dx=x.grad, dw=w.grad).items()}


def batch_norms(out):
    bn = nn.BatchNorm2d(3)
    for parameter in bn.parameters():
        nn.init.normal_(parameter, 0.5, 1.0)
    bn.running_mean.normal_()
    bn.running_var.uniform_(0.5, 2.0)
    out |= {f"bn.before.{k}": v.clone() for k, v in bn.state_dict().items() if v.dim()}
    x = (torch.randn(3, 3, 4, 5) * 2 + 3).requires_grad_()
    g = torch.randn(3, 3, 4, 5)
    bn.eval()
    out["bn.eval"] = bn(x)
    bn.train()
    y = bn(x)
    y.backward(g)
    out |= {"bn.x": x, "bn.g": g, "bn.train": y, "bn.dx": x.grad}
    out |= {"bn.dweight": bn.weight.grad, "bn.dbias": bn.bias.grad}
    out |= {f"bn.after.{k}": v for k, v in bn.state_dict().items() if k.startswith("running")}


def norms(out):
    x = torch.randn(3, 6, 4, 5) * 2 + 3
    g = torch.randn(3, 6, 4, 5)
    out |= {"norm.x": x, "norm.g": g}
    layers = {
        "groups": nn.GroupNorm(3, 6, 1e-3),
        "image": nn.GroupNorm(1, 6),
        "instance": nn.InstanceNorm2d(6, affine=True),
        "pixel": nn.LayerNorm(6, 1e-6),
    }
    for name, layer in layers.items():
        for parameter in layer.parameters():
            nn.init.normal_(parameter, 0.5, 1.0)
        given = x.clone().requires_grad_()
        last = name == "pixel"
        y = layer(given.permute(0, 2, 3, 1)).permute(0, 3, 1, 2) if last else layer(given)
        y.backward(g)
        out |= {f"norm.{name}.y": y, f"norm.{name}.dx": given.grad}
        for part in ("weight", "bias"):
            parameter = getattr(layer, part)
            out |= {f"norm.{name}.{part}": parameter.detach(), f"norm.{name}.d{part}": parameter.grad}


def pointwise(out):
    for name, function in dict(relu=F.relu, sigmoid=torch.sigmoid, tanh=torch.tanh).items():
        x = (torch.randn(1, 3, 2, 2) * 3).requires_grad_()
        g = torch.randn_like(x)
        y = function(x)
        y.backward(g)
        out |= {f"{name}.x": x, f"{name}.g": g, f"{name}.y": y, f"{name}.dx": x.grad}


def pools(out):
    for index, (kind, window, stride, padding) in enumerate(POOLS):
        x = torch.randn(2, 1, 6, 7, requires_grad=True)
        pool = F.max_pool2d if kind == "max" else F.avg_pool2d
        y = pool(x, window, stride, padding)
        g = torch.randn_like(y)
        y.backward(g)
        geometry = torch.tensor([kind == "max", window, stride, padding])
        out |= {f"pool.{index}.{k}": v for k, v in
                dict(geometry=geometry, x=x, y=y, g=g, dx=x.grad).items()}


def losses(out):
    for name, smoothing in dict(hard=0.0, smooth=0.1).items():
        z = (torch.randn(5, 4) * 4).requires_grad_()
        targets = F.one_hot(torch.tensor([0, 3, 1, 1, 2]), 4).double()
        targets = targets * (1 - smoothing) + smoothing / 4
        loss = F.cross_entropy(z, targets)
        loss.backward()
        out |= {f"loss.{name}.logits": z, f"loss.{name}.targets": targets}
        out |= {f"loss.{name}.loss": loss, f"loss.{name}.dlogits": z.grad}


def optimisers(out):
    for index, (momentum, decay, nesterov) in enumerate(SGD):
        w = nn.Parameter(torch.randn(4))
        optimiser = torch.optim.SGD(
            [w], lr=0.1, momentum=momentum, weight_decay=decay, nesterov=nesterov)
        out[f"sgd.{index}.settings"] = torch.tensor([0.1, momentum, decay, nesterov])
        out[f"sgd.{index}.w0"] = w.detach().clone()
        for step in (1, 2):
            w.grad = torch.randn(4)
            out[f"sgd.{index}.g{step}"] = w.grad.clone()
            optimiser.step()
            out[f"sgd.{index}.w{step}"] = w.detach().clone()


class Unit(nn.Module):
    """Full pre-activation, basic; option A on the raw input."""

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.stride, self.extra = stride, width - inputs
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)

    def forward(self, x):
        h = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.extra))
        return h + self.conv2(F.relu(self.bn2(self.conv1(F.relu(self.bn1(x))))))


class PreactResNet(nn.Module):
    """Depth 6n+2 with n = 1."""

    def __init__(self, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, 1, 1, bias=False)
        self.units = nn.Sequential(Unit(4, 4, 1), Unit(4, 8, 2), Unit(8, 16, 2))
        self.bn = nn.BatchNorm2d(16)
        self.linear = nn.Linear(16, classes)

    def forward(self, x):
        x = F.relu(self.bn(self.units(self.conv1(x))))
        return self.linear(x.mean((2, 3)))


def state(net, prefix):
    tensors = net.state_dict().items()
    return {f"{prefix}.{k}": v.detach().clone() for k, v in tensors if v.dim()}


def resnet(out):
    net = PreactResNet(5)
    for name, parameter in net.named_parameters():
        if "bn" in name:
            nn.init.normal_(parameter, 1.0 if name.endswith("weight") else 0.0, 0.3)
    images = torch.randn(4, 3, 8, 8)
    targets = F.one_hot(torch.tensor([1, 4, 0, 1]), 5).double()
    settings = [0.05, 0.9, 1e-2, True]
    optimiser = torch.optim.SGD(net.parameters(), lr=settings[0], momentum=settings[1],
                                weight_decay=settings[2], nesterov=settings[3])
    out |= {"images": images, "targets": targets, "settings": torch.tensor(settings)}
    out |= state(net, "before")
    for step in (1, 2):
        logits = net(images)
        loss = F.cross_entropy(logits, targets)
        optimiser.zero_grad()
        loss.backward()
        out |= {f"loss.{step}": loss, f"logits.{step}": logits}
        if step == 1:
            out |= {f"grad.{k}": v.grad.clone() for k, v in net.named_parameters()}
        optimiser.step()
    out |= state(net, "after")
    net.eval()
    out["logits.eval"] = net(images)


if __name__ == "__main__":
    torch.manual_seed(1603)
    torch.set_default_dtype(torch.float64)
    for name, makers in {
        "ops.safetensors": [convolutions, batch_norms, pointwise, pools, losses, optimisers],
        "norms.safetensors": [norms],
        "resnet.safetensors": [resnet],
    }.items():
        tensors = {}
        for make in makers:
            make(tensors)
        save(name, tensors)
