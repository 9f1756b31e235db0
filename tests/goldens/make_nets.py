#!/usr/bin/env python3
"""Writes nets/NAME.safetensors: small nets under the names that other programs give their modules,
with what PyTorch computes in float64: logits in evaluation, losses and logits of five training steps,
and logits in evaluation behind them.

Run by hand, with PyTorch 2, torchvision, timm and transformers installed:
`python3 tests/goldens/make_nets.py [NAME …]`. No weights are kept: all numbers follow from the place of
their tensor in the state dict (`number`), and `state` in the metadata has names and shapes; spec and
settings of the same net stand beside it.
"""
import json
import math
import pathlib
import struct
import sys

import numpy
import timm.models.resnet
import timm.models.resnetv2
import torch
import torch.nn.functional as F
import torchvision.models.mobilenetv2
import torchvision.models.resnet
from timm.layers import BatchNormAct2d, create_conv2d
from torch import nn

HERE = pathlib.Path(__file__).parent / "nets"
W, CLASSES, BATCH = 4, 5, 4
SETTINGS = [0.02, 0.9, 1e-2, True]
IMAGES = 1 << 20
# What nets draw in training: in this step, so many times before.
DRAWS, DRAWN = 1 << 21, {"step": 0, "times": 0}
# Without normalisation, five steps at the others' rate diverge.
RATES = {"fixup": 2e-4}


def number(tensor, count):
    """Multiples of 2⁻²⁰ in [0, 1), by Wellons' lowbias32 of the places of tensor and element."""
    h = numpy.arange(count, dtype=numpy.uint32) * numpy.uint32(0x85EBCA77)
    h += numpy.uint32((tensor * 0x9E3779B1 + 1) & 0xFFFFFFFF)
    h ^= h >> 16
    h *= numpy.uint32(0x7FEB352D)
    h ^= h >> 15
    h *= numpy.uint32(0x846CA68B)
    h ^= h >> 16
    return (h >> numpy.uint32(12)).astype(numpy.float64) / 2**20


def draw(count):
    """Numbers in [0, 1): others for each draw of a pass and for each of 64 steps."""
    place = DRAWS + 64 * DRAWN["times"] + DRAWN["step"]
    DRAWN["times"] += 1
    return torch.from_numpy(number(place, count)).reshape(-1, 1, 1, 1)


class Shaken(torch.autograd.Function):
    """Multiplies by one factor, and gradients by another."""

    @staticmethod
    def forward(ctx, x, factor, back):
        ctx.save_for_backward(back)
        return factor * x

    @staticmethod
    def backward(ctx, gradient):
        (back,) = ctx.saved_tensors
        return back * gradient, None, None


def value(place, name, shape):
    """Exact in float32. Weights have variances of one half to two over what they read."""
    u = number(place, math.prod(shape))
    if len(shape) > 1:
        reads, scale = math.prod(shape[1:]), 1.0
        while scale * scale * reads > 24:
            scale /= 2
        while scale * scale * reads <= 6:
            scale *= 2
        u = (u - 0.5) * scale
    elif name.endswith("bias") or name.endswith("running_mean"):
        u = u - 0.5
    else:
        u = u + 0.5
    return torch.from_numpy(u).reshape(shape)


