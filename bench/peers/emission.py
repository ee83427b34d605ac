"""Peer of the emission bench: eager PyTorch, forward pass of a CIFAR ResNet with given weights.

usage: emission.py FOLDER DEPTH BATCH THREADS FORMAT   (FORMAT: nchw or channels_last)
FOLDER holds parameters.json (names and shapes), parameters.bin and images.bin (float32). Answers every line {"repeats"} on its
input with {"seconds"}, the mean of so many passes, and leaves the logits in FOLDER/logits_FORMAT.bin; only the forward pass is timed.
"""
import json
import os
import sys
import time

import numpy as np
import torch

from resnet import ResNet


def main():
    folder, depth, batch, threads, layout = sys.argv[1:]
    torch.set_num_threads(int(threads))
    net = ResNet((int(depth) - 2) // 6)
    flat = np.fromfile(os.path.join(folder, "parameters.bin"), np.float32)
    state, at = {}, 0
    for entry in json.load(open(os.path.join(folder, "parameters.json"))):
        size = int(np.prod(entry["shape"]))
        state[entry["name"]] = torch.from_numpy(flat[at : at + size].reshape(entry["shape"]))
        at += size
    missing = net.load_state_dict(state, strict=False)
    assert not missing.unexpected_keys and all("num_batches" in k for k in missing.missing_keys), missing
    form = torch.channels_last if layout == "channels_last" else torch.contiguous_format
    net = net.eval().to(memory_format=form)
    images = torch.from_numpy(np.fromfile(os.path.join(folder, "images.bin"), np.float32).reshape(int(batch), 3, 32, 32))
    images = images.contiguous(memory_format=form)
    for line in sys.stdin:
        repeats = json.loads(line)["repeats"]
        with torch.no_grad():
            start = time.perf_counter()
            for _ in range(repeats):
                logits = net(images)
            seconds = (time.perf_counter() - start) / repeats
        logits.contiguous().numpy().tofile(os.path.join(folder, f"logits_{layout}.bin"))
        print(json.dumps({"seconds": seconds}), flush=True)


main()
