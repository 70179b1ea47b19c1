#!/usr/bin/env python3
"""Measures training steps of PyTorch in eager mode; prints one JSON line a workload.

    python Benchmarks/peers/pytorch.py [mlp] [cnn] [resnet20] [--threads 2] [--seconds 5]

The workloads and the keys are those of `backprop bench`. A step is zero_grad, forward, cross entropy,
backward, and the optimizer's update, in float32 on fixed random inputs.

- millisecondsPerStep is the median over --seconds, minimum the fastest; the first steps are left out.
- firstStepMilliseconds is the first step alone, without building the model.
- processToFirstStepMilliseconds is from the start of the process to the end of its first step, so it stands
  in the line of the first workload only, and counts loading PyTorch. Linux only; good to 10 ms.
- flopsPerStep counts matrix products and convolutions, 2 a multiply-add, as PyTorch's own counter does.
- peakBytes is the high-water mark of the process, so earlier workloads count too.
"""

import argparse
import json
import os
import resource
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

WARM_UP_STEPS = 5


# Networks

def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 10))


def normalized_convolution(inputs, outputs, size, stride=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False),
                         nn.BatchNorm2d(outputs))


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        changes = inputs != outputs
        stride = 2 if changes else 1
        self.first = normalized_convolution(inputs, outputs, 3, stride)
        self.second = normalized_convolution(outputs, outputs, 3)
        self.shortcut = normalized_convolution(inputs, outputs, 1, stride) if changes else nn.Identity()

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x))


def resnet20():
    widths = [16] + [16] * 3 + [32] * 3 + [64] * 3
    blocks = [ResidualBlock(inputs, outputs) for inputs, outputs in zip(widths, widths[1:])]
    return nn.Sequential(normalized_convolution(3, 16, 3), nn.ReLU(), *blocks,
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def adam(parameters):
    return torch.optim.Adam(parameters, lr=1e-3)


def momentum(parameters):
    return torch.optim.SGD(parameters, lr=0.05, momentum=0.9, weight_decay=1e-4)


# name: (network, shape of a batch, optimizer)
WORKLOADS = {
    "mlp": (mlp, (64, 784), adam),
    "cnn": (cnn, (64, 1, 28, 28), adam),
    "resnet20": (resnet20, (128, 3, 32, 32), momentum),
}


# Measurement

def milliseconds_since_process_start():
    """None where there is no /proc."""
    try:
        with open("/proc/self/stat") as file:
            start_ticks = int(file.read().rsplit(")", 1)[1].split()[19])
    except OSError:
        return None
    return 1000 * (time.clock_gettime(time.CLOCK_BOOTTIME) - start_ticks / os.sysconf("SC_CLK_TCK"))


def peak_bytes():
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def flops_of(step):
    from torch.utils.flop_counter import FlopCounterMode
    with FlopCounterMode(display=False) as counter:
        step()
    return counter.get_total_flops()


def measure(name, seconds, threads, is_first):
    build, shape, make_optimizer = WORKLOADS[name]
    torch.manual_seed(0)
    model = build().train()
    optimizer = make_optimizer(model.parameters())
    inputs, labels = torch.randn(shape), torch.randint(10, shape[:1])

    def step():
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(inputs), labels).backward()
        optimizer.step()

    def timed_step():
        start = time.perf_counter_ns()
        step()
        return (time.perf_counter_ns() - start) / 1e6

    first = timed_step()
    since_start = milliseconds_since_process_start() if is_first else None
    for _ in range(WARM_UP_STEPS):
        step()
    times, end = [], time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        times.append(timed_step())
    peak = peak_bytes()

    median, flops = statistics.median(times), flops_of(step)
    line = {
        "workload": name,
        "system": f"PyTorch {torch.__version__} eager",
        "millisecondsPerStep": round(median, 4),
        "minimum": round(min(times), 4),
        "firstStepMilliseconds": round(first, 3),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "flopsPerStep": flops,
        "gflopsPerSecond": round(flops / median / 1e6, 2),
        "peakBytes": peak,
        "threads": threads,
    }
    if since_start is not None:
        line["processToFirstStepMilliseconds"] = round(since_start)
    return line


def main():
    parser = argparse.ArgumentParser(description="Measure PyTorch's eager mode on the workloads of `backprop bench`.")
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"of {', '.join(WORKLOADS)}; all unless given")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5, help="for each workload")
    arguments = parser.parse_args()
    names = arguments.workloads or list(WORKLOADS)
    unknown = [name for name in names if name not in WORKLOADS]
    if unknown:
        parser.error(f"unknown workload {unknown[0]}; the workloads are {', '.join(WORKLOADS)}")
    torch.set_num_threads(arguments.threads)
    for index, name in enumerate(names):
        print(json.dumps(measure(name, arguments.seconds, arguments.threads, index == 0)), flush=True)


if __name__ == "__main__":
    main()
