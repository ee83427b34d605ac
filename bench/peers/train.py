"""Peer of the train bench: eager PyTorch training a network on a few batches in turn.

usage: train.py SPEC.json FORMAT [DEVICE]   (FORMAT: nchw or channels_last; DEVICE: cpu unless told)
The spec: {"folder", "model", "options", "task", "threads", "batches", "inputs": [{"name", "dtype", "shape"}], "optimizer": {"lr", "momentum",
"weightDecay", "clipNorm"}}. The folder holds parameters.json/.bin (names, shapes, raw float32) and each batch's inputs as raw BATCH.NAME.bin.
Reads {"repeats"} a line, makes that many steps of SGD, answers {"seconds" (a step), "losses", "peak"} (bytes).
"""
import json
import resource
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

import models
from resnet import ResNet


def network(spec):
    if spec["model"] == "resnet":
        return ResNet((spec["options"]["depth"] - 2) // 6)
    return models.MODELS[spec["model"]](**spec["options"])


def load(net, folder):
    entries = json.load(open(f"{folder}/parameters.json"))
    models.load(net, f"{folder}/parameters.bin", {e["name"]: e["shape"] for e in entries})


class ImageLoss:
    """Cross-entropy of images or of the pixels whose label is a class."""

    def __init__(self, net):
        self.net = net

    def __call__(self, batch):
        out = self.net(batch["image"])
        logits = out[0] if isinstance(out, list) else out
        return F.cross_entropy(logits, batch["label"], ignore_index=-1)


class LanguageLoss:
    """Cross-entropy of the next words; the state goes from step to step, detached."""

    def __init__(self, net):
        self.net = net
        self.state = None

    def __call__(self, batch):
        y, state = self.net.rnn(self.net.encoder(batch["tokens"]), self.state)
        self.state = tuple(s.detach() for s in state)
        return F.cross_entropy(self.net.decoder(y).flatten(0, 1), batch["label"].flatten())


def main():
    path, layout, device = (sys.argv[1:] + ["cpu"])[:3]
    spec = json.load(open(path))
    torch.set_num_threads(spec["threads"])
    # float32 on a GPU too
    torch.backends.cudnn.allow_tf32 = False
    form = torch.channels_last if layout == "channels_last" else torch.contiguous_format
    net = network(spec)
    load(net, spec["folder"])
    net = net.to(device).to(memory_format=form).train()

    def read(index, name, dtype, shape):
        values = np.fromfile(f"{spec['folder']}/{index}.{name}.bin", dtype).reshape(shape)
        return torch.from_numpy(values).to(device).contiguous(memory_format=form if name == "image" else torch.contiguous_format)

    batches = [{i["name"]: read(k, i["name"], i["dtype"], i["shape"]) for i in spec["inputs"]} for k in range(spec["batches"])]
    rule = spec["optimizer"]
    optimizer = torch.optim.SGD(net.parameters(), lr=rule["lr"], momentum=rule["momentum"], weight_decay=rule["weightDecay"])
    loss_of = LanguageLoss(net) if spec["task"] == "language" else ImageLoss(net)
    done = 0
    for line in sys.stdin:
        repeats = json.loads(line)["repeats"]
        losses = []
        start = time.perf_counter()
        for _ in range(repeats):
            optimizer.zero_grad()
            loss = loss_of(batches[done % len(batches)])
            loss.backward()
            if rule["clipNorm"]:
                torch.nn.utils.clip_grad_norm_(net.parameters(), rule["clipNorm"])
            optimizer.step()
            losses.append(loss.item())
            done += 1
        seconds = (time.perf_counter() - start) / repeats
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"seconds": seconds, "losses": losses, "peak": peak}), flush=True)


main()
