"""Eigenvalues of the branch of a residual unit of a CIFAR ResNet checkpoint at an image, by PyTorch and LAPACK in float64.

usage: branch.py DEPTH CHECKPOINT
Reads {"unit": "layer3.4", "image": PATH, "out": PATH} a line; the image is raw float32 in [0, 1]. With k active inner units the eigenvalues of the
branch that need not be zero are those of the k x k matrix of (first half after second half). Writes real and imaginary parts, one pair
after another, as raw float64.
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

for line in sys.stdin:
    job = json.loads(line)
    stage, index = job["unit"].split(".")
    unit = getattr(net, stage)[int(index)]
    seen = {}
    hook = unit.register_forward_pre_hook(lambda module, args: seen.update(x=args[0].detach()))
    with torch.no_grad():
        image = torch.from_numpy(np.fromfile(job["image"], np.float32)).double()
        net(image.reshape(1, 3, 32, 32))
        hook.remove()
        first = lambda x: unit.bn1(unit.conv1(x))
        second = lambda h: unit.bn2(unit.conv2(h))
        pre = first(seen["x"])
        active = (pre.flatten() > 0).nonzero().flatten()
        basis = torch.zeros(len(active), pre.numel(), dtype=torch.float64)
        basis[torch.arange(len(active)), active] = 1
        basis = basis.reshape(len(active), *pre.shape[1:])
        written = second(basis) - second(torch.zeros_like(pre))
        read = first(written) - first(torch.zeros_like(pre))
        values = torch.linalg.eigvals(read.flatten(1)[:, active])
    torch.view_as_real(values).numpy().tofile(job["out"])
    print(json.dumps({"active": len(active)}), flush=True)
