#!/usr/bin/env python3
"""Writes Tests/Fixtures/*.json: results of PyTorch that the Swift tests compare with.

Weights and inputs are not stored. Both sides make them with the same generator, a linear
congruential one over 32 bits:

    x <- (1664525 x + 1013904223) mod 2^32, starting from x = seed; the first value comes after one step
    value = offset + (x / 2^32 - 0.5) * 2 * scale   in double, rounded once to float32

in row-major order of the shape as Backprop stores it: dense weights [in, out], convolution weights
[out, in, height, width], vectors [n]. Labels are floor(x / 2^32 * classes) of the same sequence.

Run it with Python, PyTorch, and NumPy installed:  python tools/make_fixtures.py
The same version of PyTorch on the same kind of CPU writes the same bytes.
"""

import json
import math
import pathlib
import zlib

import numpy as np
import torch
import torch.nn.functional as F

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "Fixtures"
LARGEST_FILE = 300_000
GENERATOR = ("x <- (1664525 x + 1013904223) mod 2^32 from x = seed, first value after one step; "
             "value = offset + (x / 2^32 - 0.5) * 2 * scale in double, rounded once to float32; row-major")


# The generator

def lcg(seed, count):
    """The `count` 32-bit states that follow `seed`."""
    states, x = [], seed
    for _ in range(count):
        x = (1664525 * x + 1013904223) & 0xFFFFFFFF
        states.append(x)
    return states


def lcg_tensor(shape, seed, scale, offset=0):
    states = np.array(lcg(seed, math.prod(shape)), dtype=np.float64)
    values = offset + (states / 2**32 - 0.5) * 2 * scale
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def lcg_labels(count, classes, seed):
    return [(x * classes) >> 32 for x in lcg(seed, count)]


def seed_of(*path):
    """A seed that is spread over all 32 bits and depends on the name alone."""
    return zlib.crc32("/".join(path).encode())


# JSON

def plain(tensor):
    """Nested lists; a float32 becomes the shortest decimal that reads back as the same float32."""
    array = tensor.detach().numpy()
    if array.dtype == np.float32:
        array = np.array([float(str(value)) for value in array.reshape(-1)]).reshape(array.shape)
    return array.tolist()


def flat(tensor):
    return plain(tensor.reshape(-1))


def render(value, indent=""):
    """JSON with short things, and rows of numbers of any length, on one line."""
    line = json.dumps(value, allow_nan=False)
    is_row = isinstance(value, list) and not any(isinstance(item, (list, dict)) for item in value)
    if len(line) <= 120 - len(indent) or is_row or not isinstance(value, (list, dict)):
        return line
    deeper = indent + " "
    if isinstance(value, dict):
        parts = [f"{deeper}{json.dumps(key)}: {render(item, deeper)}" for key, item in value.items()]
        return "{\n" + ",\n".join(parts) + "\n" + indent + "}"
    return "[\n" + ",\n".join(deeper + render(item, deeper) for item in value) + "\n" + indent + "]"


