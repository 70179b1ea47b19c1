#!/usr/bin/env python3
"""Measures JAX on the workloads of `backprop bench`; prints a JSON line a workload (see harness.py).

    python Benchmarks/peers/jax_bench.py [WORKLOAD…] [--threads 2] [--seconds 5]

A training step is one jitted function of donated parameters and state: forward, cross entropy, backward and update, in
float32 on fixed random inputs. Images and their weights are channels last, which XLA prefers on CPUs.
"""

import harness

if __name__ == "__main__":  # before JAX is imported, which then finds the threads
    given = harness.arguments("Measure JAX on the workloads of `backprop bench`.")

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jax.numpy as jnp
import numpy as np

import initial_values
import jax_networks as networks

random = np.random.default_rng(0)


# Optimizers: (state of a parameter, rule: parameter, gradient, state, step -> parameter, state)

def sgd(rate=1e-3):
    return lambda p: (), lambda p, g, s, t: (p - rate * g, s)


def momentum(rate=1e-3, share=0.9, decay=0.0):
    def rule(p, g, s, t):
        velocity = share * s[0] + g + decay * p
        return p - rate * velocity, (velocity,)
    return lambda p: (jnp.zeros_like(p),), rule


def adagrad(rate=1e-3, epsilon=1e-10):
    def rule(p, g, s, t):
        squares = s[0] + g * g
        return p - rate * g / (jnp.sqrt(squares) + epsilon), (squares,)
    return lambda p: (jnp.zeros_like(p),), rule


def rmsprop(rate=1e-3, decay=0.99, epsilon=1e-8):
    def rule(p, g, s, t):
        squares = decay * s[0] + (1 - decay) * g * g
        return p - rate * g / (jnp.sqrt(squares) + epsilon), (squares,)
    return lambda p: (jnp.zeros_like(p),), rule


def adam(rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, decay=0.0):
    def rule(p, g, s, t):
        mean, squares = beta1 * s[0] + (1 - beta1) * g, beta2 * s[1] + (1 - beta2) * g * g
        direction = mean / (1 - beta1 ** t) / (jnp.sqrt(squares / (1 - beta2 ** t)) + epsilon)
        return p - rate * (direction + decay * p), (mean, squares)
    return lambda p: (jnp.zeros_like(p), jnp.zeros_like(p)), rule


def adamw():
    return adam(decay=0.01)


def update(rule, parameters, gradients, state, t):
    leaves, tree = jax.tree.flatten(parameters)
    results = [rule(p, g, s, t) for p, g, s in zip(leaves, jax.tree.leaves(gradients), state)]
    return tree.unflatten([p for p, _ in results]), [s for _, s in results]


def count(parameters):
    return sum(leaf.size for leaf in jax.tree.leaves(parameters))


def on_device(tree):
    return jax.tree.map(jnp.asarray, tree)


def training(initial, apply, inputs, labels, optimizer):
    parameters, statistics = on_device(initial(random))
    inputs, labels = jnp.asarray(inputs()), jnp.asarray(labels())
    initial_state, rule = optimizer
    state = [initial_state(leaf) for leaf in jax.tree.leaves(parameters)]

    def loss(parameters, statistics, inputs, labels):
        logits, statistics = apply(parameters, statistics, inputs)
        chances = jax.nn.log_softmax(logits)
        return -jnp.take_along_axis(chances, labels[:, None], 1).mean(), statistics

    def step(parameters, statistics, state, t, inputs, labels):
        (value, statistics), gradients = jax.value_and_grad(loss, has_aux=True)(parameters, statistics, inputs, labels)
        parameters, state = update(rule, parameters, gradients, state, t)
        return parameters, statistics, state, t + 1, value

    step = jax.jit(step, donate_argnums=(0, 1, 2, 3))
    held = [parameters, statistics, state, jnp.float32(1)]

    def call():
        *held[:], value = step(*held, inputs, labels)
        jax.block_until_ready((held, value))
        return value

    return harness.Job(call, count(parameters))


def generate():
    parameters = on_device(initial_values.gpt_medium(random)[0])
    decode, empty_cache = networks.decoder(heads=6)
    decode = jax.jit(decode, donate_argnums=(1,))

    def tokens(number):
        token, cache = jnp.int32(10), empty_cache(parameters)
        for position in range(number):
            token, cache = decode(parameters, cache, token, np.int32(position))
        return int(token)

    return harness.Job(lambda: tokens(harness.GENERATED), count(parameters), harness.GENERATED, makes_tokens=True,
                       first=lambda: tokens(1))


def updates_alone(name):
    initial, rule = {"sgd": sgd, "momentum": momentum, "adagrad": adagrad, "rmsprop": rmsprop, "adam": adam}[name]()
    parameters, gradients = ([jnp.asarray(random.standard_normal(shape, np.float32))
                              for shape in harness.OPTIMIZER_SHAPES] for _ in range(2))
    state = [initial(leaf) for leaf in parameters]

    def step(parameters, state, t, gradients):
        return *update(rule, parameters, gradients, state, t), t + 1

    step = jax.jit(step, donate_argnums=(0, 1, 2))
    held = [parameters, state, jnp.float32(1)]

    def call():
        held[:] = step(*held, gradients)
        jax.block_until_ready(held)

    return harness.Job(call, count(parameters))


def jobs():
    def images(*shape):
        return lambda: random.random(shape, np.float32)

    def numbers(below, *shape):
        return lambda: random.integers(below, size=shape, dtype=np.int32)

    table = {
        "mlp": (networks.mlp, images(64, 28, 28, 1), numbers(10, 64), adam()),
        "cnn": (networks.cnn, images(64, 28, 28, 1), numbers(10, 64), adam()),
        "resnet20": (networks.resnet20, images(128, 32, 32, 3), numbers(10, 128), momentum(0.1, decay=1e-4)),
        "lstm": (networks.lstm, numbers(65, 32, 64), numbers(65, 32 * 64), adam()),
        "gpt-small": (networks.transformer(heads=4), numbers(65, 12, 64), numbers(65, 12 * 64), adamw()),
        "gpt-medium": (networks.transformer(heads=6), numbers(65, 4, 256), numbers(65, 4 * 256), adamw()),
    }
    made = {name: lambda row=row, name=name: training(getattr(initial_values, name.replace("-", "_")), *row)
            for name, row in table.items()} | {"generate": generate}
    return made | {name: lambda kind=kind: updates_alone(kind) for name, kind in harness.OPTIMIZERS.items()}


if __name__ == "__main__":
    harness.run(f"JAX {jax.__version__}", jobs(), given)
