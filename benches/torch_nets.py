#!/usr/bin/env python3
"""PyTorch's speed with the nets of the specs that came after the residual nets of 2015 and 2016.

    benches/torch_nets.py wide|resnext29|mobilenetv2|resnet9|airbench94|resnet50 [--batch N] [--steps N]
        [--threads N] [--infer] [--amp] [--contiguous]

Prints one JSON object: images a second (median of the steps), peak memory, parameters. Needs torch, torchvision.
"""
import argparse
import json
import pathlib
import resource
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests/goldens"))
import torch
import torch.nn.functional as F
import torchvision
from make_nets import Airbench, KuangliuMobileNet, ResNet9, ResNeXt, Wide

# With the side of the pictures and the classes.
NETS = {
    "wide": (lambda: Wide(28, 10, 16, 10), 32, 10),
    "resnext29": (lambda: ResNeXt(3, 8, 64, 64, 10), 32, 10),
    "mobilenetv2": (lambda: KuangliuMobileNet(8, 1280, 10), 32, 10),
    "resnet9": (lambda: ResNet9(64, 10), 32, 10),
    "airbench94": (lambda: Airbench([64, 256, 256], False, 10), 32, 10),
    "resnet50": (torchvision.models.resnet50, 224, 1000),
}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("net", choices=NETS)
    p.add_argument("--batch", type=int, default=128)
    p.add_argument("--steps", type=int, default=8)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--infer", action="store_true")
    p.add_argument("--amp", action="store_true", help="bfloat16 autocast")
    p.add_argument("--contiguous", action="store_true", help="NCHW in place of channels last")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.set_default_dtype(torch.float32)
    make, side, classes = NETS[a.net]
    layout = torch.contiguous_format if a.contiguous else torch.channels_last
    net = make().to(memory_format=layout).train(not a.infer)
    x = torch.randn(a.batch, 3, side, side).to(memory_format=layout)
    y = torch.randint(0, classes, (a.batch,))
    sgd = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)
    amp = torch.autocast("cpu", dtype=torch.bfloat16, enabled=a.amp)

    def train():
        sgd.zero_grad(set_to_none=True)
        with amp:
            loss = F.cross_entropy(net(x), y)
        loss.backward()
        sgd.step()

    def infer():
        with torch.no_grad(), amp:
            net(x)

    step, times = infer if a.infer else train, []
    for at in range(2 + a.steps):
        begun = time.perf_counter()
        step()
        if at >= 2:
            times.append(time.perf_counter() - begun)
    print(json.dumps({
        "system": f"torch {torch.__version__}", "net": a.net, "batch": a.batch, "bf16": a.amp,
        "params": sum(p.numel() for p in net.parameters()),
        "images_per_s": round(a.batch / statistics.median(times), 2),
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }))


if __name__ == "__main__":
    main()
