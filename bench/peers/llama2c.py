"""A language model of the Llama kind from a checkpoint of karpathy/llama2.c (legacy format, float32): RMS normalization, rotary positions, gated feed-forward units."""
import math
import struct

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def norm(x, weight):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-5) * weight


class Block(nn.Module):
    def __init__(self, heads, shared, **weights):
        super().__init__()
        self.heads, self.shared = heads, shared
        for name, weight in weights.items():
            self.register_parameter(name, nn.Parameter(weight))

    def turned(self, x, cos, sin):
        """Neighbouring numbers of a head are turned as a pair."""
        pairs = x.reshape(*x.shape[:-1], x.shape[-1] // 2, 2)
        re, im = pairs[..., 0], pairs[..., 1]
        return torch.stack([re * cos - im * sin, re * sin + im * cos], -1).flatten(-2)

    def attention(self, x):
        n, t, d = x.shape
        size = d // self.heads
        y = norm(x, self.attention_norm)
        places = torch.arange(t, dtype=x.dtype)[:, None] * 10000.0 ** (-torch.arange(0, size, 2, dtype=x.dtype) / size)
        cos, sin = places.cos(), places.sin()

        def split(w):
            return F.linear(y, w).view(n, t, -1, size).transpose(1, 2)

        q, k = (self.turned(split(w), cos, sin) for w in (self.wq, self.wk))
        # Groups of heads share keys and values.
        k, v = (z[:, :, None].expand(n, -1, self.shared, t, size).reshape(n, -1, t, size) for z in (k, split(self.wv)))
        scores = q @ k.transpose(2, 3) / math.sqrt(size)
        weights = scores.masked_fill(torch.ones(t, t).triu(1).bool(), float("-inf")).softmax(3)
        return x + F.linear((weights @ v).transpose(1, 2).reshape(n, t, d), self.wo)

    def feed(self, x):
        y = norm(x, self.feed_norm)
        return x + F.linear(F.silu(F.linear(y, self.w1)) * F.linear(y, self.w3), self.w2)

    def forward(self, x):
        return self.feed(self.attention(x))


class Llama(nn.Module):
    def __init__(self, path):
        super().__init__()
        with open(path, "rb") as f:
            d, hidden, layers, heads, groups, vocabulary, context = struct.unpack("7i", f.read(28))
            numbers = torch.from_numpy(np.frombuffer(f.read(), np.float32).copy())
        start = 0

        def take(*shape):
            nonlocal start
            size = math.prod(shape)
            start += size
            return numbers[start - size : start].reshape(shape)

        rows = d // heads * groups
        self.table = nn.Parameter(take(abs(vocabulary), d))
        kinds = [
            *[("attention_norm", (d,)), ("wq", (d, d)), ("wk", (rows, d)), ("wv", (rows, d)), ("wo", (d, d))],
            *[("feed_norm", (d,)), ("w1", (hidden, d)), ("w2", (d, hidden)), ("w3", (hidden, d))],
        ]
        weights = {name: take(layers, *shape) for name, shape in kinds}
        self.final = nn.Parameter(take(d))
        # Tables of the rotary positions, which are computed here.
        take(context, d // heads)
        self.head = self.table if vocabulary > 0 else nn.Parameter(take(abs(vocabulary), d))
        self.layers = nn.ModuleList(
            Block(heads, heads // groups, **{name: w[i].clone() for name, w in weights.items()}) for i in range(layers)
        )

    def embed(self, ids):
        return F.embedding(ids, self.table)

    def blocks(self):
        return [(f"layers.{i}", block) for i, block in enumerate(self.layers)]

    def forward(self, ids):
        x = self.embed(ids)
        for block in self.layers:
            x = block(x)
        return F.linear(norm(x, self.final), self.head)


def load(path):
    return Llama(path).eval()
