"""Peer of `ballast tokens` for images: Jacobians of the blocks of small vision transformers, Swin transformers, ConvNeXts and of encoders of PyTorch's own
layers or of ones with both branches beside each other, token by token, in float64 by PyTorch's automatic differentiation.

    python3 vision_tokens.py FOLDER

Reads one JSON object a line, {"network", "tokens", "top"[, "whole": false]}, writes FOLDER/NETWORK.onnx and FOLDER/NETWORK.image (float32, [1, 3, 32, 32])
and answers {"maps", "coupling"}: maps as in tokens.py, and m_K of arXiv 2407.07810 between the additive blocks of each stage, [stage][token][i][j]. Tokens of Swin and
ConvNeXt are the places of their maps, row by row.
"""
import json
import sys
import warnings

import numpy as np
import torch
from torch import nn
from torchvision.models import VisionTransformer
from torchvision.models.convnext import CNBlockConfig, ConvNeXt
from torchvision.models.swin_transformer import SwinTransformer

from token_jacobians import coupling, described

warnings.filterwarnings("ignore")
folder = sys.argv[1]


class Beside(nn.Module):
    """x + a(x) + m(x): attention and feed-forward layers beside each other."""

    def __init__(self, width, feed):
        super().__init__()
        self.norm, self.attn = nn.LayerNorm(width), nn.MultiheadAttention(width, 4, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(width, feed), nn.GELU(), nn.Linear(feed, width))

    def forward(self, x):
        y = self.norm(x)
        return x + self.attn(y, y, y, need_weights=False)[0] + self.mlp(y)