def write(name, content):
    text = render(content) + "\n"
    if len(text) >= LARGEST_FILE:
        raise SystemExit(f"{name} would have {len(text)} bytes; the limit is {LARGEST_FILE}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / name).write_text(text)
    return len(text)


# Networks, as functions of their parameters (in Backprop's layouts) and their running statistics

def dense(p, name, x):
    return F.linear(x, p[f"{name}.weight"].t(), p[f"{name}.bias"])


def convolution(p, name, x, stride=1, padding=0):
    return F.conv2d(x, p[f"{name}.weight"], p.get(f"{name}.bias"), stride=stride, padding=padding)


def relu(x):
    """ReLU, which notes how close to its kink it came: there, rounding would decide whether a gradient passes."""
    MARGINS.append(x.detach().abs().min().item())
    return F.relu(x)


MARGINS = []
LEAST_MARGIN = 4e-6


def mlp(p, statistics, x, training):
    x = relu(dense(p, "layers.1", x.flatten(1)))
    return dense(p, "layers.2", x)


def cnn(p, statistics, x, training):
    x = F.max_pool2d(relu(convolution(p, "layers.0", x, padding=1)), 2)
    x = F.max_pool2d(relu(convolution(p, "layers.2", x, padding=1)), 2)
    x = relu(dense(p, "layers.5", x.flatten(1)))
    return dense(p, "layers.6", x)


def normalized_convolution(p, statistics, name, x, training, stride=1, padding=0):
    x = convolution(p, f"{name}.convolution", x, stride, padding)
    name = f"{name}.normalization"
    mean, variance = statistics[name]
    return F.batch_norm(x, mean, variance, p[f"{name}.scale"], p[f"{name}.shift"], training, 0.1, 1e-5)


def resnet20(p, statistics, x, training):
    x = relu(normalized_convolution(p, statistics, "stem", x, training, padding=1))
    for name, stride in RESNET_BLOCKS:
        y = relu(normalized_convolution(p, statistics, f"{name}.first", x, training, stride, padding=1))
        y = normalized_convolution(p, statistics, f"{name}.second", y, training, padding=1)
        if stride != 1:
            x = normalized_convolution(p, statistics, f"{name}.shortcut", x, training, stride)
        x = relu(y + x)
    return dense(p, "classifier", x.mean(dim=(2, 3)))


RESNET_WIDTHS = [16, 16, 16, 32, 32, 32, 64, 64, 64]
RESNET_BLOCKS = [(f"blocks.{i}", 2 if i in (3, 6) else 1) for i in range(9)]


# Their parameters: (name, shape, scale, offset)

def he_scale(*weight_fan_in):
    return round(math.sqrt(6 / math.prod(weight_fan_in)), 4)


def dense_parameters(name, inputs, outputs):
    return [(f"{name}.weight", [inputs, outputs], he_scale(inputs), 0), (f"{name}.bias", [outputs], 0.1, 0)]


def convolution_parameters(name, inputs, outputs, size, bias=True):
    weight = (f"{name}.weight", [outputs, inputs, size, size], he_scale(inputs, size, size), 0)
    return [weight] + ([(f"{name}.bias", [outputs], 0.1, 0)] if bias else [])


def normalized_convolution_parameters(name, inputs, outputs, size):
    return convolution_parameters(f"{name}.convolution", inputs, outputs, size, bias=False) + [
        (f"{name}.normalization.scale", [outputs], 0.1, 1),
        (f"{name}.normalization.shift", [outputs], 0.1, 0),
    ]


def resnet20_parameters():
    result = normalized_convolution_parameters("stem", 3, 16, 3)
    inputs = 16
    for (name, stride), outputs in zip(RESNET_BLOCKS, RESNET_WIDTHS):
        result += normalized_convolution_parameters(f"{name}.first", inputs, outputs, 3)
        result += normalized_convolution_parameters(f"{name}.second", outputs, outputs, 3)
        if stride != 1:
            result += normalized_convolution_parameters(f"{name}.shortcut", inputs, outputs, 1)
        inputs = outputs
    return result + dense_parameters("classifier", 64, 10)


OPTIMIZERS = {
    "sgd": lambda p, o: torch.optim.SGD(p, lr=o["learningRate"], momentum=o.get("momentum", 0),
                                        weight_decay=o.get("weightDecay", 0)),
    "adam": lambda p, o: torch.optim.Adam(p, lr=o["learningRate"], betas=(o["beta1"], o["beta2"]),
                                          eps=o["epsilon"]),
}


def adam(learning_rate):
    return {"name": "adam", "learningRate": learning_rate, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}


NETWORKS = {
    "mlp": {
        "network": "64-32-10, ReLU; layer 0 flattens",
        "forward": mlp,
        "input": [16, 64],
        "parameters": dense_parameters("layers.1", 64, 32) + dense_parameters("layers.2", 32, 10),
        "optimizers": [{"name": "sgd", "learningRate": 0.1}, adam(0.01)],
        "gradients": "all",
    },
    "cnn": {
        "network": "convolution 3x3 1-4 padding 1, ReLU; max-pool 2; convolution 3x3 4-8 padding 1, ReLU; "
                   "max-pool 2; flatten; dense 72-16, ReLU; dense 16-10",
        "forward": cnn,
        "input": [8, 1, 12, 12],
        "parameters": (convolution_parameters("layers.0", 1, 4, 3) + convolution_parameters("layers.2", 4, 8, 3)
                       + dense_parameters("layers.5", 72, 16) + dense_parameters("layers.6", 16, 10)),
        "optimizers": [{"name": "sgd", "learningRate": 0.05, "momentum": 0.9}, adam(0.01)],
        "gradients": "all",
    },
    "resnet20": {
        "network": "ResNet-20, widths 16-32-64, batch normalization (momentum 0.1, epsilon 1e-5), 1x1 convolution "
                   "with stride 2 and normalization where the shape changes, global average pool, dense 64-10",
        "forward": resnet20,
        "input": [4, 3, 32, 32],
        # Of the variants 1 to 173 the one whose ReLUs stay farthest from their kink (see `relu`).
        "inputVariant": ["163"],
        "parameters": resnet20_parameters(),
        "optimizers": [{"name": "sgd", "learningRate": 0.005, "momentum": 0.9, "weightDecay": 1e-4}],
        "gradients": "sums",
    },
}
CLASSES = 10
STEPS = 10


class Network:
    """One network with fresh parameters and running statistics, in float32 or float64."""

    def __init__(self, name, dtype=torch.float32):
        self.definition = NETWORKS[name]
        seed = seed_of(name, "input", *self.definition.get("inputVariant", []))
        self.input_description = {"shape": self.definition["input"], "seed": seed, "scale": 1}
        self.descriptions = [
            {"name": parameter, "shape": shape, "seed": seed_of(name, parameter), "scale": scale, "offset": offset}
            for parameter, shape, scale, offset in self.definition["parameters"]
        ]
        self.labels = lcg_labels(self.definition["input"][0], CLASSES, seed_of(name, "labels"))
        self.input = lcg_tensor(**self.input_description).to(dtype)
        self.parameters = {
            d["name"]: lcg_tensor(d["shape"], d["seed"], d["scale"], d["offset"]).to(dtype).requires_grad_()
            for d in self.descriptions
        }
        self.statistics = {
            name.removesuffix(".scale"): (torch.zeros(value.shape, dtype=dtype), torch.ones(value.shape, dtype=dtype))
            for name, value in self.parameters.items() if name.endswith(".normalization.scale")
        }

    def logits(self, training=True):
        return self.definition["forward"](self.parameters, self.statistics, self.input, training)

    def loss(self, logits):
        return F.cross_entropy(logits, torch.tensor(self.labels))

    def train(self, optimizer_description):
        """The loss before each of the updates and once more after the last; all of them in training mode."""
        optimizer = OPTIMIZERS[optimizer_description["name"]](self.parameters.values(), optimizer_description)
        losses = []
        for _ in range(STEPS):
            optimizer.zero_grad(set_to_none=True)
            loss = self.loss(self.logits())
            losses.append(plain(loss))
            loss.backward()
            optimizer.step()
        return losses + [plain(self.loss(self.logits()))]


def gradient_sums(gradient):
    values = flat(gradient)
    exact = gradient.double().reshape(-1).tolist()
    return {"sum": math.fsum(exact), "sumOfSquares": math.fsum(v * v for v in exact),
            "first": values[:8], "last": values[-8:]}


def network_fixture(name):
    network = Network(name)
    MARGINS.clear()
    logits = network.logits()
    assert min(MARGINS) > LEAST_MARGIN, f"{name}: a ReLU comes within {min(MARGINS)} of its kink; take another input"
    loss = network.loss(logits)
    loss.backward()
    gradients = {name: value.grad for name, value in network.parameters.items()}
    fixture = {
        "torch": torch.__version__,
        "network": network.definition["network"],
        "generator": GENERATOR,
        "classes": CLASSES,
        "input": network.input_description,
        "labels": network.labels,
        "parameterCount": sum(value.numel() for value in network.parameters.values()),
        "parameters": network.descriptions,
        "logits": plain(logits),
        "loss": plain(loss),
    }
    if network.definition["gradients"] == "all":
        fixture["gradients"] = {name: flat(gradient) for name, gradient in gradients.items()}
    else:
        fixture["gradientSums"] = {name: gradient_sums(gradient) for name, gradient in gradients.items()}
    if network.statistics:
        fixture["runningMean"] = {name: flat(mean) for name, (mean, _) in network.statistics.items()}
        fixture["runningVariance"] = {name: flat(variance) for name, (_, variance) in network.statistics.items()}
        with torch.no_grad():
            fixture["evaluationLogitsAfterOneForward"] = plain(network.logits(training=False))

    fixture["curves"] = []
    for description in network.definition["optimizers"]:
        trained, exact = Network(name), Network(name, torch.float64)
        curve = {"optimizer": description, "losses": trained.train(description),
                 "lossesFloat64": exact.train(description)}
        if network.statistics:
            with torch.no_grad():
                curve["evaluationLogits"] = plain(trained.logits(training=False))
                curve["evaluationLogitsFloat64"] = plain(exact.logits(training=False))
        fixture["curves"].append(curve)
    return fixture


# Single layers. A case: name, operation, geometry, inputs (name: shape, or a dictionary with more).

TRANSFORMS = {
    "relu": F.relu,                                     # many zeros, so that windows have ties
    "quarters": lambda x: torch.floor(x * 4) / 4,       # few distinct values, so that maxima tie too
}


def apply_convolution(i, g):
    return F.conv2d(i["input"], i["weight"], i.get("bias"), g["stride"], g["padding"], g["dilation"], g["groups"])


def apply_average_pool(i, g):
    return F.avg_pool2d(i["input"], g["kernelSize"], g["stride"], g["padding"],
                        count_include_pad=g["countIncludesPadding"])


def apply_batch_normalization(i, g):
    return F.batch_norm(i["input"], i["runningMean"], i["runningVariance"], i["scale"], i["shift"],
                        g["training"], g["momentum"], g["epsilon"])


OPERATIONS = {
    "convolution2D": apply_convolution,
    "maxPool2D": lambda i, g: F.max_pool2d(i["input"], g["kernelSize"], g["stride"], g["padding"]),
    "averagePool2D": apply_average_pool,
    "batchNormalization": apply_batch_normalization,
    "softmax": lambda i, g: F.softmax(i["input"], g["axis"]),
    "logSoftmax": lambda i, g: F.log_softmax(i["input"], g["axis"]),
    "crossEntropy": lambda i, g: F.cross_entropy(i["input"], torch.tensor(g["labels"])),
    "meanSquaredError": lambda i, g: F.mse_loss(i["input"], i["target"]),
    "tanh": lambda i, g: torch.tanh(i["input"]),
    "sigmoid": lambda i, g: torch.sigmoid(i["input"]),
    "matmul": lambda i, g: torch.matmul(i["left"], i["right"]),
}
STATE = ("runningMean", "runningVariance")  # changed by the forward pass, not differentiated


def convolution_case(name, input, weight, bias=True, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1):
    inputs = {"input": input, "weight": weight} | ({"bias": weight[:1]} if bias else {})
    geometry = {"stride": list(stride), "padding": list(padding), "dilation": list(dilation), "groups": groups}
    return (name, "convolution2D", geometry, inputs)


def pool_case(name, operation, input, kernel, stride, padding=(0, 0), **more):
    geometry = {"kernelSize": list(kernel), "stride": list(stride), "padding": list(padding)} | more
    return (name, operation, geometry, {"input": input})


def batch_normalization_case(name, shape, training):
    vector = [shape[1]]
    return (name, "batchNormalization", {"training": training, "momentum": 0.1, "epsilon": 1e-5}, {
        "input": {"shape": shape, "scale": 2, "offset": 1},
        "scale": {"shape": vector, "scale": 0.5, "offset": 1},
        "shift": vector,
        "runningMean": vector,
        "runningVariance": {"shape": vector, "scale": 0.5, "offset": 1},
    })


LAYER_CASES = [
    convolution_case("plain 3x3", [2, 3, 6, 7], [4, 3, 3, 3]),
    convolution_case("padding 1", [2, 3, 6, 7], [4, 3, 3, 3], padding=(1, 1)),
    convolution_case("padding 1, no bias", [2, 3, 6, 7], [4, 3, 3, 3], bias=False, padding=(1, 1)),
    convolution_case("stride 2, padding 1", [2, 3, 8, 7], [4, 3, 3, 3], stride=(2, 2), padding=(1, 1)),
    convolution_case("stride 2 that leaves a remainder", [1, 2, 8, 8], [3, 2, 3, 3], stride=(2, 2)),
    convolution_case("1x1, stride 2", [2, 4, 6, 6], [6, 4, 1, 1], bias=False, stride=(2, 2)),
    convolution_case("dilation 2", [2, 3, 8, 9], [4, 3, 3, 3], padding=(2, 2), dilation=(2, 2)),
    convolution_case("groups 2", [2, 4, 6, 6], [6, 2, 3, 3], padding=(1, 1), groups=2),
    convolution_case("depthwise", [2, 4, 6, 6], [4, 1, 3, 3], padding=(1, 1), groups=4),
    convolution_case("kernel 3x1", [2, 3, 6, 5], [4, 3, 3, 1], padding=(1, 0)),
    convolution_case("kernel 1x5", [2, 3, 5, 8], [4, 3, 1, 5], padding=(0, 2)),
    convolution_case("kernel 2x4, stride 1x2, padding 1x3", [2, 2, 5, 9], [3, 2, 2, 4], stride=(1, 2), padding=(1, 3)),
    convolution_case("kernel 3x2, stride 2, dilation 2, groups 2", [2, 4, 9, 8], [6, 2, 3, 2], stride=(2, 2),
                     padding=(2, 1), dilation=(2, 2), groups=2),
    pool_case("2x2", "maxPool2D", [2, 3, 6, 6], (2, 2), (2, 2)),
    pool_case("2x2 with a remainder", "maxPool2D", [2, 2, 7, 5], (2, 2), (2, 2)),
    pool_case("overlapping 3x3, padding 1, ties at zero", "maxPool2D",
              {"shape": [2, 3, 7, 7], "transform": "relu"}, (3, 3), (2, 2), (1, 1)),
    pool_case("overlapping 3x3, stride 1, ties everywhere", "maxPool2D",
              {"shape": [2, 2, 6, 6], "transform": "quarters"}, (3, 3), (1, 1), (1, 1)),
    pool_case("2x2, ties at zero", "maxPool2D", {"shape": [2, 2, 6, 6], "transform": "relu"}, (2, 2), (2, 2)),
    pool_case("all negative, padding 1", "maxPool2D", {"shape": [1, 2, 5, 5], "offset": -2}, (3, 3), (2, 2), (1, 1)),
    pool_case("3x2, stride 1x2", "maxPool2D", [1, 2, 5, 6], (3, 2), (1, 2)),
    pool_case("2x2", "averagePool2D", [2, 3, 6, 6], (2, 2), (2, 2), countIncludesPadding=True),
    pool_case("3x3, stride 2, padding 1, padding counted", "averagePool2D", [2, 2, 7, 7], (3, 3), (2, 2), (1, 1),
              countIncludesPadding=True),
    pool_case("3x3, stride 2, padding 1, padding not counted", "averagePool2D", [2, 2, 7, 7], (3, 3), (2, 2), (1, 1),
              countIncludesPadding=False),
    pool_case("3x2, stride 1x2, padding 1x0", "averagePool2D", [1, 2, 5, 6], (3, 2), (1, 2), (1, 0),
              countIncludesPadding=False),
    batch_normalization_case("images, training", [4, 3, 5, 5], True),
    batch_normalization_case("images, evaluation", [4, 3, 5, 5], False),
    batch_normalization_case("vectors, training", [8, 6], True),
    batch_normalization_case("vectors, evaluation", [8, 6], False),
    ("last axis", "softmax", {"axis": -1}, {"input": {"shape": [4, 7], "scale": 3}}),
    ("middle axis", "softmax", {"axis": 1}, {"input": {"shape": [2, 5, 3], "scale": 3}}),
    ("large values", "softmax", {"axis": -1}, {"input": {"shape": [3, 9], "scale": 60, "offset": 1000}}),
    ("last axis", "logSoftmax", {"axis": -1}, {"input": {"shape": [4, 7], "scale": 3}}),
    ("middle axis", "logSoftmax", {"axis": 1}, {"input": {"shape": [2, 5, 3], "scale": 3}}),
    ("large values", "logSoftmax", {"axis": -1}, {"input": {"shape": [3, 9], "scale": 60, "offset": 1000}}),
    ("mean", "crossEntropy", {"labels": lcg_labels(6, 10, 11)}, {"input": {"shape": [6, 10], "scale": 3}}),
    ("mean, large values", "crossEntropy", {"labels": lcg_labels(5, 8, 12)}, {"input": {"shape": [5, 8], "scale": 60}}),
    ("mean", "meanSquaredError", {}, {"input": [4, 6], "target": [4, 6]}),
    ("middle", "tanh", {}, {"input": {"shape": [5, 8], "scale": 3}}),
    ("tails", "tanh", {}, {"input": {"shape": [5, 8], "scale": 12}}),
    ("middle", "sigmoid", {}, {"input": {"shape": [5, 8], "scale": 3}}),
    ("tails", "sigmoid", {}, {"input": {"shape": [5, 8], "scale": 40}}),
    ("plain", "matmul", {}, {"left": [5, 7], "right": [7, 3]}),
    ("batched, broadcast", "matmul", {}, {"left": [2, 1, 3, 4], "right": [5, 4, 2]}),
    ("batched", "matmul", {}, {"left": [3, 4, 6], "right": [3, 6, 2]}),
]


def layer_fixture(name, operation, geometry, inputs):
    descriptions, values = [], {}
    for input, more in inputs.items():
        more = more if isinstance(more, dict) else {"shape": more}
        description = {"name": input, "shape": more["shape"], "seed": seed_of(operation, name, input),
                       "scale": more.get("scale", 1), "offset": more.get("offset", 0)}
        value = lcg_tensor(more["shape"], description["seed"], description["scale"], description["offset"])
        if "transform" in more:
            description["transform"] = more["transform"]
            value = TRANSFORMS[more["transform"]](value)
        descriptions.append(description)
        values[input] = value.requires_grad_(input not in STATE)

    output = OPERATIONS[operation](values, geometry)
    weights = {"shape": list(output.shape), "seed": seed_of(operation, name, "outputWeights"), "scale": 1}
    (output * lcg_tensor(**weights)).sum().backward()
    fixture = {
        "name": name, "operation": operation, "geometry": geometry, "inputs": descriptions,
        "output": {"shape": list(output.shape), "values": flat(output)},
        "outputWeights": weights,
        "gradients": {input: flat(value.grad) for input, value in values.items() if value.requires_grad},
    }
    if operation == "batchNormalization":
        fixture["state"] = {input: flat(values[input]) for input in STATE}
    return fixture


def layers_fixture():
    return {
        "torch": torch.__version__,
        "generator": GENERATOR,
        "gradientsOf": "sum(output * outputWeights)",
        "transforms": {"relu": "max(value, 0)", "quarters": "floor(value * 4) / 4"},
        "cases": [layer_fixture(*case) for case in LAYER_CASES],
    }


# Optimizers, in float64

POINT_COUNT = 5
START_SEED = 7
RECORDED_STEPS = (1, 2, 3, 10, 50, 120)
FUNCTION = {
    "value": "f(t) = 0.05 * sum over i = 0...3 of [10 (t[i+1] - t[i]^2)^2 + (1 - t[i])^2]",
    "gradient": "for each i = 0...3 with d = t[i+1] - t[i]^2: "
                "g[i] += 0.05 * (-40 t[i] d - 2 (1 - t[i])), g[i+1] += 0.05 * 20 d",
}


def objective(t):
    head, tail = t[:-1], t[1:]
    return 0.05 * (10 * (tail - head * head) ** 2 + (1 - head) ** 2).sum()


def gradient(t):
    g = [0.0] * len(t)
    for i in range(len(t) - 1):
        d = t[i + 1] - t[i] * t[i]
        g[i] += 0.05 * (-40 * t[i] * d - 2 * (1 - t[i]))
        g[i + 1] += 0.05 * 20 * d
    return g


def pytorch_trajectory(make):
    t = lcg_tensor([POINT_COUNT], START_SEED, 1).double().requires_grad_()
    optimizer = make([t])
    for step in range(1, max(RECORDED_STEPS) + 1):
        optimizer.zero_grad()
        objective(t).backward()
        optimizer.step()
        if step in RECORDED_STEPS:
            yield {"step": step, "parameters": t.tolist()}


def paper_trajectory(rule, hyperparameters):
    """`rule(t, state, step, **hyperparameters)` returns the next point; `state(name)` is a list of zeros at first."""
    t, slots = lcg_tensor([POINT_COUNT], START_SEED, 1).double().tolist(), {}
    state = lambda name: slots.setdefault(name, [0.0] * POINT_COUNT)
    for step in range(1, max(RECORDED_STEPS) + 1):
        t = rule(t, state, step, **hyperparameters)
        if step in RECORDED_STEPS:
            yield {"step": step, "parameters": t}


def paper_gradient_descent(t, state, step, learningRate, weightDecay=0.0):
    return [ti - learningRate * (gi + weightDecay * ti) for ti, gi in zip(t, gradient(t))]


def paper_heavy_ball(t, state, step, learningRate, momentum):
    delta = state("delta")
    delta[:] = [-learningRate * gi + momentum * di for gi, di in zip(gradient(t), delta)]
    return [ti + di for ti, di in zip(t, delta)]


def paper_moving_average(t, state, step, learningRate, momentum):
    v = state("velocity")
    v[:] = [momentum * vi + (1 - momentum) * gi for vi, gi in zip(v, gradient(t))]
    return [ti - learningRate * vi for ti, vi in zip(t, v)]


def paper_nesterov(t, state, step, learningRate, momentum):
    v = state("velocity")
    ahead = [ti + momentum * vi for ti, vi in zip(t, v)]
    v[:] = [momentum * vi - learningRate * gi for vi, gi in zip(v, gradient(ahead))]
    return [ti + vi for ti, vi in zip(t, v)]


def paper_adagrad(t, state, step, learningRate, epsilon):
    total, g = state("sumOfSquares"), gradient(t)
    total[:] = [si + gi * gi for si, gi in zip(total, g)]
    return [ti - learningRate * gi / (math.sqrt(si) + epsilon) for ti, gi, si in zip(t, g, total)]


def paper_rmsprop(t, state, step, learningRate, decay):
    r, g = state("meanSquare"), gradient(t)
    r[:] = [decay * ri + (1 - decay) * gi * gi for ri, gi in zip(r, g)]
    return [ti - learningRate * gi / math.sqrt(ri) for ti, gi, ri in zip(t, g, r)]


def paper_adam(t, state, step, learningRate, beta1, beta2, epsilon, weightDecay=0.0):
    m, v, g = state("first"), state("second"), gradient(t)
    m[:] = [beta1 * mi + (1 - beta1) * gi for mi, gi in zip(m, g)]
    v[:] = [beta2 * vi + (1 - beta2) * gi * gi for vi, gi in zip(v, g)]
    correction1, correction2 = 1 - beta1**step, 1 - beta2**step
    return [ti - learningRate * (mi / correction1) / (math.sqrt(vi / correction2) + epsilon)
            - learningRate * weightDecay * ti for ti, mi, vi in zip(t, m, v)]


SGD, ADAM = torch.optim.SGD, {"learningRate": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}

# name, remark, hyperparameters, optimizer
PYTORCH_OPTIMIZERS = [
    ("sgd", "t -= lr g", {"learningRate": 0.05}, lambda p: SGD(p, lr=0.05)),
    ("sgd-weight-decay", "g += decay t, then t -= lr g", {"learningRate": 0.05, "weightDecay": 0.1},
     lambda p: SGD(p, lr=0.05, weight_decay=0.1)),
    ("momentum", "b = momentum b + g; t -= lr b", {"learningRate": 0.05, "momentum": 0.9},
     lambda p: SGD(p, lr=0.05, momentum=0.9)),
    ("momentum-ema", "first step b = g, then b = momentum b + (1 - dampening) g; t -= lr b",
     {"learningRate": 0.05, "momentum": 0.9, "dampening": 0.9},
     lambda p: SGD(p, lr=0.05, momentum=0.9, dampening=0.9)),
    ("nesterov", "b = momentum b + g; t -= lr (g + momentum b)", {"learningRate": 0.05, "momentum": 0.9},
     lambda p: SGD(p, lr=0.05, momentum=0.9, nesterov=True)),
    ("adagrad", "G += g^2; t -= lr g / (sqrt(G) + eps)", {"learningRate": 0.1, "epsilon": 1e-10},
     lambda p: torch.optim.Adagrad(p, lr=0.1, eps=1e-10)),
    ("rmsprop", "v = decay v + (1 - decay) g^2; t -= lr g / (sqrt(v) + eps)",
     {"learningRate": 0.01, "decay": 0.99, "epsilon": 1e-8, "centered": False},
     lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.99, eps=1e-8, centered=False)),
    ("adam", "as the paper", ADAM, lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.9, 0.999), eps=1e-8)),
    ("adamw", "t *= 1 - lr decay, then Adam", ADAM | {"weightDecay": 0.1},
     lambda p: torch.optim.AdamW(p, lr=0.01, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1)),
]

