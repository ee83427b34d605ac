"""Reference for the curvature tests: Hessian of the mean cross-entropy of a CIFAR ResNet by PyTorch's double backward, in float64.

Arguments: depth, checkpoint (.th). Reads one JSON object a line: {"images", "labels", "vector", "out", "steps"}: raw float32 pixels in [0, 1],
raw int64 labels, a raw float32 vector of all trained parameters in the order of the state dict. Writes H v to "out" as raw float64 and answers
{"loss", "largest", "residual"}: the largest eigenvalue by "steps" Lanczos steps with full reorthogonalization, and its residual relative to it.
"""
import json
import sys

import numpy as np
import torch
import torch.nn.functional as F

from resnet import ResNet

depth, checkpoint = int(sys.argv[1]), sys.argv[2]
model = ResNet((depth - 2) // 6)
state = torch.load(checkpoint, map_location="cpu")["state_dict"]
model.load_state_dict({name.replace("module.", "", 1): value for name, value in state.items()})
model = model.double().eval()
parameters = list(model.parameters())


def flat(tensors):
    return torch.cat([t.reshape(-1) for t in tensors])


for line in sys.stdin:
    job = json.loads(line)
    images = torch.from_numpy(np.fromfile(job["images"], np.float32).reshape(-1, 3, 32, 32)).double()
    labels = torch.from_numpy(np.fromfile(job["labels"], np.int64))
    loss = F.cross_entropy(model(images), labels)
    gradient = flat(torch.autograd.grad(loss, parameters, create_graph=True))

    def product(v, gradient=gradient):
        return flat(torch.autograd.grad(gradient, parameters, torch.as_tensor(v), retain_graph=True)).detach().numpy()

    hv = product(np.fromfile(job["vector"], np.float32).astype(np.float64))
    hv.tofile(job["out"])

    q = np.random.default_rng(0).standard_normal(len(hv))
    basis, columns = [], []
    for _ in range(job["steps"]):
        for b in basis + basis:
            q -= b * (b @ q)
        basis.append(q / np.linalg.norm(q))
        columns.append(product(basis[-1]))
        q = columns[-1].copy()
    Q, HQ = np.array(basis), np.array(columns)
    T = Q @ HQ.T
    values, vectors = np.linalg.eigh((T + T.T) / 2)
    y = vectors[:, -1]
    residual = np.linalg.norm(y @ HQ - values[-1] * (y @ Q)) / abs(values[-1])
    print(json.dumps({"loss": loss.item(), "largest": values[-1], "residual": residual}), flush=True)
