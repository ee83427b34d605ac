"""Singular values of a convolution of a checkpoint as a matrix, and by the circular formula, in float64.

usage: convolution.py CHECKPOINT
Reads {"layer": "layer3.4.conv1", "side": 8, "stride": 1, "out": PATH} a line: 3 x 3 kernels with zero padding 1 on side x side images. The matrix is
made by PyTorch's conv2d from unit images, its singular values by LAPACK (for a stride as square roots of the eigenvalues of A A^T). Behind them
stand, for stride 1, those of the circular convolution by numpy's FFT, as arXiv 1805.10408 has it. Raw float64, each sorted downwards.
"""
import json
import sys

import numpy as np
import torch

state = torch.load(sys.argv[1], map_location="cpu")["state_dict"]

for line in sys.stdin:
    job = json.loads(line)
    side, stride = job["side"], job["stride"]
    w = state["module." + job["layer"] + ".weight"].double()
    n = w.shape[1] * side * side
    columns = [
        torch.nn.functional.conv2d(part.reshape(-1, w.shape[1], side, side), w, padding=1, stride=stride).flatten(1)
        for part in torch.eye(n, dtype=torch.float64).split(512)
    ]
    matrix = torch.cat(columns)
    if stride == 1:
        values = torch.linalg.svdvals(matrix).numpy()
        transforms = np.fft.fft2(w.permute(2, 3, 0, 1).numpy(), [side, side], axes=[0, 1])
        circular = np.sort(np.linalg.svd(transforms, compute_uv=False).ravel())[::-1]
    else:
        values = torch.linalg.eigvalsh(matrix.T @ matrix).clamp(min=0).sqrt().flip(0).numpy()
        circular = np.zeros(0)
    np.concatenate([values, circular]).tofile(job["out"])
    print(json.dumps({"values": len(values), "circular": len(circular)}), flush=True)