# name, remark, hyperparameters, rule
PAPER_OPTIMIZERS = [
    ("sgd", "t -= lr g", {"learningRate": 0.05}, paper_gradient_descent),
    ("sgd-weight-decay", "t -= lr (g + decay t)", {"learningRate": 0.05, "weightDecay": 0.1}, paper_gradient_descent),
    ("momentum", "heavy ball: delta = -lr g + momentum delta; t += delta "
                 "(Polyak 1964; Rumelhart, Hinton, Williams 1986)",
     {"learningRate": 0.05, "momentum": 0.9}, paper_heavy_ball),
    ("momentum-ema", "v = momentum v + (1 - momentum) g from v = 0; t -= lr v",
     {"learningRate": 0.05, "momentum": 0.9}, paper_moving_average),
    ("nesterov", "v = momentum v - lr gradient(t + momentum v); t += v; t is recorded, not t + momentum v "
                 "(Sutskever and others 2013)", {"learningRate": 0.05, "momentum": 0.9}, paper_nesterov),
    ("adagrad", "G += g^2; t -= lr g / (sqrt(G) + eps) (Duchi, Hazan, Singer 2011)",
     {"learningRate": 0.1, "epsilon": 1e-10}, paper_adagrad),
    ("rmsprop", "r = decay r + (1 - decay) g^2; t -= lr g / sqrt(r), no epsilon (Hinton 2012). "
                "By step 120 this oscillates and an error of rounding has grown about 1e9 times.",
     {"learningRate": 0.01, "decay": 0.9}, paper_rmsprop),
    ("adam", "algorithm 1 of Kingma, Ba 2015", ADAM, paper_adam),
    ("adamw", "Adam, and t -= lr decay t (old t) in the same step (Loshchilov, Hutter 2019)",
     ADAM | {"weightDecay": 0.1}, paper_adam),
]


