"""Peer of the perturb bench and of its test: FGSM and PGD on a CIFAR ResNet checkpoint, in eager PyTorch, without random starts.

usage: attacks.py DEPTH CHECKPOINT PIXELS LABELS THREADS BATCH FORMAT   (PIXELS: raw uint8 NCHW; FORMAT: nchw or channels_last)
Reads one attack a line: {"norm": "linf" or "l2", "eps", "steps", "step", "out": path or null}; FGSM is one step of length eps. Images that are
misclassified are left alone. Answers {"seconds", "clean", "accuracy"} and writes the perturbed images to "out" as raw float32, NCHW.
"""
import json
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

from resnet import ResNet


def lengths(d):
    return d.flatten(1).norm(dim=1).view(-1, 1, 1, 1)


def attack(net, x, y, job):
    """Steps of steepest ascent of the cross-entropy, each followed by the projection onto the ball and then onto [0, 1]."""
    eps = job["eps"]
    moved = x.clone()
    for _ in range(job["steps"]):
        moved.requires_grad_(True)
        loss = F.cross_entropy(net(moved), y, reduction="sum")
        (g,) = torch.autograd.grad(loss, moved)
        with torch.no_grad():
            if job["norm"] == "linf":
                d = (moved + job["step"] * g.sign() - x).clamp(-eps, eps)
            else:
                d = moved + job["step"] * g / lengths(g).clamp(min=1e-30) - x
                d = d * (eps / lengths(d).clamp(min=1e-30)).clamp(max=1)
            moved = (x + d).clamp(0, 1)
    return moved


def main():
    depth, checkpoint, pixels, labels, threads, batch, layout = sys.argv[1:]
    torch.set_num_threads(int(threads))
    state = torch.load(checkpoint, map_location="cpu")["state_dict"]
    net = ResNet((int(depth) - 2) // 6)
    net.load_state_dict({k.replace("module.", ""): v for k, v in state.items()}, strict=False)
    net.eval().requires_grad_(False)
    form = torch.channels_last if layout == "channels_last" else torch.contiguous_format
    net = net.to(memory_format=form)
    x = torch.from_numpy(np.fromfile(pixels, np.uint8).reshape(-1, 3, 32, 32)).float() / 255
    x = x.contiguous(memory_format=form)
    y = torch.from_numpy(np.fromfile(labels, np.uint8).astype(np.int64))

    @torch.no_grad()
    def right(images):
        return torch.cat([net(part).argmax(1) for part in images.split(int(batch))]) == y

    for line in sys.stdin:
        job = json.loads(line)
        start = time.perf_counter()
        clean = right(x)
        found = x.clone()
        (open_,) = clean.nonzero(as_tuple=True)
        for part in open_.split(int(batch)):
            found[part] = attack(net, x[part].contiguous(memory_format=form), y[part], job)
        accuracy = right(found).float().mean().item()
        seconds = time.perf_counter() - start
        if job.get("out"):
            found.contiguous().numpy().tofile(job["out"])
        print(json.dumps({"seconds": seconds, "clean": clean.float().mean().item(), "accuracy": accuracy}), flush=True)


main()
