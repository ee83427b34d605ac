"""Peer of the train bench: eager PyTorch training a CIFAR ResNet on one batch over and over.

usage: train.py FOLDER DEPTH BATCH THREADS FORMAT   (FORMAT: nchw or channels_last)
FOLDER holds parameters.json/.bin (names, shapes, raw float32), images.bin (float32 NCHW in [0, 1]) and labels.bin (uint8).
Reads {"repeats"} a line, makes that many steps of SGD with momentum, answers {"seconds" (a step), "losses", "peak"} (bytes).
"""
import json
import resource
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

from resnet import ResNet


def main():
    folder, depth, batch, threads, layout = sys.argv[1:]
    torch.set_num_threads(int(threads))
    form = torch.channels_last if layout == "channels_last" else torch.contiguous_format
    net = ResNet((int(depth) - 2) // 6)
    flat = np.fromfile(f"{folder}/parameters.bin", np.float32)
    state, at = {}, 0
    for entry in json.load(open(f"{folder}/parameters.json")):
        size = int(np.prod(entry["shape"]))
        state[entry["name"]] = torch.from_numpy(flat[at : at + size].reshape(entry["shape"]).copy())
        at += size
    net.load_state_dict(state, strict=False)
    net = net.to(memory_format=form).train()
    images = torch.from_numpy(np.fromfile(f"{folder}/images.bin", np.float32).reshape(int(batch), 3, 32, 32))
    images = images.contiguous(memory_format=form)
    labels = torch.from_numpy(np.fromfile(f"{folder}/labels.bin", np.uint8).astype(np.int64))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    for line in sys.stdin:
        repeats = json.loads(line)["repeats"]
        losses = []
        start = time.perf_counter()
        for _ in range(repeats):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(images), labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        seconds = (time.perf_counter() - start) / repeats
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"seconds": seconds, "losses": losses, "peak": peak}), flush=True)


main()
