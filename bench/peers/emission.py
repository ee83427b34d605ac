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
import torch.nn as nn
import torch.nn.functional as F


class Unit(nn.Module):
    def __init__(self, inside, out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inside, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.extra = (out - inside) // 2
        self.stride = stride

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.stride == 2:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.extra, self.extra))
        return F.relu(x + y)


class ResNet(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        inside = 16
        for i, (out, stride) in enumerate([(16, 1), (32, 2), (64, 2)]):
            units = [Unit(inside if k == 0 else out, out, stride if k == 0 else 1) for k in range(n)]
            setattr(self, f"layer{i + 1}", nn.Sequential(*units))
            inside = out
        self.linear = nn.Linear(64, 10)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1), persistent=False)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1((x - self.mean) / self.std)))
        return self.linear(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


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
