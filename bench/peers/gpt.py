"""A language model with minGPT's names, of the parameters that a bench writes into a folder: parameters.json and parameters.bin."""
import json
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.c_attn = nn.Linear(width, 3 * width)
        self.c_proj = nn.Linear(width, width)

    def forward(self, x):
        n, t, d = x.shape
        heads = self.heads
        q, k, v = (y.view(n, t, heads, d // heads).transpose(1, 2) for y in self.c_attn(x).split(d, 2))
        scores = q @ k.transpose(2, 3) / math.sqrt(d // heads)
        hidden = torch.ones(t, t).triu(1).bool()
        weights = scores.masked_fill(hidden, float("-inf")).softmax(3)
        return self.c_proj((weights @ v).transpose(1, 2).reshape(n, t, d))


class Feed(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.c_fc = nn.Linear(width, 4 * width)
        self.c_proj = nn.Linear(4 * width, width)

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x)))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln_1, self.attn = nn.LayerNorm(width), Attention(width, heads)
        self.ln_2, self.mlp = nn.LayerNorm(width), Feed(width)

    def attention(self, x):
        return x + self.attn(self.ln_1(x))

    def feed(self, x):
        return x + self.mlp(self.ln_2(x))

    def forward(self, x):
        return self.feed(self.attention(x))


class Transformer(nn.Module):
    def __init__(self, layers, vocabulary, context, width, heads):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.h = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.ln_f = nn.LayerNorm(width)

    def embed(self, ids):
        return self.wte(ids) + self.wpe(torch.arange(ids.shape[1]))


class Gpt(nn.Module):
    def __init__(self, parameters, heads):
        super().__init__()
        vocabulary, width = parameters["transformer.wte.weight"].shape
        layers = len({name.split(".")[2] for name in parameters if name.startswith("transformer.h.")})
        self.transformer = Transformer(layers, vocabulary, parameters["transformer.wpe.weight"].shape[0], width, heads)
        self.lm_head = nn.Linear(width, vocabulary, bias=False)
        self.load_state_dict(parameters)

    def embed(self, ids):
        return self.transformer.embed(ids)

    def blocks(self):
        return [(f"transformer.h.{i}", block) for i, block in enumerate(self.transformer.h)]

    def forward(self, ids):
        x = self.embed(ids)
        for _, block in self.blocks():
            x = block(x)
        return self.lm_head(self.transformer.ln_f(x))


def load(folder, heads):
    with open(f"{folder}/parameters.json") as f:
        entries = json.load(f)
    raw = np.fromfile(f"{folder}/parameters.bin", np.float32)
    parameters, start = {}, 0
    for entry in entries:
        size = math.prod(entry["shape"])
        parameters[entry["name"]] = torch.from_numpy(raw[start : start + size].reshape(entry["shape"]).copy())
        start += size
    # One matrix of both ends goes by either name.
    parameters.setdefault("transformer.wte.weight", parameters.get("lm_head.weight"))
    parameters.setdefault("lm_head.weight", parameters["transformer.wte.weight"])
    return Gpt(parameters, heads).eval()