class Encoder(nn.Module):
    """Patches of an image through encoder layers, with the sequence first or the batch."""

    def __init__(self, width, feed, layers, patch, beside=False, **options):
        super().__init__()
        self.patch, self.first = patch, options["batch_first"]
        self.embed = nn.Linear(3 * patch * patch, width)
        self.place = nn.Parameter(torch.randn((32 // patch) ** 2, width))
        self.layers = nn.ModuleList(
            Beside(width, feed) if beside else nn.TransformerEncoderLayer(width, 4, feed, dropout=0.0, activation="gelu", **options)
            for _ in range(layers)
        )
        self.head = nn.Linear(width, 10)

    def forward(self, image):
        p = self.patch
        n = 32 // p
        x = image.reshape(-1, 3, n, p, n, p).permute(0, 2, 4, 1, 3, 5).reshape(-1, n * n, 3 * p * p)
        x = self.embed(x) + self.place
        x = x if self.first else x.transpose(0, 1)
        for layer in self.layers:
            x = layer(x)
        return self.head(x.mean(1 if self.first else 0))


networks = {
    "vit": (lambda: VisionTransformer(32, 8, 2, 4, 32, 64, num_classes=10), 14),
    "swin": (lambda: SwinTransformer([4, 4], 8, [2, 1], [2, 4], [4, 4], num_classes=10), 14),
    "convnext": (lambda: ConvNeXt([CNBlockConfig(8, 16, 2), CNBlockConfig(16, None, 1)], num_classes=10), 17),
    "pre_norm": (lambda: Encoder(24, 48, 2, 8, norm_first=True, batch_first=False), 17),
    "beside": (lambda: Encoder(24, 48, 2, 8, beside=True, batch_first=True), 16),
    "post_norm": (lambda: Encoder(24, 48, 2, 8, norm_first=False, batch_first=True), 17),
    "post_norm_written_out": (lambda: Encoder(24, 48, 2, 8, norm_first=False, batch_first=False), 13),
    "wide": (lambda: Encoder(1152, 64, 1, 16, norm_first=True, batch_first=True), 17),
    "vit_larger": (lambda: VisionTransformer(32, 4, 2, 4, 32, 64, num_classes=10), 17),
    "swin_larger": (lambda: SwinTransformer([2, 2], 12, [2, 2], [3, 6], [4, 4], num_classes=10), 13),
    "convnext_larger": (lambda: ConvNeXt([CNBlockConfig(24, 48, 2), CNBlockConfig(48, None, 2)], num_classes=10), 12),
}


def rows(x):
    return x.flatten(1, -2)


def pixels(x):
    return x.flatten(2).transpose(1, 2)


def parts_of(model):
    """Of each block: its module, how its state becomes tokens [1, T, d] and comes back, its attention and feed-forward unit where it has two, and whether it is x + F(x)."""
    for name, m in model.named_modules():
        kind = type(m).__name__
        if kind == "EncoderBlock":

            def attend(x, m=m):
                y = m.ln_1(x)
                return x + m.self_attention(y, y, y, need_weights=False)[0]

            yield m, (lambda x: x), (lambda t, s: t), [attend, lambda x, m=m: x + m.mlp(m.ln_2(x))], (lambda x: x), True
        if kind == "SwinTransformerBlock":
            units = [lambda x, m=m: x + m.attn(m.norm1(x)), lambda x, m=m: x + m.mlp(m.norm2(x))]
            yield m, rows, (lambda t, s: t.reshape(s)), units, (lambda x: x), True
        if kind == "Beside":
            yield m, (lambda x: x), (lambda t, s: t), [], (lambda x: x), True
        if kind == "CNBlock":
            yield m, pixels, (lambda t, s: t.transpose(1, 2).reshape(s)), [], (lambda x: x), True
        if kind == "TransformerEncoderLayer":
            first = m.self_attn.batch_first

            def turned(x, first=first):
                return x if first else x.transpose(0, 1)

            if m.norm_first:
                units = [lambda x, m=m: x + m._sa_block(m.norm1(x), None, None), lambda x, m=m: x + m._ff_block(m.norm2(x))]
                between = lambda x: x
            else:
                units = [lambda x, m=m: x + m._sa_block(x, None, None), lambda x, m=m: x + m._ff_block(x)]
                between = m.norm1
            yield m, turned, (lambda t, s, turned=turned: turned(t)), units, between, m.norm_first


for line in sys.stdin:
    job = json.loads(line)
    make, opset = networks[job["network"]]
    torch.manual_seed(len(job["network"]))
    model = make().eval()
    with torch.no_grad():
        for key, p in model.named_parameters():
            # Far from what a network begins with, where branches are next to nothing.
            p.add_(0.08 * torch.randn_like(p)) if p.numel() < 100_000 else None
            p.fill_(0.5) if "layer_scale" in key else None
    image = torch.rand(1, 3, 32, 32)
    path = f"{folder}/{job['network']}"
    torch.onnx.export(model, image, f"{path}.onnx", opset_version=opset, input_names=["image"], output_names=["scores"])
    image.numpy().astype(np.float32).tofile(f"{path}.image")
    model.double()
    blocks, inputs = list(parts_of(model)), []
    for m, *_ in blocks:
        m.register_forward_pre_hook(lambda _, given: inputs.append(given[0].detach()))
    model(image.double())
    inputs, maps, stages, last = list(inputs), [], [], None
    for (m, to_tokens, back, units, between, additive), state in zip(blocks, inputs):

        def on_tokens(f):
            return lambda t: to_tokens(f(back(t, state.shape)))

        t = to_tokens(state).detach()
        tokens = [k for k in job["tokens"] if k < t.shape[1]]
        asked = (tokens, job["top"], job.get("whole", True))
        found, own = described("", "block", on_tokens(m), t, *asked)
        maps.append(found)
        if units:
            middle = to_tokens(between(units[0](state))).detach()
            maps.append(described("", "attention", on_tokens(units[0]), t, *asked)[0])
            maps.append(described("", "feed-forward", on_tokens(units[1]), middle, *asked)[0])
        if additive:
            if t.shape != last:
                stages.append([])
            last = t.shape
            stages[-1].append({k: j - torch.eye(t.shape[2], dtype=t.dtype) for k, j in own.items()})
    pairs = [
        [[[coupling(a[k], b[k], job["top"]) for b in stage] for a in stage] for k in stage[0]] if job["network"] != "wide" else []
        for stage in stages
    ]
    print(json.dumps({"maps": maps, "coupling": pairs}), flush=True)
