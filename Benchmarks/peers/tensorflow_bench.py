#!/usr/bin/env python3
"""Measures TensorFlow on the workloads of `backprop bench`; prints a JSON line a workload (see harness.py).

    python Benchmarks/peers/tensorflow_bench.py [WORKLOAD…] [--threads 2] [--seconds 5]

A training step is one tf.function: forward, cross entropy, backward and TensorFlow's fused update of each parameter, in
float32 on fixed random inputs.
"""

import harness

if __name__ == "__main__":  # before TensorFlow is imported, which then finds the threads
    given = harness.arguments("Measure TensorFlow on the workloads of `backprop bench`.")

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

import initial_values
import tensorflow_networks as networks

random = np.random.default_rng(0)


class Optimizer:
    """The fused updates of tf.raw_ops, which optimizers of older Keras called as well."""

    def __init__(self, name, parameters, rate=1e-3, decay=0.0):
        self.name, self.parameters, self.rate, self.decay = name, parameters, rate, decay
        slots = {"sgd": 0, "momentum": 1, "adagrad": 1, "rmsprop": 2, "adam": 2, "adamw": 2}[name]
        self.state = [[tf.Variable(tf.zeros_like(p)) for _ in range(slots)] for p in parameters]
        self.powers = [tf.Variable(beta) for beta in (0.9, 0.999)]

    def apply(self, gradients):
        ops, rate = tf.raw_ops, tf.constant(self.rate)
        for p, g, state in zip(self.parameters, gradients, self.state):
            slots = [variable.handle for variable in state]
            if isinstance(g, tf.IndexedSlices):
                g = tf.convert_to_tensor(g)
            if self.name == "adamw":
                p.assign_sub(self.rate * self.decay * p)
            elif self.decay:
                g = g + self.decay * p
            if self.name == "sgd":
                ops.ResourceApplyGradientDescent(var=p.handle, alpha=rate, delta=g)
            elif self.name == "momentum":
                ops.ResourceApplyMomentum(var=p.handle, accum=slots[0], lr=rate, grad=g, momentum=0.9)
            elif self.name == "adagrad":
                ops.ResourceApplyAdagradV2(var=p.handle, accum=slots[0], lr=rate, epsilon=1e-10, grad=g)
            elif self.name == "rmsprop":
                ops.ResourceApplyRMSProp(var=p.handle, ms=slots[0], mom=slots[1], lr=rate, rho=0.99, momentum=0.0,
                                         epsilon=1e-8, grad=g)
            else:
                ops.ResourceApplyAdam(var=p.handle, m=slots[0], v=slots[1], beta1_power=self.powers[0],
                                      beta2_power=self.powers[1], lr=rate, beta1=0.9, beta2=0.999, epsilon=1e-8, grad=g)
        if self.name in ("adam", "adamw"):
            for power, beta in zip(self.powers, (0.9, 0.999)):
                power.assign(power * beta)


def variables(arrays):
    return tf.nest.map_structure(tf.Variable, arrays)


def count(parameters):
    return sum(int(np.prod(p.shape)) for p in parameters)


def training(initial, apply, inputs, labels, optimizer, compiled=False, **settings):
    parameters, statistics = (variables(arrays) for arrays in initial(random))
    inputs, labels, leaves = tf.constant(inputs()), tf.constant(labels()), tf.nest.flatten(parameters)
    updates = Optimizer(optimizer, leaves, **settings)

    @tf.function(jit_compile=compiled)
    def step(inputs, labels):
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, apply(parameters, statistics, inputs))
            loss = tf.reduce_mean(losses)
        updates.apply(tape.gradient(loss, leaves))
        return loss

    return harness.Job(lambda: step(inputs, labels).numpy(), count(leaves))


def generate():
    parameters = variables(initial_values.gpt_medium(random)[0])
    number = tf.TensorSpec([], tf.int32)
    decode = tf.function(networks.decoder(parameters, heads=6), input_signature=[number, number])

    def tokens(count):
        token = tf.constant(10)
        for position in range(count):
            token = decode(token, tf.constant(position))
        return token.numpy()

    return harness.Job(lambda: tokens(harness.GENERATED), count(tf.nest.flatten(parameters)), harness.GENERATED,
                       makes_tokens=True, first=lambda: tokens(1))


def updates_alone(name):
    parameters, gradients = ([tf.Variable(random.standard_normal(shape, np.float32))
                              for shape in harness.OPTIMIZER_SHAPES] for _ in range(2))
    updates = Optimizer(name, parameters)
    done = tf.constant(0)

    @tf.function
    def step():
        updates.apply([gradient.value() for gradient in gradients])
        return done

    return harness.Job(lambda: step().numpy(), count(parameters))


def jobs():
    def images(*shape):
        return lambda: random.random(shape, np.float32)

    def numbers(below, *shape):
        return lambda: random.integers(below, size=shape, dtype=np.int32)

    table = {
        "mlp": (networks.mlp, images(64, 28, 28, 1), numbers(10, 64), "adam"),
        "cnn": (networks.cnn, images(64, 28, 28, 1), numbers(10, 64), "adam"),
        "resnet20": (networks.resnet20, images(128, 32, 32, 3), numbers(10, 128), "momentum"),
        "lstm": (networks.lstm, numbers(65, 32, 64), numbers(65, 32 * 64), "adam"),
        "gpt-small": (networks.transformer(heads=4), numbers(65, 12, 64), numbers(65, 12 * 64), "adamw"),
        "gpt-medium": (networks.transformer(heads=6), numbers(65, 4, 256), numbers(65, 4 * 256), "adamw"),
    }
    # XLA's code is slower for all but gpt-small.
    settings = {"resnet20": {"rate": 0.1, "decay": 1e-4}, "gpt-small": {"decay": 0.01, "compiled": True},
                "gpt-medium": {"decay": 0.01}}
    made = {name: lambda row=row, name=name: training(getattr(initial_values, name.replace("-", "_")), *row,
                                                      **settings.get(name, {}))
            for name, row in table.items()} | {"generate": generate}
    return made | {name: lambda kind=kind: updates_alone(kind) for name, kind in harness.OPTIMIZERS.items()}


if __name__ == "__main__":
    tf.config.threading.set_intra_op_parallelism_threads(given.threads)
    tf.config.threading.set_inter_op_parallelism_threads(given.threads)
    harness.run(f"TensorFlow {tf.__version__}", jobs(), given)
