"""Peer of the large bench: the leading singular values of a residual unit's Jacobian by SciPy's `svds` from PyTorch's products.

    python3 large.py ARCHITECTURE SIZE FOLDER

Exports torchvision's ARCHITECTURE for SIZE x SIZE images, with random weights and batch statistics of random pictures, as FOLDER/network.onnx,
with one picture as FOLDER/image (float32). Then answers each line: null by {"units", "torch"} once these are written; {"unit", "top", "tolerance", "threads"} by
{"seconds", "values", "residual", "products", "rows", "cols"}. J v is forward-mode differentiation, Jᵀ u a backward pass through a graph that is
kept; the map ends at the addition, before the last ReLU. The residual is max(||J v - s u||, ||Jᵀ u - s v||) over all values, relative to the
largest.
"""
import json
import sys
import time
import warnings

import numpy as np
import torch
import torch.autograd.forward_ad as forward
import torchvision.models as zoo
from scipy.sparse.linalg import LinearOperator, svds
from torchvision.models import resnet

warnings.filterwarnings("ignore")
architecture, size, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
torch.manual_seed(0)


def pictures(count):
    """Smooth random pictures: noise of several grains, in [0, 1]."""
    grains = [torch.nn.functional.interpolate(torch.randn(count, 3, n, n), size, mode="bilinear") for n in (4, 16, 64)]
    return torch.sigmoid(sum(grains))


model = getattr(zoo, architecture)()
for m in model.modules():
    if isinstance(m, torch.nn.BatchNorm2d):
        m.momentum = None
with torch.no_grad():
    for _ in range(4):
        model(pictures(4))
model.eval()
image = pictures(1)
torch.onnx.export(model, image, f"{folder}/network.onnx", opset_version=17, input_names=["image"], output_names=["scores"])
image.numpy().astype(np.float32).tofile(f"{folder}/image")

blocks = [m for m in model.modules() if isinstance(m, (resnet.BasicBlock, resnet.Bottleneck))]
inputs = {}
for k, block in enumerate(blocks):
    block.register_forward_pre_hook(lambda _, given, k=k: inputs.__setitem__(k, given[0].detach().clone()))
with torch.no_grad():
    model(image)
for p in model.parameters():
    p.requires_grad_(False)


def before_relu(block):
    def f(x):
        y = block.relu(block.bn1(block.conv1(x)))
        y = block.bn2(block.conv2(y))
        if isinstance(block, resnet.Bottleneck):
            y = block.bn3(block.conv3(block.relu(y)))
        return y + (x if block.downsample is None else block.downsample(x))

    return f


for line in sys.stdin:
    job = json.loads(line)
    if job is None:
        print(json.dumps({"units": len(blocks), "torch": torch.__version__}), flush=True)
        continue
    torch.set_num_threads(job["threads"])
    f, x = before_relu(blocks[job["unit"]]), inputs[job["unit"]]
    point = x.clone().requires_grad_(True)
    value = f(point)
    products = 0

    def jvp(v):
        global products
        products += 1
        with forward.dual_level():
            dual = forward.make_dual(x, torch.from_numpy(v.astype(np.float32)).view_as(x))
            return forward.unpack_dual(f(dual)).tangent.numpy().ravel()

    def vjp(u):
        global products
        products += 1
        weights = torch.from_numpy(u.astype(np.float32)).view_as(value)
        return torch.autograd.grad(value, point, weights, retain_graph=True)[0].numpy().ravel()

    start = time.perf_counter()
    operator = LinearOperator((value.numel(), x.numel()), matvec=jvp, rmatvec=vjp, dtype=np.float32)
    u, s, vt = svds(operator, k=job["top"], tol=job["tolerance"], random_state=0)
    seconds = time.perf_counter() - start
    order = np.argsort(-s)
    taken = products
    worst = max(
        max(np.linalg.norm(jvp(vt[i]) - s[i] * u[:, i]), np.linalg.norm(vjp(u[:, i]) - s[i] * vt[i])) for i in order
    )
    answer = {"seconds": seconds, "values": s[order].tolist(), "residual": float(worst / s.max()), "products": taken}
    print(json.dumps(answer | {"rows": value.numel(), "cols": x.numel()}), flush=True)
