"""Peer of `ballast tokens`: Jacobians of a GPT's blocks, token by token, in float64 by PyTorch's automatic differentiation.

    python3 tokens.py FOLDER HEADS

FOLDER has parameters.json and parameters.bin as the benches write them, with minGPT's names. Writes FOLDER/network.onnx, the same network exported
for tokens [batch, length]. Then reads one JSON object a line, {"ids", "tokens", "top"[, "whole": false]}, and answers one a line: {"maps", "coupling", "loss"}, where
a map has the leading singular values of each pair of tokens and (unless "whole" is false) of all of them, and radius and departure from normality of a token by itself, and coupling is
m_K of arXiv 2407.07810 between all pairs of blocks, for each token.
"""
import json
import math
import sys
import warnings

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from token_jacobians import coupling, described

warnings.filterwarnings("ignore")
folder, heads = sys.argv[1], int(sys.argv[2])
with open(f"{folder}/parameters.json") as f:
    entries = json.load(f)
raw = np.fromfile(f"{folder}/parameters.bin", np.float32)
parameters, start = {}, 0
for entry in entries:
    size = math.prod(entry["shape"])
    parameters[entry["name"]] = torch.from_numpy(raw[start : start + size].reshape(entry["shape"]).copy())
    start += size


class Attention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.c_attn = nn.Linear(width, 3 * width)
        self.c_proj = nn.Linear(width, width)

    def forward(self, x):
        n, t, d = x.shape
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
    def __init__(self, width):
        super().__init__()
        self.ln_1, self.attn = nn.LayerNorm(width), Attention(width)
        self.ln_2, self.mlp = nn.LayerNorm(width), Feed(width)

    def attention(self, x):
        return x + self.attn(self.ln_1(x))

    def feed(self, x):
        return x + self.mlp(self.ln_2(x))

    def forward(self, x):
        return self.feed(self.attention(x))


class Transformer(nn.Module):
    def __init__(self, layers, vocabulary, context, width):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.h = nn.ModuleList(Block(width) for _ in range(layers))
        self.ln_f = nn.LayerNorm(width)

    def embed(self, ids):
        return self.wte(ids) + self.wpe(torch.arange(ids.shape[1]))


class Gpt(nn.Module):
    def __init__(self):
        super().__init__()
        vocabulary, width = parameters["transformer.wte.weight"].shape
        layers = len({name.split(".")[2] for name in parameters if name.startswith("transformer.h.")})
        self.transformer = Transformer(layers, vocabulary, parameters["transformer.wpe.weight"].shape[0], width)
        self.lm_head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, ids):
        x = self.transformer.embed(ids)
        for block in self.transformer.h:
            x = block(x)
        return self.lm_head(self.transformer.ln_f(x))


given = dict(parameters)
given.setdefault("transformer.wte.weight", given.get("lm_head.weight"))
given.setdefault("lm_head.weight", given["transformer.wte.weight"])
parameters = given
model = Gpt().eval()
model.load_state_dict(parameters)
example = torch.zeros(1, 5, dtype=torch.long)
axes = {"input_ids": {0: "batch", 1: "length"}}
torch.onnx.export(
    model, example, f"{folder}/network.onnx", opset_version=17, input_names=["input_ids"], output_names=["logits"], dynamic_axes=axes
)
model.double()


for line in sys.stdin:
    job = json.loads(line)
    ids, tokens, top = torch.tensor([job["ids"]]), job["tokens"], job["top"]
    x = model.transformer.embed(ids).detach()
    maps, blocks = [], []
    asked = (tokens, top, job.get("whole", True))
    for i, block in enumerate(model.transformer.h):
        name = f"transformer.h.{i}"
        found, own = described(name, "block", block, x, *asked)
        blocks.append(own)
        middle = block.attention(x).detach()
        maps += [found, described(name, "attention", block.attention, x, *asked)[0]]
        maps.append(described(name, "feed-forward", block.feed, middle, *asked)[0])
        x = block(x).detach()
    eye = torch.eye(x.shape[2], dtype=x.dtype)
    pairs = [[[coupling(a[t] - eye, b[t] - eye, top) for b in blocks] for a in blocks] for t in tokens]
    logits = model(ids)[0]
    loss = F.cross_entropy(logits[:-1], ids[0, 1:]).item()
    print(json.dumps({"maps": maps, "coupling": pairs, "loss": loss}), flush=True)
