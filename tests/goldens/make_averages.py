#!/usr/bin/env python3
"""Writes averages.safetensors: Lookahead (airbench94's, and Zhang et al.'s) and timm's ModelEmaV3.

Run by hand, with PyTorch 2 and timm: `python3 tests/goldens/make_averages.py`. A parameter of five numbers
and a buffer of three; at each step a number is added to each, which is given.
"""
import torch
from make import save
from timm.utils import ModelEmaV3
from torch import nn

STEPS = 12


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(5))
        self.register_buffer("running_mean", torch.randn(3))


class AirbenchLookahead:
    """`LookaheadState` of airbench94.py (Jordan 2024), with its schedule and its call after the last step."""

    def __init__(self, net):
        self.average = {k: v.clone() for k, v in net.state_dict().items()}
        self.alpha_schedule = 0.95**5 * (torch.arange(STEPS + 1) / STEPS)**3

    def update(self, net, step):
        if step % 5 == 0:
            self.mix(net, self.alpha_schedule[step].item())
        if step >= STEPS:
            self.mix(net, 1.0)

    def mix(self, net, decay):
        for ema_param, net_param in zip(self.average.values(), net.state_dict().values()):
            ema_param.lerp_(net_param, 1 - decay)
            net_param.copy_(ema_param)


class PaperLookahead:
    """Algorithm 1 of Zhang et al. (2019), k = 3, α = 0.5."""

    def __init__(self, net):
        self.average = {k: v.clone() for k, v in net.state_dict().items()}

    def update(self, net, step):
        if step % 3 == 0:
            for name, fast in net.state_dict().items():
                self.average[name] += 0.5 * (fast - self.average[name])
                fast.copy_(self.average[name])


class Ema:
    def __init__(self, net, **settings):
        self.ema = ModelEmaV3(net, **settings)

    def update(self, net, step):
        self.ema.update(net, step=step)

    @property
    def average(self):
        return self.ema.module.state_dict()


if __name__ == "__main__":
    torch.manual_seed(1907)
    torch.set_default_dtype(torch.float64)
    out = {}
    for case, make in [("airbench", AirbenchLookahead), ("paper", PaperLookahead),
                       ("ema", lambda net: Ema(net, decay=0.9)),
                       ("ema_warm", lambda net: Ema(net, decay=0.6, use_warmup=True))]:
        net = Net()
        averages = make(net)
        names = {"w": "weight", "s": "running_mean"}
        with torch.no_grad():
            for short, name in names.items():
                out[f"{case}.{short}0"] = net.state_dict()[name].clone()
            for step in range(1, STEPS + 1):
                for short, name in names.items():
                    tensor = net.state_dict()[name]
                    change = torch.randn(tensor.shape)
                    out[f"{case}.{short}.change{step}"] = change
                    tensor += change
                averages.update(net, step)
                for short, name in names.items():
                    out[f"{case}.{short}.fast{step}"] = net.state_dict()[name].clone()
                    out[f"{case}.{short}.average{step}"] = averages.average[name].clone()
    save("averages.safetensors", out)