def save(name, tensors, about):
    """The safetensors format: header length, JSON header, raw little-endian data."""
    header, blobs, at = {"__metadata__": about}, [], 0
    for key, tensor in tensors.items():
        blob = tensor.detach().to(torch.float64).contiguous().numpy().astype("<f8").tobytes()
        header[key] = {"dtype": "F64", "shape": list(tensor.shape), "data_offsets": [at, at + len(blob)]}
        at += len(blob)
        blobs.append(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (HERE / f"{name}.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def conv(i, o, k=3, stride=1):
    return nn.Conv2d(i, o, k, stride, k // 2, bias=False)


bn = nn.BatchNorm2d


class WideBlock(nn.Module):
    """WideResNet-pytorch of xternalz."""

    def __init__(self, i, o, stride):
        super().__init__()
        self.bn1, self.conv1 = bn(i), conv(i, o, 3, stride)
        self.bn2, self.conv2 = bn(o), conv(o, o)
        self.equal = i == o
        self.convShortcut = None if self.equal else conv(i, o, 1, stride)

    def forward(self, x):
        a = F.relu(self.bn1(x))
        y = self.conv2(F.relu(self.bn2(self.conv1(a))))
        return y + (x if self.equal else self.convShortcut(a))


class WideGroup(nn.Module):
    def __init__(self, n, i, o, stride):
        super().__init__()
        self.layer = nn.Sequential(*[WideBlock(i if k == 0 else o, o, stride if k == 0 else 1) for k in range(n)])

    def forward(self, x):
        return self.layer(x)


class Wide(nn.Module):
    """Depth 16, widen 2, unless told otherwise."""

    def __init__(self, depth=16, widen=2, w=W, classes=CLASSES):
        super().__init__()
        n, wide = (depth - 4) // 6, widen * w
        self.conv1 = conv(3, w)
        self.block1, self.block2 = WideGroup(n, w, wide, 1), WideGroup(n, wide, 2 * wide, 2)
        self.block3 = WideGroup(n, 2 * wide, 4 * wide, 2)
        self.bn1, self.fc = bn(4 * wide), nn.Linear(4 * wide, classes)

    def forward(self, x):
        x = self.block3(self.block2(self.block1(self.conv1(x))))
        return self.fc(F.relu(self.bn1(x)).mean((2, 3)))


class Torchvision(torchvision.models.resnet.ResNet):
    """torchvision's own blocks and forward pass, with a narrow stem and stages."""

    def __init__(self, block, layers, per_group=64, groups=1, norm=bn):
        nn.Module.__init__(self)
        self._norm_layer, self.groups, self.base_width = norm, groups, per_group
        self.inplanes, self.dilation = W, 1
        self.conv1, self.bn1 = nn.Conv2d(3, W, 7, 2, 3, bias=False), norm(W)
        self.relu, self.maxpool = nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        for at, n in enumerate(layers):
            self.add_module(f"layer{at + 1}", self._make_layer(block, W << at, n, 1 + (at > 0)))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear((W << (len(layers) - 1)) * block.expansion, CLASSES)


class Kuangliu(nn.Module):
    """pytorch-cifar's ResNet and PreActResNet."""

    def __init__(self, block, layers, norm):
        super().__init__()
        self.conv1 = conv(3, W)
        self.bn1 = bn(W) if norm else None
        i = W
        for at, n in enumerate(layers):
            blocks = []
            for k in range(n):
                blocks.append(block(i, W << at, 1 + (at > 0 and k == 0)))
                i = (W << at) * block.expansion
            self.add_module(f"layer{at + 1}", nn.Sequential(*blocks))
        self.linear = nn.Linear(i, CLASSES)

    def forward(self, x):
        x = self.conv1(x)
        x = F.relu(self.bn1(x)) if self.bn1 is not None else x
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.linear(x.mean((2, 3)))


class CifarBlock(nn.Module):
    expansion = 1

    def __init__(self, i, o, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(i, o, 3, stride), bn(o)
        self.conv2, self.bn2 = conv(o, o), bn(o)
        self.shortcut = nn.Sequential()
        if stride != 1 or i != o:
            self.shortcut = nn.Sequential(conv(i, o, 1, stride), bn(o))

    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + self.shortcut(x))


class CifarBottleneck(nn.Module):
    expansion = 4

    def __init__(self, i, o, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(i, o, 1), bn(o)
        self.conv2, self.bn2 = conv(o, o, 3, stride), bn(o)
        self.conv3, self.bn3 = conv(o, 4 * o, 1), bn(4 * o)
        self.shortcut = nn.Sequential()
        if stride != 1 or i != 4 * o:
            self.shortcut = nn.Sequential(conv(i, 4 * o, 1, stride), bn(4 * o))

    def forward(self, x):
        y = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return F.relu(self.bn3(self.conv3(y)) + self.shortcut(x))


class PreActBlock(nn.Module):
    expansion = 1

    def __init__(self, i, o, stride):
        super().__init__()
        self.bn1, self.conv1 = bn(i), conv(i, o, 3, stride)
        self.bn2, self.conv2 = bn(o), conv(o, o)
        if stride != 1 or i != o:
            self.shortcut = nn.Sequential(conv(i, o, 1, stride))

    def forward(self, x):
        a = F.relu(self.bn1(x))
        h = self.shortcut(a) if hasattr(self, "shortcut") else x
        return self.conv2(F.relu(self.bn2(self.conv1(a)))) + h


class AkamasterBlock(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(i, o, 3, stride), bn(o)
        self.conv2, self.bn2 = conv(o, o), bn(o)
        self.more = (o - i) // 2

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        h = x if self.more == 0 else F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.more, self.more))
        return F.relu(y + h)


class Akamaster(nn.Module):
    """Depth 8, at its own widths."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = conv(3, 16), bn(16)
        self.layer1 = nn.Sequential(AkamasterBlock(16, 16, 1))
        self.layer2 = nn.Sequential(AkamasterBlock(16, 32, 2))
        self.layer3 = nn.Sequential(AkamasterBlock(32, 64, 2))
        self.linear = nn.Linear(64, CLASSES)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(x.mean((2, 3)))


def grouped(i, o, stride, groups):
    return nn.Conv2d(i, o, 3, stride, 1, groups=groups, bias=False)


class ResNeXtBlock(nn.Module):
    """The authors' block C, with pytorch-cifar's names."""

    def __init__(self, i, inner, o, groups, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(i, inner, 1), bn(inner)
        self.conv2, self.bn2 = grouped(inner, inner, stride, groups), bn(inner)
        self.conv3, self.bn3 = conv(inner, o, 1), bn(o)
        self.shortcut = nn.Sequential()
        if i != o:
            self.shortcut = nn.Sequential(conv(i, o, 1, stride), bn(o))

    def forward(self, x):
        y = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return F.relu(self.shortcut(x) + self.bn3(self.conv3(y)))


class ResNeXt(nn.Module):
    """Two units a stage, four groups of four channels in the first, unless told otherwise."""

    def __init__(self, n=2, groups=4, base=4, w=W, classes=CLASSES):
        super().__init__()
        self.conv1, self.bn1 = conv(3, w), bn(w)
        i = w
        for at in range(3):
            blocks, o = [], 4 * w << at
            for k in range(n):
                blocks.append(ResNeXtBlock(i, groups * base << at, o, groups, 1 + (at > 0 and k == 0)))
                i = o
            self.add_module(f"layer{at + 1}", nn.Sequential(*blocks))
        self.linear = nn.Linear(i, classes)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(x.mean((2, 3)))


class Inverted(nn.Module):
    """pytorch-cifar's block of MobileNetV2."""

    def __init__(self, i, o, expand, stride):
        super().__init__()
        inner, self.stride = expand * i, stride
        self.conv1, self.bn1 = conv(i, inner, 1), bn(inner)
        self.conv2, self.bn2 = grouped(inner, inner, stride, inner), bn(inner)
        self.conv3, self.bn3 = conv(inner, o, 1), bn(o)
        self.shortcut = nn.Sequential()
        if stride == 1 and i != o:
            self.shortcut = nn.Sequential(conv(i, o, 1), bn(o))

    def forward(self, x):
        y = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        y = self.bn3(self.conv3(y))
        return y + self.shortcut(x) if self.stride == 1 else y


class KuangliuMobileNet(nn.Module):
    """An eighth of the widths, but for the last, unless told otherwise."""

    def __init__(self, times=1, last=64, classes=CLASSES):
        super().__init__()
        i, layers = 4 * times, []
        self.conv1, self.bn1 = conv(3, i), bn(i)
        stages = [(1, 2, 1, 1), (6, 3, 2, 1), (6, 4, 3, 2), (6, 8, 4, 2), (6, 12, 3, 1), (6, 20, 3, 2), (6, 40, 1, 1)]
        for expand, o, n, stride in stages:
            for k in range(n):
                layers.append(Inverted(i, o * times, expand, stride if k == 0 else 1))
                i = o * times
        self.layers = nn.Sequential(*layers)
        self.conv2, self.bn2 = conv(i, last, 1), bn(last)
        self.linear = nn.Linear(last, classes)

    def forward(self, x):
        x = F.relu(self.bn2(self.conv2(self.layers(F.relu(self.bn1(self.conv1(x)))))))
        return self.linear(x.mean((2, 3)))


def vision_mobile():
    make = torchvision.models.mobilenetv2.MobileNetV2
    return make(CLASSES, width_mult=0.125, round_nearest=1, dropout=0.0)


class ReZeroBlock(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.resweight = nn.Parameter(torch.zeros(1))
        self.conv1, self.bn1 = conv(i, o, 3, stride), bn(o)
        self.conv2, self.bn2 = conv(o, o), bn(o)
        self.more = o - i

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        h = x if self.more == 0 else F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, self.more))
        return F.relu(self.resweight * y + h)


class FixupBlock(nn.Module):
    """As hongyi-zhang/Fixup computes it; the five numbers of a block, which their names do not tell
    apart, in a list."""

    def __init__(self, i, o, stride):
        super().__init__()
        self.number = nn.ParameterList(nn.Parameter(torch.zeros(1)) for _ in range(5))
        self.conv1, self.conv2 = conv(i, o, 3, stride), conv(o, o)
        self.narrows = stride > 1

    def forward(self, x):
        bias1a, bias1b, bias2a, scale, bias2b = self.number
        y = F.relu(self.conv1(x + bias1a) + bias1b)
        y = self.conv2(y + bias2a) * scale + bias2b
        if self.narrows:
            x = F.avg_pool2d(x + bias1a, 1, 2)
            x = torch.cat((x, torch.zeros_like(x)), 1)
        return F.relu(y + x)


class OfBlocks(nn.Module):
    """n blocks a stage, at their own widths."""

    def __init__(self, block, n, norm):
        super().__init__()
        self.conv1 = conv(3, 16)
        if norm:
            self.bn1 = bn(16)
        else:
            self.bias1, self.bias2 = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
        i = 16
        for at in range(3):
            blocks = []
            for k in range(n):
                blocks.append(block(i, 16 << at, 1 + (at > 0 and k == 0)))
                i = 16 << at
            self.add_module(f"layer{at + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(64, CLASSES)

    def forward(self, x):
        x = self.conv1(x)
        x = F.relu(self.bn1(x) if hasattr(self, "bn1") else x + self.bias1)
        x = self.layer3(self.layer2(self.layer1(x))).mean((2, 3))
        return self.fc(x if hasattr(self, "bn1") else x + self.bias2)


def cell(i, o, pool=None):
    layers = [conv(i, o), bn(o), nn.ReLU()] + ([nn.MaxPool2d(pool)] if pool else [])
    return nn.Sequential(*layers)


class GhostBatchNorm(nn.BatchNorm2d):
    """Parts of the batch, one behind the other, each by the library's own function; running statistics are
    means over pictures of the parts'."""

    def __init__(self, channels, size):
        super().__init__(channels)
        self.size = size

    def forward(self, x):
        if not self.training:
            return super().forward(x)
        parts, mean, var = [], 0, 0
        for part in x.split(self.size):
            stats, share = [torch.zeros_like(self.running_mean) for _ in range(2)], len(part) / len(x)
            parts.append(F.batch_norm(part, *stats, self.weight, self.bias, True, 1.0, self.eps))
            mean, var = mean + share * stats[0], var + share * stats[1]
        for running, newest in ((self.running_mean, mean), (self.running_var, var)):
            running.copy_((1 - self.momentum) * running + self.momentum * newest)
        return torch.cat(parts)


class ResNet9(nn.Module):
    def __init__(self, w=W // 2, classes=CLASSES, ghost=None):
        super().__init__()
        self.prep = cell(3, w)
        self.layer1, self.res1 = cell(w, 2 * w, 2), nn.Sequential(cell(2 * w, 2 * w), cell(2 * w, 2 * w))
        self.layer2 = cell(2 * w, 4 * w, 2)
        self.layer3, self.res3 = cell(4 * w, 8 * w, 2), nn.Sequential(cell(8 * w, 8 * w), cell(8 * w, 8 * w))
        self.fc = nn.Linear(8 * w, classes, bias=False)
        for parent in [*self.modules()] if ghost else []:
            for name, child in parent.named_children():
                if isinstance(child, nn.BatchNorm2d):
                    setattr(parent, name, GhostBatchNorm(child.num_features, ghost))

    def forward(self, x):
        x = self.layer1(self.prep(x))
        x = self.layer2(x + self.res1(x))
        x = self.layer3(x)
        x = x + self.res3(x)
        return 0.125 * self.fc(F.max_pool2d(x, 4).flatten(1))


class DenseUnit(nn.Module):
    """densenet-pytorch's BottleneckBlock of Andreas Veit."""

    def __init__(self, i, growth):
        super().__init__()
        self.bn1, self.conv1 = bn(i), conv(i, 4 * growth, 1)
        self.bn2, self.conv2 = bn(4 * growth), conv(4 * growth, growth)

    def forward(self, x):
        y = self.conv2(F.relu(self.bn2(self.conv1(F.relu(self.bn1(x))))))
        return torch.cat([x, y], 1)


class Transition(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.bn1, self.conv1 = bn(i), conv(i, o, 1)

    def forward(self, x):
        return F.avg_pool2d(self.conv1(F.relu(self.bn1(x))), 2)


class DenseBlock(nn.Module):
    def __init__(self, n, i, growth):
        super().__init__()
        self.layer = nn.Sequential(*[DenseUnit(i + k * growth, growth) for k in range(n)])

    def forward(self, x):
        return self.layer(x)


class Dense(nn.Module):
    """DenseNet-BC of two units a block, growth 4."""

    def __init__(self, n=2, growth=4, classes=CLASSES):
        super().__init__()
        i = 2 * growth
        self.conv1 = conv(3, i)
        for at in (1, 2, 3):
            self.add_module(f"block{at}", DenseBlock(n, i, growth))
            i += n * growth
            if at < 3:
                self.add_module(f"trans{at}", Transition(i, i // 2))
                i //= 2
        self.bn1, self.fc = bn(i), nn.Linear(i, classes)

    def forward(self, x):
        x = self.trans1(self.block1(self.conv1(x)))
        x = self.block3(self.trans2(self.block2(x)))
        return self.fc(F.relu(self.bn1(x)).mean((2, 3)))


class Shifted(nn.BatchNorm2d):
    """Batch norm without a scale."""

    def __init__(self, channels, momentum):
        super().__init__(channels, eps=1e-12, momentum=momentum)
        self.weight = None


class AirGroup(nn.Module):
    """The group of airbench94, or of airbench96 with a third convolution and a shortcut."""

    def __init__(self, i, o, third):
        super().__init__()
        momentum = 0.1 if third else 0.4
        self.conv1, self.norm1 = conv(i, o), Shifted(o, momentum)
        self.conv2, self.norm2 = conv(o, o), Shifted(o, momentum)
        self.conv3, self.norm3 = (conv(o, o), Shifted(o, momentum)) if third else (None, None)

    def forward(self, x):
        x = F.gelu(self.norm1(F.max_pool2d(self.conv1(x), 2)))
        y = F.gelu(self.norm2(self.conv2(x)))
        return y if self.conv3 is None else F.gelu(x + self.norm3(self.conv3(y)))


class Airbench(nn.Sequential):
    def __init__(self, widths, third, classes=CLASSES):
        groups = [AirGroup(i, o, third) for i, o in zip([24, *widths], widths)]
        head = [nn.MaxPool2d(3), nn.Flatten(), nn.Linear(widths[-1], classes, bias=False)]
        super().__init__(nn.Conv2d(3, 24, 2), nn.GELU(), *groups, *head)

    def forward(self, x):
        return super().forward(x) / 9


class Fractal(nn.Module):
    """A block of three columns; joins are means."""

    def __init__(self, i, o):
        super().__init__()
        two = lambda i: nn.Sequential(cell(i, o), cell(o, o))
        self.left, self.short, self.long = cell(i, o), cell(i, o), two(i)
        self.near, self.far = cell(o, o), two(o)

    def forward(self, x):
        middle = (self.short(x) + self.long(x)) / 2
        return F.max_pool2d((self.left(x) + self.near(middle) + self.far(middle)) / 3, 2)


class FractalNet(nn.Module):
    def __init__(self):
        super().__init__()
        w = W // 2
        widths = [3, w, 2 * w, 4 * w, 8 * w, 8 * w]
        self.blocks = nn.Sequential(*[Fractal(i, o) for i, o in zip(widths, widths[1:])])
        self.fc = nn.Linear(8 * w, CLASSES)

    def forward(self, x):
        return self.fc(self.blocks(x).flatten(1))


class PyramidBlock(nn.Module):
    """PyramidNet-PyTorch of dyhan0920."""

    def __init__(self, i, o, stride):
        super().__init__()
        self.bn1, self.conv1 = bn(i), conv(i, o, 3, stride)
        self.bn2, self.conv2 = bn(o), conv(o, o)
        self.bn3, self.stride, self.more = bn(o), stride, o - i

    def forward(self, x):
        y = self.bn3(self.conv2(F.relu(self.bn2(self.conv1(self.bn1(x))))))
        h = x if self.stride == 1 else F.avg_pool2d(x, 2)
        return y + F.pad(h, (0, 0, 0, 0, 0, self.more))


class Pyramid(nn.Module):
    """Depth 20, alpha 10."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = conv(3, 16), bn(16)
        widths = [16] + [math.floor(16 + 10 * k / 9) for k in range(1, 10)]
        for stage in range(3):
            blocks = [PyramidBlock(*widths[k : k + 2], 1 + (stage > 0 and k % 3 == 0)) for k in range(3 * stage, 3 * stage + 3)]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        self.bn_final, self.fc = bn(widths[-1]), nn.Linear(widths[-1], CLASSES)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(self.bn1(self.conv1(x)))))
        return self.fc(F.relu(self.bn_final(x)).mean((2, 3)))


class ShakeBlock(nn.Module):
    """xgastaldi/shake-shake, Shake-Shake-Image."""

    def __init__(self, i, o, stride):
        super().__init__()
        branch = lambda: nn.Sequential(nn.ReLU(), conv(i, o, 3, stride), bn(o), nn.ReLU(), conv(o, o), bn(o))
        self.net1, self.net2, self.stride, self.equal = branch(), branch(), stride, i == o
        if not self.equal:
            self.skip1, self.skip2, self.bn = conv(i, o // 2, 1), conv(i, o // 2, 1), bn(o)

    def forward(self, x):
        alpha, beta = [draw(BATCH) if self.training else torch.tensor(0.5) for _ in range(2)]
        y = Shaken.apply(self.net1(x), alpha, beta) + Shaken.apply(self.net2(x), 1 - alpha, 1 - beta)
        if self.equal:
            return y + x
        a, every = F.relu(x), slice(None, None, self.stride)
        beside = F.pad(a, (1, -1, 1, -1))
        return y + self.bn(torch.cat((self.skip1(a[:, :, every, every]), self.skip2(beside[:, :, every, every])), 1))


class ShakeShake(nn.Module):
    """Two units a stage, of 4, 8 and 16 channels."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = conv(3, 16), bn(16)
        units, i = [], 16
        for at, o in enumerate((4, 8, 16)):
            units += [ShakeBlock(i, o, 1 + (at > 0)), ShakeBlock(o, o, 1)]
            i = o
        self.units, self.fc = nn.Sequential(*units), nn.Linear(16, CLASSES)

    def forward(self, x):
        return self.fc(F.relu(self.units(self.bn1(self.conv1(x)))).mean((2, 3)))


class ShakeDropBlock(nn.Module):
    """shake-drop_pytorch of owruby; its first convolution's bias is left out, widths are rounded as the paper's."""

    def __init__(self, i, o, stride, p_drop, bottleneck):
        super().__init__()
        if bottleneck:
            w = o // 4
            convs = [bn(i), conv(i, w, 1), bn(w), nn.ReLU(), conv(w, w, 3, stride), bn(w), nn.ReLU(), conv(w, o, 1), bn(o)]
        else:
            convs = [bn(i), conv(i, o, 3, stride), bn(o), nn.ReLU(), conv(o, o), bn(o)]
        self.branch, self.p_drop, self.stride, self.more = nn.Sequential(*convs), p_drop, stride, o - i

    def forward(self, x):
        y = self.branch(x)
        if self.training:
            # gate.bernoulli_(1 - p_drop), alpha.uniform_(-1, 1), beta.uniform_(0, 1)
            gate, alpha, beta = draw(1) >= self.p_drop, 2 * draw(BATCH) - 1, draw(BATCH)
            one = torch.ones_like(alpha)
            y = Shaken.apply(y, torch.where(gate, one, alpha), torch.where(gate, one, beta))
        else:
            y = (1 - self.p_drop) * y
        h = x if self.stride == 1 else F.avg_pool2d(x, 2)
        return y + F.pad(h, (0, 0, 0, 0, 0, self.more))


class ShakeDrop(nn.Module):
    """Three units a stage, alpha 10."""

    def __init__(self, bottleneck=False):
        super().__init__()
        self.c_in, self.bn_in = conv(3, 16), bn(16)
        widths = [16] + [math.floor(16 + 10 * k / 9) * (4 if bottleneck else 1) for k in range(1, 10)]
        for stage in range(3):
            blocks = [
                ShakeDropBlock(*widths[k : k + 2], 1 + (stage > 0 and k % 3 == 0), 0.5 * (k + 1) / 9, bottleneck)
                for k in range(3 * stage, 3 * stage + 3)
            ]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        self.bn_out, self.fc_out = bn(widths[-1]), nn.Linear(widths[-1], CLASSES)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(self.bn_in(self.c_in(x)))))
        return self.fc_out(F.relu(self.bn_out(x)).mean((2, 3)))


class SEBlock(nn.Module):
    """pytorch-cifar's PreActBlock of senet.py, with a reduction of 2."""

    expansion = 1

    def __init__(self, i, o, stride):
        super().__init__()
        self.bn1, self.conv1 = bn(i), conv(i, o, 3, stride)
        self.bn2, self.conv2 = bn(o), conv(o, o)
        if stride != 1 or i != o:
            self.shortcut = nn.Sequential(conv(i, o, 1, stride))
        self.fc1, self.fc2 = nn.Conv2d(o, o // 2, 1), nn.Conv2d(o // 2, o, 1)

    def forward(self, x):
        a = F.relu(self.bn1(x))
        h = self.shortcut(a) if hasattr(self, "shortcut") else x
        y = self.conv2(F.relu(self.bn2(self.conv1(a))))
        return y * torch.sigmoid(self.fc2(F.relu(self.fc1(y.mean((2, 3), True))))) + h


class ChannelGate(nn.Module):
    """Jongchan/attention-module, with a reduction of 2."""

    def __init__(self, c):
        super().__init__()
        self.mlp = nn.Sequential(nn.Flatten(), nn.Linear(c, c // 2), nn.ReLU(), nn.Linear(c // 2, c))

    def forward(self, x):
        both = self.mlp(F.adaptive_avg_pool2d(x, 1)) + self.mlp(F.adaptive_max_pool2d(x, 1))
        return x * torch.sigmoid(both)[:, :, None, None]


class SpatialGate(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn = conv(2, 1, 7), nn.BatchNorm2d(1, momentum=0.01)

    def forward(self, x):
        both = torch.cat((x.max(1, True)[0], x.mean(1, True)), 1)
        return x * torch.sigmoid(self.bn(self.conv(both)))


class CBAMBlock(nn.Module):
    """torchvision's basic block with both gates behind F."""

    expansion = 1

    def __init__(self, i, o, stride=1, downsample=None, *_, **__):
        super().__init__()
        self.conv1, self.bn1 = conv(i, o, 3, stride), bn(o)
        self.conv2, self.bn2 = conv(o, o), bn(o)
        self.downsample = downsample
        self.cbam = nn.Sequential(ChannelGate(o), SpatialGate())

    def forward(self, x):
        y = self.cbam(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class Reversible(nn.Module):
    """A unit of renmengye/revnet-public; where it halves the picture, its convolution is padded as TensorFlow's."""

    def __init__(self, i, o, stride, active):
        super().__init__()
        self.f, self.g, self.stride, self.more = nn.Module(), nn.Module(), stride, (o - i) // 2
        if active:
            self.f.bn1 = bn(i)
        self.f.conv1 = nn.Conv2d(i, o, 3, stride, 2 - stride, bias=False)
        self.f.bn2, self.f.conv2 = bn(o), conv(o, o)
        self.g.bn1, self.g.conv1, self.g.bn2, self.g.conv2 = bn(o), conv(o, o), bn(o), conv(o, o)

    def half(self, of, x):
        x = F.relu(of.bn1(x)) if hasattr(of, "bn1") else x
        x = F.pad(x, (0, 1, 0, 1)) if of is self.f and self.stride == 2 else x
        return of.conv2(F.relu(of.bn2(of.conv1(x))))

    def forward(self, x):
        one, two = x.chunk(2, 1)
        h = lambda x: F.pad(F.avg_pool2d(x, self.stride), (0, 0, 0, 0, self.more, self.more))
        first = h(one) + self.half(self.f, two)
        return torch.cat((first, h(two) + self.half(self.g, first)), 1)


class RevNet(nn.Module):
    """Two units a stage, of 8, 16 and 24 channels."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = conv(3, 8), bn(8)
        units, i = [], 4
        for at, o in enumerate((4, 8, 12)):
            units += [Reversible(i, o, 1 + (at > 0), at > 0), Reversible(o, o, 1, True)]
            i = o
        self.units, self.bn2, self.fc = nn.Sequential(*units), bn(24), nn.Linear(24, CLASSES)

    def forward(self, x):
        x = self.units(F.relu(self.bn1(self.conv1(x))))
        return self.fc(F.relu(self.bn2(x)).mean((2, 3)))


def timm_d():
    make = timm.models.resnet.ResNet
    stem = dict(stem_width=W // 2, stem_type="deep", avg_down=True)
    widths = (W, 2 * W, 4 * W, 8 * W)
    return make(timm.models.resnet.Bottleneck, (3, 1, 1, 3), CLASSES, channels=widths, **stem)


def timm_v2():
    make = timm.models.resnetv2.ResNetV2
    layers = dict(conv_layer=create_conv2d, norm_layer=BatchNormAct2d, act_layer=nn.ReLU)
    # Its inner widths are multiples of eight.
    return make([3, 1, 1, 3], (32, 64, 128, 256), CLASSES, stem_chs=8, **layers)


def hugging():
    from transformers import ResNetConfig, ResNetForImageClassification

    sizes = [4 * W, 8 * W, 16 * W, 32 * W]
    config = ResNetConfig(embedding_size=W, hidden_sizes=sizes, depths=[3, 1, 1, 3], num_labels=CLASSES)
    return ResNetForImageClassification(config)


def vision(name):
    return getattr(torchvision.models.resnet, name)


IMAGENET = f"depth=26 second=1 pixels=64 width={W}"
SMALL = IMAGENET.replace("64", "36")
# With spec, settings and the side of the pictures.
NETS = {
    "wide": (Wide, "wide", f"depth=16 widen=2 width={W}", 8),
    "torchvision_basic": (lambda: Torchvision(vision("BasicBlock"), [2] * 4), "resnet18", f"pixels=36 width={W}", 36),
    "torchvision_bottleneck": (
        lambda: Torchvision(vision("Bottleneck"), [3, 1, 1, 3], 128),
        "imagenet_original",
        f"{SMALL} inner=2",
        36,
    ),
    "torchvision_groups": (
        lambda: Torchvision(vision("Bottleneck"), [3, 1, 1, 3], groups=2),
        "imagenet_original",
        f"{SMALL} inner=2 groups=2",
        36,
    ),
    "torchvision_mobilenet": (vision_mobile, "mobilenetv2", "cifar=0 pixels=64 width=0.125", 64),
    "kuangliu_mobilenet": (KuangliuMobileNet, "mobilenetv2", "pixels=16 width=0.125 last=64 six=0", 16),
    "cifar_resnext": (ResNeXt, "resnext29", f"depth=20 groups=4 base=4 width={W}", 8),
    "timm_d": (timm_d, "resnet_d", IMAGENET, 64),
    "timm_v2": (timm_v2, "imagenet_preact", f"{SMALL} early=0".replace(f"width={W}", "width=8"), 36),
    "hugging_face": (hugging, "imagenet_original", SMALL, 36),
    "kuangliu_basic": (
        lambda: Kuangliu(CifarBlock, [2] * 4, True),
        "resnet18",
        f"cifar=1 pixels=16 width={W}",
        16,
    ),
    "kuangliu_bottleneck": (
        lambda: Kuangliu(CifarBottleneck, [3, 1, 1, 3], True),
        "imagenet_original",
        f"{IMAGENET} cifar=1".replace("64", "16"),
        16,
    ),
    "kuangliu_preact": (lambda: Kuangliu(PreActBlock, [2] * 4, False), "preact_resnet18", f"width={W}", 16),
    "akamaster": (Akamaster, "original", "depth=8 front=1", 8),
    "group_norm": (
        lambda: Torchvision(vision("Bottleneck"), [3, 1, 1, 3], norm=lambda c: nn.GroupNorm(2, c)),
        "resnet_gn",
        f"{SMALL} groups=2",
        36,
    ),
    "rezero": (lambda: OfBlocks(ReZeroBlock, 2, True), "rezero", "depth=14", 8),
    "fixup": (lambda: OfBlocks(FixupBlock, 2, False), "fixup", "depth=14", 8),
    "fractal": (FractalNet, "fractal", f"width={W // 2} path=0", 32),
    "pyramid": (Pyramid, "pyramid", "depth=20 alpha=10", 8),
    "kuangliu_se": (lambda: Kuangliu(SEBlock, [2] * 4, True), "se_preact", f"width={W} reduction=2", 16),
    "cbam": (
        lambda: Torchvision(CBAMBlock, [2] * 4),
        "cbam",
        f"pixels=36 width={W} reduction=2",
        36,
    ),
    "shake_shake": (ShakeShake, "shake_shake", "depth=14 width=4", 8),
    "shakedrop": (ShakeDrop, "shakedrop", "depth=20 widen=10", 8),
    "shakedrop_bottleneck": (lambda: ShakeDrop(True), "shakedrop", "depth=29 widen=10 bottleneck=1", 8),
    "revnet": (RevNet, "revnet", "depth=26 width=8 last=24", 8),
    "resnet9": (ResNet9, "resnet9", f"width={W // 2}", 32),
    "resnet9_ghost": (lambda: ResNet9(ghost=2), "resnet9", f"width={W // 2} ghost=2", 32),
    "resnet9_ghost_rest": (lambda: ResNet9(ghost=3), "resnet9", f"width={W // 2} ghost=3", 32),
    "dense": (Dense, "densenet_bc", "depth=16 growth=4", 8),
    "airbench94": (lambda: Airbench([W, 4 * W, 4 * W], False), "airbench94", f"width={W}", 32),
    "airbench96": (lambda: Airbench([W, 3 * W, 4 * W], True), "airbench96", f"width={W}", 32),
}


def logits(net, images):
    out = net(images)
    return getattr(out, "logits", out)


def golden(name):
    make, spec, settings, side = NETS[name]
    net = make()
    state = [(key, t) for key, t in net.state_dict().items() if t.dim()]
    net.load_state_dict({key: value(at, key, t.shape) for at, (key, t) in enumerate(state)}, strict=False)
    images = torch.from_numpy((number(IMAGES, BATCH * 3 * side * side) - 0.5) * 4).reshape(BATCH, 3, side, side)
    targets = torch.tensor([1, 4, 0, 1])
    rate, momentum, decay, nesterov = of_sgd = [RATES.get(name, SETTINGS[0]), *SETTINGS[1:]]
    optimiser = torch.optim.SGD(net.parameters(), rate, momentum, weight_decay=decay, nesterov=nesterov)
    net.eval()
    out = {"logits": logits(net, images).detach(), "settings": torch.tensor(of_sgd)}
    net.train()
    losses = []
    for step in range(5):
        DRAWN.update(step=step, times=0)
        scores = logits(net, images)
        loss = F.cross_entropy(scores, targets)
        out[f"logits.{step + 1}"] = scores.detach()
        losses.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    net.eval()
    out |= {"losses": torch.tensor(losses), "logits.after": logits(net, images)}
    names = json.dumps([[key, list(t.shape)] for key, t in state])
    save(name, out, {"spec": spec, "set": f"{settings} classes={CLASSES}", "side": str(side), "state": names})
    print(name, sum(p.numel() for p in net.parameters()), [round(loss, 4) for loss in losses], out["logits"].abs().max().item())


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    HERE.mkdir(exist_ok=True)
    for name in sys.argv[1:] or NETS:
        golden(name)
