"""The networks of `backprop bench` as a user of TensorFlow writes them.

apply(parameters, statistics, inputs) -> logits [rows, classes]; parameters and statistics are variables that begin with
initial_values.py. Images are [batch, height, width, channels], the layout that TensorFlow's CPU kernels take.
"""

import tensorflow as tf

from initial_values import RESNET20_BLOCKS


def linear(p, x):
    return tf.nn.bias_add(tf.matmul(x, p["weight"]), p["bias"])


def mlp(p, statistics, x):
    return linear(p["output"], tf.nn.relu(linear(p["hidden"], tf.reshape(x, [x.shape[0], -1]))))


def cnn(p, statistics, x):
    for name in ("first", "second"):
        x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, p[name], 1, "SAME"), p[name + "_bias"]))
        x = tf.nn.max_pool2d(x, 2, 2, "VALID")
    return mlp(p, statistics, x)


def resnet20(p, statistics, x):
    layers = iter(zip(p["convolutions"], statistics))

    def normalized(x, stride=1):
        layer, running = next(layers)
        padding = layer["weight"].shape[0] // 2  # the same on both sides, as in PyTorch; "SAME" differs with strides
        x = tf.nn.conv2d(x, layer["weight"], stride, [[0, 0], [padding] * 2, [padding] * 2, [0, 0]])
        y, mean, variance = tf.compat.v1.nn.fused_batch_norm(x, layer["scale"], layer["shift"], epsilon=1e-5)
        for old, new in zip(running, (mean, variance)):
            old.assign_sub(0.1 * (old - new))
        return y

    x = tf.nn.relu(normalized(x))
    for inputs, outputs in RESNET20_BLOCKS:
        stride = 1 if inputs == outputs else 2
        y = normalized(tf.nn.relu(normalized(x, stride)))
        x = tf.nn.relu(y + (x if inputs == outputs else normalized(x, stride)))
    return linear(p["output"], tf.reduce_mean(x, [1, 2]))


def lstm(p, statistics, ids):
    x = tf.gather(p["embedding"], tf.transpose(ids))  # time first
    for layer in p["layers"]:
        hidden = cell = tf.zeros([ids.shape[0], layer["recurrent"].shape[0]])
        projected = tf.unstack(tf.tensordot(x, layer["input"], 1) + layer["bias"])
        outputs = []
        for inputs in projected:  # unrolled: faster than a loop of the graph, and than BlockLSTMV2
            i, f, g, o = tf.split(inputs + tf.matmul(hidden, layer["recurrent"]), 4, -1)
            cell = tf.sigmoid(f) * cell + tf.sigmoid(i) * tf.tanh(g)
            hidden = tf.sigmoid(o) * tf.tanh(cell)
            outputs.append(hidden)
        x = tf.stack(outputs)
    return linear(p["output"], tf.reshape(tf.transpose(x, [1, 0, 2]), [-1, x.shape[-1]]))


def layer_norm(p, x):
    mean, variance = tf.nn.moments(x, -1, keepdims=True)
    return (x - mean) * (tf.math.rsqrt(variance + 1e-5) * p["scale"]) + p["shift"]


def feed_forward(p, x):  # [rows, width]
    inside = tf.nn.gelu(linear(p["expand"], layer_norm(p["feed_forward_norm"], x)), approximate=True)
    return x + linear(p["contract"], inside)


def transformer(heads):
    def apply(p, statistics, ids):
        batch, time = ids.shape
        width = p["embedding"].shape[1]
        mask = tf.linalg.band_part(tf.ones([time, time]), -1, 0) * 1e9 - 1e9

        def split(x):  # [rows, width] -> [batch, heads, time, size]
            return tf.transpose(tf.reshape(x, [batch, time, heads, -1]), [0, 2, 1, 3])

        x = tf.reshape(tf.gather(p["embedding"], ids) + p["positions"][:time], [-1, width])
        for block in p["blocks"]:
            y = layer_norm(block["attention_norm"], x)
            q, k, v = (split(linear(block[part], y)) for part in ("query", "key", "value"))
            scores = tf.matmul(q * (width // heads) ** -0.5, k, transpose_b=True) + mask
            y = tf.transpose(tf.matmul(tf.nn.softmax(scores), v), [0, 2, 1, 3])
            x = feed_forward(block, x + linear(block["output"], tf.reshape(y, [-1, width])))
        return tf.matmul(layer_norm(p["norm"], x), p["output"])

    return apply


def decoder(p, heads):
    """decode(token, position) -> the most probable next token; keys and values are kept in variables."""
    context, width = p["positions"].shape
    size = width // heads
    cache = [[tf.Variable(tf.zeros([context, heads, size])) for _ in range(2)] for _ in p["blocks"]]

    def decode(token, position):
        x = (p["embedding"][token] + p["positions"][position])[None]
        for block, (keys, values) in zip(p["blocks"], cache):
            y = layer_norm(block["attention_norm"], x)
            q, k, v = (tf.reshape(linear(block[part], y), [1, heads, size]) for part in ("query", "key", "value"))
            keys.scatter_nd_update([[position]], k)
            values.scatter_nd_update([[position]], v)
            scores = tf.einsum("qhd,thd->hqt", q * size ** -0.5, keys[:position + 1])
            y = tf.einsum("hqt,thd->qhd", tf.nn.softmax(scores), values[:position + 1])
            x = feed_forward(block, x + linear(block["output"], tf.reshape(y, [1, width])))
        return tf.argmax(tf.matmul(layer_norm(p["norm"], x), p["output"])[0], output_type=tf.int32)

    return decode
