"""The networks of `backprop bench` as a user of JAX writes them.

apply(parameters, statistics, inputs) -> (logits [rows, classes], statistics); the parameters are those of
initial_values.py.
"""

import jax
import jax.numpy as jnp

from initial_values import RESNET20_BLOCKS


def linear(p, x):
    return x @ p["weight"] + p["bias"]


# Images, [batch, height, width, channels]

def convolved(x, weight, stride=1):
    padding = weight.shape[0] // 2  # the same on both sides, as in PyTorch; "SAME" differs with strides
    return jax.lax.conv_general_dilated(x, weight, (stride, stride), [(padding, padding)] * 2,
                                        dimension_numbers=("NHWC", "HWIO", "NHWC"))


def max_pooled(x):
    batch, height, width, channels = x.shape
    # On CPUs several times as fast as reduce_window, whose gradient is a select-and-scatter.
    return x.reshape(batch, height // 2, 2, width // 2, 2, channels).max((2, 4))


def mlp(p, statistics, x):
    return linear(p["output"], jax.nn.relu(linear(p["hidden"], x.reshape(len(x), -1)))), statistics


def cnn(p, statistics, x):
    x = max_pooled(jax.nn.relu(convolved(x, p["first"]) + p["first_bias"]))
    x = max_pooled(jax.nn.relu(convolved(x, p["second"]) + p["second_bias"]))
    return mlp(p, statistics, x)


def resnet20(p, statistics, x):
    layers, after = iter(zip(p["convolutions"], statistics)), []

    def normalized(x, stride=1):
        layer, (running_mean, running_variance) = next(layers)
        x = convolved(x, layer["weight"], stride)
        mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
        count = x.size / x.shape[-1]
        after.append((0.9 * running_mean + 0.1 * mean,
                      0.9 * running_variance + 0.1 * variance * (count / (count - 1))))
        return (x - mean) * (jax.lax.rsqrt(variance + 1e-5) * layer["scale"]) + layer["shift"]

    x = jax.nn.relu(normalized(x))
    for inputs, outputs in RESNET20_BLOCKS:
        stride = 1 if inputs == outputs else 2
        y = normalized(jax.nn.relu(normalized(x, stride)))
        x = jax.nn.relu(y + (x if inputs == outputs else normalized(x, stride)))
    return linear(p["output"], x.mean((1, 2))), after


# Texts, ids [batch, time]

def lstm(p, statistics, ids):
    x = p["embedding"][ids.T]  # time first
    for layer in p["layers"]:
        def step(carried, projected, layer=layer):
            hidden, cell = carried
            i, f, g, o = jnp.split(projected + hidden @ layer["recurrent"], 4, -1)
            cell = jax.nn.sigmoid(f) * cell + jax.nn.sigmoid(i) * jnp.tanh(g)
            hidden = jax.nn.sigmoid(o) * jnp.tanh(cell)
            return (hidden, cell), hidden

        zero = jnp.zeros((ids.shape[0], layer["recurrent"].shape[0]))
        x = jax.lax.scan(step, (zero, zero), x @ layer["input"] + layer["bias"])[1]
    return linear(p["output"], x.transpose(1, 0, 2).reshape(-1, x.shape[-1])), statistics


def layer_norm(p, x):
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * p["scale"] + p["shift"]


def feed_forward(p, x):
    return x + linear(p["contract"], jax.nn.gelu(linear(p["expand"], layer_norm(p["feed_forward_norm"], x))))


def projections(p, x, heads):  # [batch, time, width] -> three of [batch, time, heads, size]
    x = layer_norm(p["attention_norm"], x)
    return (linear(p[part], x).reshape(*x.shape[:2], heads, -1) for part in ("query", "key", "value"))


def transformer(heads):
    def apply(p, statistics, ids):
        x = p["embedding"][ids] + p["positions"][:ids.shape[1]]
        for block in p["blocks"]:
            y = jax.nn.dot_product_attention(*projections(block, x, heads), is_causal=True)
            x = feed_forward(block, x + linear(block["output"], y.reshape(x.shape)))
        return (layer_norm(p["norm"], x) @ p["output"]).reshape(-1, p["output"].shape[1]), statistics

    return apply


def decoder(heads):
    """One token after another with keys and values kept: what decodes one, and what makes an empty cache."""
    def decode(p, cache, token, position):
        x = (p["embedding"][token] + p["positions"][position])[None, None]
        after = []
        for block, (keys, values) in zip(p["blocks"], cache):
            q, k, v = projections(block, x, heads)
            keys = jax.lax.dynamic_update_slice_in_dim(keys, k, position, 1)
            values = jax.lax.dynamic_update_slice_in_dim(values, v, position, 1)
            y = jax.nn.dot_product_attention(q, keys, values, key_value_seq_lengths=(position + 1)[None])
            after.append((keys, values))
            x = feed_forward(block, x + linear(block["output"], y.reshape(x.shape)))
        return jnp.argmax(layer_norm(p["norm"], x) @ p["output"]).astype(jnp.int32), after

    def empty_cache(p):
        context, width = p["positions"].shape
        shape = (1, context, heads, width // heads)
        return [(jnp.zeros(shape), jnp.zeros(shape)) for _ in p["blocks"]]

    return decode, empty_cache
