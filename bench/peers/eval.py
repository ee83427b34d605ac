"""Peer of the eval bench: eager PyTorch evaluating a CIFAR ResNet checkpoint on the CIFAR-10 test set.

usage: eval.py DEPTH CHECKPOINT PIXELS LABELS THREADS BATCH FORMAT   (PIXELS: raw uint8 NCHW; FORMAT: nchw or channels_last)
Reads one line per wanted run and answers {"seconds", "accuracy", "loss"} a line; reading the files is not timed.
"""
import json
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

from resnet import ResNet


def main():
    depth, checkpoint, pixels, labels, threads, batch, layout = sys.argv[1:]
    torch.set_num_threads(int(threads))
    state = torch.load(checkpoint, map_location="cpu")["state_dict"]
    net = ResNet((int(depth) - 2) // 6)
    net.load_state_dict({k.replace("module.", ""): v for k, v in state.items()}, strict=False)
    net.eval()
    form = torch.channels_last if layout == "channels_last" else torch.contiguous_format
    net = net.to(memory_format=form)
    x = torch.from_numpy(np.fromfile(pixels, np.uint8).reshape(-1, 3, 32, 32))
    y = torch.from_numpy(np.fromfile(labels, np.uint8).astype(np.int64))
    for _ in sys.stdin:
        start = time.perf_counter()
        correct = loss = 0.0
        with torch.no_grad():
            for i in range(0, len(x), int(batch)):
                images = (x[i : i + int(batch)].float() / 255).contiguous(memory_format=form)
                logits = net(images)
                correct += (logits.argmax(1) == y[i : i + int(batch)]).sum().item()
                loss += F.cross_entropy(logits, y[i : i + int(batch)], reduction="sum").item()
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "accuracy": correct / len(x), "loss": loss / len(x)}), flush=True)


main()
