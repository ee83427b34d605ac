"""Peer of the eval bench: eager PyTorch evaluating a CIFAR ResNet checkpoint on the CIFAR-10 test set.

usage: eval.py DEPTH CHECKPOINT PIXELS LABELS THREADS BATCH FORMAT   (PIXELS: raw uint8 NCHW; FORMAT: nchw or channels_last)
Reads one line per wanted run and answers {"seconds", "accuracy", "loss"} a line; reading the files is not timed.
"""
import json
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
        stage = lambda i, o, s: nn.Sequential(*[Unit(i if k == 0 else o, o, s if k == 0 else 1) for k in range(n)])
        self.layer1, self.layer2, self.layer3 = stage(16, 16, 1), stage(16, 32, 2), stage(32, 64, 2)
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(x.mean((2, 3)))


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
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    for _ in sys.stdin:
        start = time.perf_counter()
        correct = loss = 0.0
        with torch.no_grad():
            for i in range(0, len(x), int(batch)):
                images = ((x[i : i + int(batch)].float() / 255 - mean) / std).contiguous(memory_format=form)
                logits = net(images)
                correct += (logits.argmax(1) == y[i : i + int(batch)]).sum().item()
                loss += F.cross_entropy(logits, y[i : i + int(batch)], reduction="sum").item()
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "accuracy": correct / len(x), "loss": loss / len(x)}), flush=True)


main()
