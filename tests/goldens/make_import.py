#!/usr/bin/env python3
"""Writes import_state.safetensors and import_logits.safetensors: a state dict that PyTorch trained,
and what it computes with it.

Run by hand, with PyTorch 2 installed: `python3 tests/goldens/make_import.py`. The net is that of
specs/original.rnet with 4, 8 and 16 channels and projections, depth 8, its modules named as in
torchvision.
"""
import json
import pathlib
import struct

import torch
import torch.nn.functional as F
from torch import nn

HERE = pathlib.Path(__file__).parent
TYPES = {torch.float32: "F32", torch.int64: "I64"}


def save(name, tensors):
    """The safetensors format: header length, JSON header, raw little-endian data."""
    header, blobs, at = {}, [], 0
    for key, tensor in tensors.items():
        blob = tensor.detach().contiguous().numpy().tobytes()
        header[key] = {"dtype": TYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [at, at + len(blob)]}
        at += len(blob)
        blobs.append(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (HERE / name).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


class Block(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(i, o, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(o)
        self.conv2 = nn.Conv2d(o, o, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(o)
        self.downsample = None
        if stride > 1:
            self.downsample = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.layer1 = nn.Sequential(Block(4, 4, 1))
        self.layer2 = nn.Sequential(Block(4, 8, 2))
        self.layer3 = nn.Sequential(Block(8, 16, 2))
        self.fc = nn.Linear(16, 5)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.fc(x.mean((2, 3)))


def main():
    torch.manual_seed(7)
    net = Net()
    optimiser = torch.optim.SGD(net.parameters(), 0.05, momentum=0.9, weight_decay=1e-4)
    means = torch.randn(5, 3, 1, 1)
    for _ in range(60):
        labels = torch.randint(0, 5, (32,))
        loss = F.cross_entropy(net(means[labels] + torch.randn(32, 3, 16, 16)), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    net.eval()
    images = means[:4] + torch.randn(4, 3, 16, 16)
    save("import_state.safetensors", net.state_dict())
    save("import_logits.safetensors", {"images": images, "logits": net(images)})
    print(f"loss {loss.item():.4f}")


main()
