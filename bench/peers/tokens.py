"""Peer of `ballast tokens`: Jacobians of a language model's blocks, token by token, in float64 by PyTorch's automatic differentiation.

    python3 tokens.py FOLDER HEADS [AUTHORS]
    python3 tokens.py FOLDER CHECKPOINT [AUTHORS]

The model is a GPT of the parameters in FOLDER, as the benches write them, or a checkpoint of llama2.c. Writes FOLDER/network.onnx, the same network exported
for tokens [batch, length]. Then reads one JSON object a line, {"ids", "tokens", "top"[, "whole": false]}, and answers one a line: {"maps", "coupling", "loss", "authors"}, where
a map has the leading singular values of each pair of tokens and (unless "whole" is false) of all of them, and radius and departure from normality of a token by itself, and coupling is
m_K of arXiv 2407.07810 between all pairs of blocks, for each token. {"sample": N, "seed"} is answered with {"ids"}: N tokens that the model draws itself behind token 1.

AUTHORS is the folder `coupling` of the program that the paper's authors published (github.com/sugolov/coupling): its own functions then compute Jacobians, singular vectors and
coupling too, in float64; "authors" is null without it.
"""
import json
import sys
import warnings

import torch
import torch.nn.functional as F

import gpt
import llama2c
from token_jacobians import coupling, described

warnings.filterwarnings("ignore")
folder, kind, *authors = sys.argv[1:]
model = gpt.load(folder, int(kind)) if kind.isdigit() else llama2c.load(kind)
example = torch.zeros(1, 5, dtype=torch.long)
axes = {"input_ids": {0: "batch", 1: "length"}}
torch.onnx.export(
    model, example, f"{folder}/network.onnx", opset_version=17, input_names=["input_ids"], output_names=["logits"], dynamic_axes=axes
)
model.double()
theirs = None
if authors:
    torch.set_default_dtype(torch.float64)
    # In front of this folder, which has a jacobian.py too.
    sys.path.insert(0, authors[0])
    import jacobian as their_jacobian
    import metrics as their_metrics

    # It talks on standard output, which is for answers here.
    their_jacobian.timestamp = lambda *_: None
    theirs = their_jacobian.jacobian, their_metrics.metrics


def by_the_authors(states, token, top):
    """Their residual Jacobians and their metric "ujv" over the norm, as `run_coupling_hf` takes them from hidden states."""
    take, compare = theirs
    eye = torch.eye(states[0].shape[2])
    found = [take(after, before, index=token, chunks=4, device="cpu").detach() - eye for before, after in zip(states, states[1:])]
    return compare(found, num_sing_vecs=(top,))[0][top]["norm"].tolist()


def sampled(count, seed):
    source = torch.Generator().manual_seed(seed)
    ids = [1]
    with torch.no_grad():
        while len(ids) < count:
            ids.append(torch.multinomial(model(torch.tensor([ids]))[0, -1].softmax(0), 1, generator=source).item())
    return ids


for line in sys.stdin:
    job = json.loads(line)
    if "sample" in job:
        print(json.dumps({"ids": sampled(job["sample"], job["seed"])}), flush=True)
        continue
    ids, tokens, top = torch.tensor([job["ids"]]), job["tokens"], job["top"]
    x = model.embed(ids).detach()
    maps, blocks = [], []
    asked = (tokens, top, job.get("whole", True))
    for name, block in model.blocks():
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
    published = None
    if theirs:
        states = [model.embed(ids)]
        for _, block in model.blocks():
            states.append(block(states[-1]))
        published = [by_the_authors(states, t, top) for t in tokens]
    print(json.dumps({"maps": maps, "coupling": pairs, "loss": loss, "authors": published}), flush=True)
