"""Exports torchvision's architectures and says what is in them: the number of residual additions, counted in the modules, and singular
values of one unit's Jacobian in float64 by automatic differentiation.

    python3 architectures.py FOLDER

Writes NAME.onnx and NAME.image (float32) into FOLDER and prints one JSON object a line.
"""

import json
import sys
import warnings
from functools import partial

import numpy as np
import torch
import torchvision.models as zoo
from torch import nn
from torchvision.models import convnext, efficientnet, mnasnet, mobilenetv2, mobilenetv3, regnet, resnet, swin_transformer
from torchvision.models import vision_transformer

warnings.filterwarnings("ignore")
torch.set_num_threads(1)


def vit():
    return zoo.VisionTransformer(image_size=32, patch_size=16, num_layers=12, num_heads=4, hidden_dim=128, mlp_dim=256)


def attention(block):
    def f(x):
        y = block.ln_1(x)
        return x + block.self_attention(y, y, y, need_weights=False)[0]

    return f


# Class of the module, additions in it, the unit that a module of the class begins with as a function, whether it ends in a ReLU.
joins = [
    ((resnet.BasicBlock, resnet.Bottleneck), lambda m: 1, lambda m: m, True),
    (regnet.ResBottleneckBlock, lambda m: 1, lambda m: m, True),
    (mobilenetv2.InvertedResidual, lambda m: int(m.use_res_connect), lambda m: m, False),
    (mobilenetv3.InvertedResidual, lambda m: int(m.use_res_connect), lambda m: m, False),
    (mnasnet._InvertedResidual, lambda m: int(m.apply_residual), lambda m: m, False),
    ((efficientnet.MBConv, efficientnet.FusedMBConv), lambda m: int(m.use_res_connect), lambda m: m, False),
    (convnext.CNBlock, lambda m: 1, lambda m: m, False),
    (swin_transformer.SwinTransformerBlock, lambda m: 2, lambda m: lambda x: x + m.attn(m.norm1(x)), False),
    (vision_transformer.EncoderBlock, lambda m: 2, attention, False),
]

architectures = {
    "resnet18": (zoo.resnet18, 32),
    "resnet34": (zoo.resnet34, 32),
    "resnet50": (zoo.resnet50, 32),
    "wide_resnet50_2": (zoo.wide_resnet50_2, 32),
    "resnext50_32x4d": (zoo.resnext50_32x4d, 32),
    "resnet18_group_norm": (partial(zoo.resnet18, norm_layer=partial(nn.GroupNorm, 8)), 32),
    "mobilenet_v2": (zoo.mobilenet_v2, 32),
    "mobilenet_v3_small": (zoo.mobilenet_v3_small, 32),
    "mobilenet_v3_large": (zoo.mobilenet_v3_large, 32),
    "mnasnet0_5": (zoo.mnasnet0_5, 32),
    "mnasnet1_0": (zoo.mnasnet1_0, 32),
    "efficientnet_b0": (zoo.efficientnet_b0, 32),
    "efficientnet_v2_s": (zoo.efficientnet_v2_s, 32),
    "regnet_x_400mf": (zoo.regnet_x_400mf, 32),
    "regnet_y_400mf": (zoo.regnet_y_400mf, 32),
    "convnext_tiny": (zoo.convnext_tiny, 32),
    "vision_transformer": (vit, 32),
    "swin_t": (zoo.swin_t, 32),
    "alexnet": (zoo.alexnet, 224),
    "vgg11_bn": (zoo.vgg11_bn, 224),
    "squeezenet1_1": (zoo.squeezenet1_1, 32),
    "densenet121": (zoo.densenet121, 32),
    "googlenet": (partial(zoo.googlenet, aux_logits=False, init_weights=False), 64),
    "inception_v3": (partial(zoo.inception_v3, aux_logits=False, init_weights=False), 96),
    "shufflenet_v2_x0_5": (zoo.shufflenet_v2_x0_5, 32),
}


def blocks_of(model):
    found = []
    for name, module in model.named_modules():
        for kind, count, function, relu in joins:
            if isinstance(module, kind) and count(module):
                found.append((name, module, count(module), function, relu))
    return found


def normalizing_shortcuts(model):
    """Units whose shortcut is not affine: those are not counted."""
    return sum(
        1 for m in model.modules() if getattr(m, "downsample", None) and any(isinstance(d, nn.GroupNorm) for d in m.downsample)
    )


def describe(name, number, folder):
    make, size = architectures[name]
    torch.manual_seed(number)
    model = make().eval()
    image = torch.rand(1, 3, size, size)
    opset = 11 + number % 7
    opened = number % 2 == 0
    axes = {"image": {0: "batch"}, "scores": {0: "batch"}} if opened else None
    torch.onnx.export(
        model, image, f"{folder}/{name}.onnx", opset_version=opset, input_names=["image"], output_names=["scores"], dynamic_axes=axes
    )
    image.numpy().astype(np.float32).tofile(f"{folder}/{name}.image")
    blocks = blocks_of(model)
    said = {"name": name, "opset": opset, "batch": "open" if opened else "1", "size": size}
    said["units"] = sum(count for _, _, count, _, _ in blocks) - normalizing_shortcuts(model)
    if blocks:
        path, block, count, function, relu = blocks[-1]
        inputs = []
        block.register_forward_pre_hook(lambda _, given: inputs.append(given[0].detach()))
        model.double()(image.double())
        f, x = function(block), inputs[0]
        rows = torch.autograd.functional.jacobian(f, x, vectorize=count == 1)
        matrix = rows.reshape(-1, x.numel()).numpy()
        said |= {"unit": path, "fromEnd": count, "finalRelu": relu, "dimension": x.numel()}
        said["values"] = np.linalg.svd(matrix, compute_uv=False).tolist()
    return said


if __name__ == "__main__":
    names = sys.argv[2:] or list(architectures)
    for i, name in enumerate(architectures):
        if name in names:
            print(json.dumps(describe(name, i, sys.argv[1])), flush=True)
