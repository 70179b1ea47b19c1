#!/usr/bin/env python3
"""Measures PyTorch on the workloads of `backprop bench`; prints a JSON line a workload (see harness.py).

    python Benchmarks/peers/pytorch_bench.py [WORKLOAD…] [--compiled] [--threads 2] [--seconds 5]

A step is zero_grad, forward, cross entropy, backward and the optimizer's update, in float32 on fixed random inputs.
--compiled gives networks and losses to torch.compile; the optimizers are PyTorch's fused ones either way.

Started by mpirun as one of several processes, it trains with DistributedDataParallel over gloo, each process on a batch of
its own. MASTER_ADDR is then the address of the first and GLOO_SOCKET_IFNAME the network interface, where they are not those
of this machine. All must measure as many steps: give --steps.
"""

import os
import time

import harness

if __name__ == "__main__":  # before PyTorch is imported, which then finds the threads
    given = harness.arguments("Measure PyTorch on the workloads of `backprop bench`.",
                              [("--compiled", "torch.compile instead of eager mode")])

import torch
from torch.nn import functional as F

import pytorch_networks as networks


PROCESSES = int(os.environ.get("OMPI_COMM_WORLD_SIZE", 1))


def optimizer(name, parameters, **settings):
    """Fused where PyTorch has that for CPUs; of RMSProp's forms the one for single tensors is the fastest."""
    if name == "momentum":
        name, settings = "sgd", {"momentum": 0.9, **settings}
    if name == "rmsprop":
        return torch.optim.RMSprop(parameters, lr=1e-3, foreach=False, **settings)
    kind = {"sgd": torch.optim.SGD, "adagrad": torch.optim.Adagrad, "adam": torch.optim.Adam,
            "adamw": torch.optim.AdamW}[name]
    return kind(parameters, **{"lr": 1e-3, **settings}, fused=True)


def count(parameters):
    return sum(parameter.numel() for parameter in parameters)


def training(network, inputs, labels, update, compiled, channels_last=False, **settings):
    torch.manual_seed(0)
    model, inputs = network().train(), inputs()
    labels = torch.randint(labels, (inputs.shape[0] if inputs.is_floating_point() else inputs.numel(),))
    if channels_last:
        model, inputs = (x.to(memory_format=torch.channels_last) for x in (model, inputs))
    updates = optimizer(update, model.parameters(), **settings)
    if PROCESSES > 1:  # as fast as its options make it
        model = torch.nn.parallel.DistributedDataParallel(model, broadcast_buffers=False, gradient_as_bucket_view=True)

    def loss(inputs, labels):
        return F.cross_entropy(model(inputs), labels)

    loss = torch.compile(loss) if compiled else loss

    def step():
        updates.zero_grad(set_to_none=True)
        value = loss(inputs, labels)
        value.backward()
        start = time.perf_counter_ns()
        updates.step()
        spent.append(time.perf_counter_ns() - start)
        return value

    spent = []
    return harness.Job(step, count(model.parameters()), updates=spent)


def generate(compiled):
    torch.manual_seed(0)
    model = networks.gpt_medium().eval()
    cache = torch.zeros(model.cache_shape)
    decode = torch.compile(model.decode, dynamic=True) if compiled else model.decode

    @torch.inference_mode()
    def tokens(number):
        token = torch.full((1, 1), 10)
        for position in range(number):
            token = decode(token, cache, position)
        return token.item()

    return harness.Job(lambda: tokens(harness.GENERATED), count(model.parameters()), harness.GENERATED,
                       makes_tokens=True, first=lambda: tokens(1))


def updates_alone(name):
    torch.manual_seed(0)
    parameters = [torch.randn(shape).requires_grad_() for shape in harness.OPTIMIZER_SHAPES]
    for parameter in parameters:
        parameter.grad = torch.randn_like(parameter)
    return harness.Job(optimizer(name, parameters).step, count(parameters))


def part(name, compiled):
    """A block's training step along a mean of squares, or an operation; see `PartWorkload.swift`."""
    torch.manual_seed(0)
    if name in ("top-k", "sort"):
        rows = torch.randn(1024, 4096)
        work = (lambda: rows.topk(10)) if name == "top-k" else (lambda: rows.sort())
        return harness.Job(torch.compile(work) if compiled else work, 0)
    model, inputs = {
        "depthwise": lambda: (networks.depthwise_block(), torch.randn(32, 64, 56, 56)),
        "unet": lambda: (networks.UNet(), torch.randn(8, 3, 64, 64)),
        "group-norm": lambda: (torch.nn.GroupNorm(8, 64), torch.randn(32, 64, 56, 56)),
        "embedding": lambda: (torch.nn.Embedding(1_000_000, 100, sparse=True), torch.randint(1_000_000, (4096,))),
    }[name]()
    if name == "embedding":
        updates = torch.optim.SparseAdam(model.parameters(), lr=1e-3)
    else:
        if name != "group-norm":  # which is faster on contiguous images
            model, inputs = (x.to(memory_format=torch.channels_last) for x in (model, inputs))
        updates = optimizer("sgd", model.parameters())
    loss = lambda: model(inputs).square().mean()
    loss = torch.compile(loss) if compiled else loss

    def step():
        updates.zero_grad(set_to_none=True)
        value = loss()
        value.backward()
        updates.step()
        return value.item()

    return harness.Job(step, count(model.parameters()))


def jobs(compiled):
    def images(*shape):
        return lambda: torch.rand(shape)

    def texts(*shape):
        return lambda: torch.randint(65, shape)

    table = {
        "mlp": (networks.mlp, images(64, 1, 28, 28), 10, "adam"),
        "cnn": (networks.cnn, images(64, 1, 28, 28), 10, "adam"),
        "resnet20": (networks.resnet20, images(128, 3, 32, 32), 10, "momentum"),
        "lstm": (networks.RecurrentLanguageModel, texts(32, 64), 65, "adam"),
        "gpt-small": (networks.gpt_small, texts(12, 64), 65, "adamw"),
        "gpt-medium": (networks.gpt_medium, texts(4, 256), 65, "adamw"),
    }
    settings = {"cnn": {"channels_last": True},
                "resnet20": {"channels_last": True, "lr": 0.1, "weight_decay": 1e-4}}
    made = {name: lambda row=row, name=name: training(*row, compiled, **settings.get(name, {}))
            for name, row in table.items()}
    made.update({name: lambda name=name: part(name, compiled) for name in harness.PARTS})
    made["generate"] = lambda: generate(compiled)
    if not compiled:  # nothing there to compile
        made.update({name: lambda kind=kind: updates_alone(kind) for name, kind in harness.OPTIMIZERS.items()})
    return made


if __name__ == "__main__":
    torch.set_num_threads(given.threads)
    if PROCESSES > 1:
        os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
        os.environ.setdefault("MASTER_PORT", "29511")
        torch.distributed.init_process_group(
            "gloo", rank=int(os.environ["OMPI_COMM_WORLD_RANK"]), world_size=PROCESSES)
    mode = "compiled" if given.compiled else "eager"
    harness.run(f"PyTorch {torch.__version__.split('+')[0]} {mode}", jobs(given.compiled), given)
    if PROCESSES > 1:
        torch.distributed.destroy_process_group()
