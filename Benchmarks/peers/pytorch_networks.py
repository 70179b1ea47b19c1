"""The networks of `backprop bench` as a user of PyTorch writes them."""

import torch
from torch import nn
from torch.nn import functional as F


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


def depthwise_block():
    return nn.Sequential(nn.Conv2d(64, 64, 3, padding=1, groups=64, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
                         nn.Conv2d(64, 128, 1, bias=False), nn.BatchNorm2d(128), nn.ReLU())


class UNet(nn.Module):
    """Three levels of 16, 32 and 64 channels."""

    def __init__(self):
        super().__init__()

        def block(inputs, outputs):
            return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
                                 nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())

        self.descent = nn.ModuleList([block(3, 16), block(16, 32)])
        self.bottom = block(32, 64)
        self.enlargement = nn.ModuleList([nn.ConvTranspose2d(64, 32, 2, 2), nn.ConvTranspose2d(32, 16, 2, 2)])
        self.ascent = nn.ModuleList([block(64, 32), block(32, 16)])
        self.output = nn.Conv2d(16, 1, 1)

    def forward(self, x):
        seen = []
        for block in self.descent:
            seen.append(block(x))
            x = F.max_pool2d(seen[-1], 2)
        x = self.bottom(x)
        for enlarge, block in zip(self.enlargement, self.ascent):
            x = block(torch.cat([seen.pop(), enlarge(x)], 1))
        return self.output(x)


class RecurrentLanguageModel(nn.Module):
    """Two LSTM layers. PyTorch has two biases a layer where one does the work."""

    def __init__(self, vocabulary=65, width=256):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width // 2)
        self.recurrent = nn.LSTM(width // 2, width, num_layers=2, batch_first=True)  # the faster order
        self.output = nn.Linear(width, vocabulary)

    def forward(self, ids):  # [batch, time] -> [batch * time, vocabulary]
        return self.output(self.recurrent(self.embedding(ids))[0]).flatten(0, 1)


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))

    def split(self, x):  # [batch, time, width] -> [batch, heads, time, size]
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, x):
        q, k, v = (self.split(part(x)) for part in (self.query, self.key, self.value))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.output(y.transpose(1, 2).flatten(2))

    def decode(self, x, cache, position):
        """One token, x [1, 1, width]; `cache` keeps keys and values [2, 1, heads, context, size]."""
        q, k, v = (self.split(part(x)) for part in (self.query, self.key, self.value))
        cache[0, :, :, position] = k[:, :, 0]
        cache[1, :, :, position] = v[:, :, 0]
        y = F.scaled_dot_product_attention(q, cache[0, :, :, :position + 1], cache[1, :, :, :position + 1])
        return self.output(y.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.attention_norm, self.attention = nn.LayerNorm(width), Attention(width, heads)
        self.feed_forward_norm = nn.LayerNorm(width)
        self.expand, self.contract = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def feed_forward(self, x):
        return self.contract(F.gelu(self.expand(self.feed_forward_norm(x)), approximate="tanh"))

    def forward(self, x):
        x = x + self.attention(self.attention_norm(x))
        return x + self.feed_forward(x)

    def decode(self, x, cache, position):
        x = x + self.attention.decode(self.attention_norm(x), cache, position)
        return x + self.feed_forward(x)


class Transformer(nn.Module):
    """GPT-2's layout with learned positions, and an output of its own without bias."""

    def __init__(self, context, width, heads, layers, vocabulary=65):
        super().__init__()
        self.embedding, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm, self.output = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)
        self.cache_shape = (layers, 2, 1, heads, context, width // heads)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, ids):  # [batch, time] -> [batch * time, vocabulary]
        x = self.embedding(ids) + self.positions.weight[:ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.output(self.norm(x)).flatten(0, 1)

    def decode(self, token, cache, position):
        """The most probable token after `token` [1, 1] at `position`."""
        x = self.embedding(token) + self.positions.weight[position]
        for block, block_cache in zip(self.blocks, cache):
            x = block.decode(x, block_cache, position)
        return self.output(self.norm(x)).argmax(-1)


def gpt_small():
    return Transformer(context=64, width=128, heads=4, layers=4)


def gpt_medium():
    return Transformer(context=256, width=384, heads=6, layers=6)