def optimizers_fixture():
    return {
        "torch": torch.__version__,
        "generator": GENERATOR,
        "function": FUNCTION,
        "start": {"shape": [POINT_COUNT], "seed": START_SEED, "scale": 1,
                  "values": lcg_tensor([POINT_COUNT], START_SEED, 1).double().tolist()},
        "pytorch": [{"name": name, "rule": rule, "hyperparameters": hyperparameters,
                     "trajectory": list(pytorch_trajectory(make))}
                    for name, rule, hyperparameters, make in PYTORCH_OPTIMIZERS],
        "paper": [{"name": name, "rule": remark, "hyperparameters": hyperparameters,
                   "trajectory": list(paper_trajectory(rule, hyperparameters))}
                  for name, remark, hyperparameters, rule in PAPER_OPTIMIZERS],
    }


# Learning-rate schedules

def schedule_curve(make, total, warmup):
    """The learning rate of each step as a share of the highest one."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = make(optimizer, total - warmup)
    if warmup:
        rise = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=1 / warmup, total_iters=warmup - 1)
        schedule = torch.optim.lr_scheduler.SequentialLR(optimizer, [rise, schedule], milestones=[warmup])
    factors = []
    for _ in range(total):
        factors.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return factors


def schedules_fixture():
    torch_schedules = torch.optim.lr_scheduler
    one_cycle = lambda rise: lambda optimizer, _: torch_schedules.OneCycleLR(
        optimizer, max_lr=1.0, total_steps=41, pct_start=rise)
    cases = [
        ("constant", 40, 0, 0, lambda o, n: torch_schedules.ConstantLR(o, factor=1, total_iters=n)),
        ("constant", 40, 8, 0, lambda o, n: torch_schedules.ConstantLR(o, factor=1, total_iters=n)),
        ("step", 40, 0, 0, lambda o, n: torch_schedules.MultiStepLR(o, [n // 2, n * 3 // 4])),
        ("cosine", 40, 0, 0, lambda o, n: torch_schedules.CosineAnnealingLR(o, T_max=n)),
        ("cosine", 40, 8, 0.1, lambda o, n: torch_schedules.CosineAnnealingLR(o, T_max=n, eta_min=0.1)),
        ("linear", 40, 0, 0, lambda o, n: torch_schedules.LinearLR(o, 1, 0, total_iters=n)),
        ("linear", 40, 8, 0.2, lambda o, n: torch_schedules.LinearLR(o, 1, 0.2, total_iters=n)),
        ("one-cycle", 41, 0, 0, one_cycle(0.3)),
    ]
    curves = [{"shape": shape, "steps": total, "warmupSteps": warmup, "finalFraction": final,
               "factors": schedule_curve(make, total, warmup)} for shape, total, warmup, final, make in cases]
    # Its own rise is a warm-up of as many steps.
    curves.append({"shape": "one-cycle", "steps": 41, "warmupSteps": 10, "finalFraction": 0,
                   "factors": schedule_curve(one_cycle(10 / 41), 41, 0)})
    return {"torch": torch.__version__, "schedules": curves}


# What was written

def summary_of(fixture):
    if "schedules" in fixture:
        return f"{len(fixture['schedules'])} schedules"
    if "cases" in fixture:
        return f"{len(fixture['cases'])} cases"
    if "paper" in fixture:
        return f"{len(fixture['pytorch'])} trajectories of PyTorch, {len(fixture['paper'])} from the papers"
    curves = [f"{c['optimizer']['name']} {c['losses'][0]:.4f} -> {c['losses'][-1]:.4f}" for c in fixture["curves"]]
    return f"{fixture['parameterCount']} parameters; " + "; ".join(curves)


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    fixtures = {name: lambda name=name: network_fixture(name) for name in NETWORKS}
    fixtures |= {"layers": layers_fixture, "optimizers": optimizers_fixture, "schedules": schedules_fixture}
    print(f"{'file':18}{'bytes':>8}  content")
    for name, make in fixtures.items():
        fixture = make()
        size = write(f"{name}.json", fixture)
        print(f"{name + '.json':18}{size:8}  {summary_of(fixture)}")


if __name__ == "__main__":
    main()
