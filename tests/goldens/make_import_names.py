#!/usr/bin/env python3
"""Writes import_names/NET.safetensors and NET.check.safetensors: small nets under the names that other
programs give their modules, with random weights, scales, shifts and statistics, and what PyTorch
computes with them.

Run by hand, with PyTorch 2 and safetensors installed: `python3 tests/goldens/make_import_names.py`.
The specs of the same nets stand in tests/cli/interchange/names.rs.
"""
import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

HERE = pathlib.Path(__file__).parent / "import_names"
W, CLASSES = 4, 5


def conv(i, o, k=3, stride=1):
    return nn.Conv2d(i, o, k, stride, k // 2, bias=False)


def bn(c):
    return nn.BatchNorm2d(c)


class Named(nn.Module):
    """A container whose children have the names that are given, nested by dots."""

    def __init__(self, **children):
        super().__init__()
        for name, child in children.items():
            self.add_module(name, child)


class Pre(nn.Module):
    """bn, relu, conv, bn, relu, conv; the shortcut convolves what the first ReLU gives."""

    def __init__(self, i, o, stride=1, norm="bn", shortcut="shortcut"):
        super().__init__()
        self.norm, self.short = norm, shortcut
        self.add_module(norm + "1", bn(i))
        self.conv1 = conv(i, o, 3, stride)
        self.add_module(norm + "2", bn(o))
        self.conv2 = conv(o, o)
        if i != o:
            self.add_module(shortcut, nn.Sequential(conv(i, o, 1, stride)))

    def forward(self, x):
        a = F.relu(getattr(self, self.norm + "1")(x))
        h = getattr(self, self.short)(a) if hasattr(self, self.short) else x
        return h + self.conv2(F.relu(getattr(self, self.norm + "2")(self.conv1(a))))


class Iso(nn.Module):
    """One width: the batch norm behind the stem is called bn1, that before the head bn."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = conv(3, W), bn(W)
        self.blocks = nn.Sequential(*[Pre(W, W, norm="norm") for _ in range(3)])
        self.bn, self.fc = bn(W), nn.Linear(W, CLASSES)

    def forward(self, x):
        x = self.blocks(F.relu(self.bn1(self.conv1(x))))
        return self.fc(F.relu(self.bn(x)).mean((2, 3)))


class Kuangliu(nn.Module):
    """Pre-activation as in pytorch-cifar, with a batch norm before the head."""

    def __init__(self):
        super().__init__()
        self.conv1 = conv(3, W)
        self.layer1 = nn.Sequential(Pre(W, W), Pre(W, W))
        self.layer2 = nn.Sequential(Pre(W, 2 * W, 2), Pre(2 * W, 2 * W))
        self.bn, self.linear = bn(2 * W), nn.Linear(2 * W, CLASSES)

    def forward(self, x):
        x = self.layer2(self.layer1(self.conv1(x)))
        return self.linear(F.relu(self.bn(x)).mean((2, 3)))


class Change(nn.Module):
    """timm's bottleneck of resnetv2."""

    def __init__(self, i, o, stride):
        super().__init__()
        m = o // 2
        if i != o or stride > 1:
            self.downsample = Named(conv=conv(i, o, 1, stride))
        self.norm1, self.conv1 = bn(i), conv(i, m, 1)
        self.norm2, self.conv2 = bn(m), conv(m, m, 3, stride)
        self.norm3, self.conv3 = bn(m), conv(m, o, 1)

    def forward(self, x):
        a = F.relu(self.norm1(x))
        h = self.downsample.conv(a) if hasattr(self, "downsample") else x
        y = self.conv2(F.relu(self.norm2(self.conv1(a))))
        return h + self.conv3(F.relu(self.norm3(y)))


class Timm(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = Named(conv=conv(3, W, 3, 2))
        stages = [[Change(W, 2 * W, 1), Change(2 * W, 2 * W, 1)], [Change(2 * W, 4 * W, 2), Change(4 * W, 4 * W, 1)]]
        self.stages = nn.Sequential(*[Named(blocks=nn.Sequential(*stage)) for stage in stages])
        self.norm = bn(4 * W)
        self.head = Named(fc=nn.Conv2d(4 * W, CLASSES, 1))

    def forward(self, x):
        x = self.stem.conv(x)
        for stage in self.stages:
            x = stage.blocks(x)
        return self.head.fc(F.relu(self.norm(x)).mean((2, 3), keepdim=True)).flatten(1)


class HuggingLayer(nn.Module):
    def __init__(self, i, o, k, stride, activation=True):
        super().__init__()
        self.convolution, self.normalization = conv(i, o, k, stride), bn(o)
        self.activation = activation

    def forward(self, x):
        x = self.normalization(self.convolution(x))
        return F.relu(x) if self.activation else x


class HuggingBlock(nn.Module):
    """Its projection has the shape of the last convolution of its branch, and so has its norm."""

    def __init__(self, i, o, stride):
        super().__init__()
        if i != o or stride > 1:
            self.shortcut = HuggingLayer(i, o, 1, stride, False)
        m = i
        self.layer = nn.Sequential(
            HuggingLayer(i, m, 1, 1), HuggingLayer(m, m, 3, stride), HuggingLayer(m, o, 1, 1, False)
        )

    def forward(self, x):
        return F.relu((self.shortcut(x) if hasattr(self, "shortcut") else x) + self.layer(x))


class Hugging(nn.Module):
    def __init__(self):
        super().__init__()
        stages = [[(W, 2 * W, 1), (2 * W, 2 * W, 1)], [(2 * W, 4 * W, 2), (4 * W, 4 * W, 1)]]
        made = [Named(layers=nn.Sequential(*[HuggingBlock(*of) for of in stage])) for stage in stages]
        self.resnet = Named(
            embedder=Named(embedder=HuggingLayer(3, W, 3, 2)), encoder=Named(stages=nn.Sequential(*made))
        )
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(4 * W, CLASSES))

    def forward(self, x):
        x = self.resnet.embedder.embedder(x)
        for stage in self.resnet.encoder.stages:
            x = stage.layers(x)
        return self.classifier(x.mean((2, 3)))


class PyclsBlock(nn.Module):
    """Layers have letters; the projection is proj, and its norm simply bn."""

    def __init__(self, i, o, stride):
        super().__init__()
        if i != o:
            self.proj, self.bn = conv(i, o, 1, stride), bn(o)
        self.f = Named(a=conv(i, o, 3, stride), a_bn=bn(o), b=conv(o, o), b_bn=bn(o))

    def forward(self, x):
        f = self.f
        y = f.b_bn(f.b(F.relu(f.a_bn(f.a(x)))))
        return F.relu(y + (self.bn(self.proj(x)) if hasattr(self, "proj") else x))


class Pycls(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = Named(conv=conv(3, W), bn=bn(W))
        self.s1 = Named(b1=PyclsBlock(W, W, 1), b2=PyclsBlock(W, W, 1))
        self.s2 = Named(b1=PyclsBlock(W, 2 * W, 2), b2=PyclsBlock(2 * W, 2 * W, 1))
        self.head = Named(fc=nn.Linear(2 * W, CLASSES))

    def forward(self, x):
        x = F.relu(self.stem.bn(self.stem.conv(x)))
        for stage in (self.s1, self.s2):
            x = stage.b2(stage.b1(x))
        return self.head.fc(x.mean((2, 3)))


class Sides(nn.Module):
    """The original unit; option A with half of its zero channels in front."""

    def __init__(self, i, o, stride=1):
        super().__init__()
        self.conv1, self.bn1 = conv(i, o, 3, stride), bn(o)
        self.conv2, self.bn2 = conv(o, o), bn(o)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        c, o = x.shape[1], y.shape[1]
        h = x if c == o else F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, (o - c) // 2, (o - c) // 2))
        return F.relu(y + h)


class Akamaster(nn.Module):
    def __init__(self):
        super().__init__()
        net = Named(
            conv1=conv(3, W),
            bn1=bn(W),
            layer1=nn.Sequential(Sides(W, W), Sides(W, W)),
            layer2=nn.Sequential(Sides(W, 2 * W, 2), Sides(2 * W, 2 * W)),
            linear=nn.Linear(2 * W, CLASSES),
        )
        self.module = net

    def forward(self, x):
        net = self.module
        x = net.layer2(net.layer1(F.relu(net.bn1(net.conv1(x)))))
        return net.linear(x.mean((2, 3)))


class Listed(nn.Module):
    """Everything in one list: numbers alone tell what stands where."""

    def __init__(self):
        super().__init__()
        block = lambda: nn.Sequential(bn(W), nn.ReLU(), conv(W, W), bn(W), nn.ReLU(), conv(W, W))
        head = [bn(W), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(W, CLASSES)]
        self.net = nn.ModuleList([conv(3, W), bn(W), nn.ReLU(), block(), block(), *head])

    def forward(self, x):
        for layer in self.net:
            x = x + layer(x) if isinstance(layer, nn.Sequential) else layer(x)
        return x


def main():
    HERE.mkdir(exist_ok=True)
    nets = dict(iso=Iso, kuangliu=Kuangliu, timm=Timm, hugging=Hugging, pycls=Pycls, sides=Akamaster, listed=Listed)
    for seed, (name, make) in enumerate(nets.items()):
        torch.manual_seed(seed)
        net = make()
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.data.uniform_(0.5, 1.5)
                module.bias.data.uniform_(-0.5, 0.5)
                module.running_mean.uniform_(-0.5, 0.5)
                module.running_var.uniform_(0.5, 1.5)
        net.eval()
        inputs = torch.randn(3, 3, 8, 8)
        with torch.no_grad():
            logits = net(inputs)
        save_file({k: v.contiguous() for k, v in net.state_dict().items()}, HERE / f"{name}.safetensors")
        save_file({"input": inputs, "logits": logits}, HERE / f"{name}.check.safetensors")
        print(name, len(net.state_dict()), logits.abs().max().item())


main()
