"""First values of the networks' parameters, for peers that take arrays. Needs NumPy.

Each function gives parameters and statistics (running means and variances), as nested dictionaries and lists.
"""

import numpy as np

_WIDTHS = [16] + [16] * 3 + [32] * 3 + [64] * 3
RESNET20_BLOCKS = list(zip(_WIDTHS, _WIDTHS[1:]))


def normal(random, *shape, deviation=None):
    deviation = deviation or np.sqrt(2 / np.prod(shape[:-1]))
    return (deviation * random.standard_normal(shape)).astype(np.float32)


def zeros(count):
    return np.zeros(count, np.float32)


def ones(count):
    return np.ones(count, np.float32)


def dense(random, inputs, outputs, deviation=None):
    return {"weight": normal(random, inputs, outputs, deviation=deviation), "bias": zeros(outputs)}


def mlp(random):
    return {"hidden": dense(random, 784, 128), "output": dense(random, 128, 10)}, []


def cnn(random):  # weights [height, width, inputs, outputs]
    return {"first": normal(random, 3, 3, 1, 32), "first_bias": zeros(32),
            "second": normal(random, 3, 3, 32, 64), "second_bias": zeros(64),
            "hidden": dense(random, 64 * 7 * 7, 128), "output": dense(random, 128, 10)}, []


def resnet20(random):
    """The convolutions in the order of use; that of the way past a block comes last in it."""
    parameters, statistics = [], []

    def normalized(size, inputs, outputs):
        parameters.append({"weight": normal(random, size, size, inputs, outputs),
                           "scale": ones(outputs), "shift": zeros(outputs)})
        statistics.append((zeros(outputs), ones(outputs)))

    normalized(3, 3, 16)
    for inputs, outputs in RESNET20_BLOCKS:
        normalized(3, inputs, outputs)
        normalized(3, outputs, outputs)
        if inputs != outputs:
            normalized(1, inputs, outputs)
    return {"convolutions": parameters, "output": dense(random, 64, 10)}, statistics


def lstm(random, vocabulary=65, width=256):
    def uniform(*shape):
        return random.uniform(-1 / 16, 1 / 16, shape).astype(np.float32)  # 1 / √width

    def layer(inputs):
        return {"input": uniform(inputs, 4 * width), "recurrent": uniform(width, 4 * width), "bias": uniform(4 * width)}

    return {"embedding": normal(random, vocabulary, width // 2, deviation=1),
            "layers": [layer(width // 2), layer(width)], "output": dense(random, width, vocabulary)}, []


def transformer(random, context, width, layers, vocabulary=65):
    def norm():
        return {"scale": ones(width), "shift": zeros(width)}

    def linear(inputs=width, outputs=width):
        return dense(random, inputs, outputs, deviation=0.02)

    def block():
        return {"attention_norm": norm(), "query": linear(), "key": linear(), "value": linear(), "output": linear(),
                "feed_forward_norm": norm(), "expand": linear(width, 4 * width), "contract": linear(4 * width, width)}

    return {"embedding": normal(random, vocabulary, width, deviation=0.02),
            "positions": normal(random, context, width, deviation=0.02),
            "blocks": [block() for _ in range(layers)], "norm": norm(),
            "output": normal(random, width, vocabulary, deviation=0.02)}, []


def gpt_small(random):
    return transformer(random, context=64, width=128, layers=4)


def gpt_medium(random):
    return transformer(random, context=256, width=384, layers=6)
