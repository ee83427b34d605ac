"""Jacobian-vector products of a residual unit of a CIFAR ResNet checkpoint by PyTorch's automatic differentiation in float64.

usage: jacobian.py DEPTH CHECKPOINT
Reads {"unit": "layer3.4", "image": PATH, "vector": PATH, "cotangent": PATH, "out": PATH} a line, raw float32 files: an image in [0, 1], a
tangent at the unit's input and a cotangent at its output. Writes J v and then JT u as raw float64 to "out"; the final ReLU is in.
"""
import json
import sys

import numpy as np
import torch

from resnet import ResNet

depth, checkpoint = sys.argv[1:]
state = torch.load(checkpoint, map_location="cpu")["state_dict"]
net = ResNet((int(depth) - 2) // 6)
net.load_state_dict({k.replace("module.", ""): v for k, v in state.items()}, strict=False)
net = net.double().eval()


def read(path):
    return torch.from_numpy(np.fromfile(path, np.float32)).double()


for line in sys.stdin:
    job = json.loads(line)
    stage, index = job["unit"].split(".")
    unit = getattr(net, stage)[int(index)]
    seen = {}
    hook = unit.register_forward_pre_hook(lambda module, args: seen.update(x=args[0].detach()))
    with torch.no_grad():
        net(read(job["image"]).reshape(1, 3, 32, 32))
    hook.remove()
    x = seen["x"]
    _, forward = torch.autograd.functional.jvp(unit, x, read(job["vector"]).reshape(x.shape))
    with torch.no_grad():
        shape = unit(x).shape
    _, backward = torch.autograd.functional.vjp(unit, x, read(job["cotangent"]).reshape(shape))
    np.concatenate([forward.numpy().ravel(), backward.numpy().ravel()]).tofile(job["out"])
    print(json.dumps({"rows": forward.numel(), "cols": backward.numel()}), flush=True)
