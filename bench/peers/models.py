"""The other built-in models in eager PyTorch, written after their originals, with the state-dict names of our models.

usage: models.py
Reads {"model": NAME, "options": {...}, "params": PATH, "shapes": {name: shape}, "inputs": {name: [path, dtype, shape]}, "out": PATH} a line; params: raw
float32 of all parameters in the order of "shapes". Writes the outputs in evaluation mode as raw float32, one after another, to "out" and
answers {"outputs": [shape, ...], "parameters": trained values}. With "cotangents" and "gradients", two paths, it also reads as many float32 as
there are outputs, and writes the gradients of their inner product with those of the network's smooth variant with respect to the "trained"
names, one after another: softplus for ReLU, mean for maximum pooling, so that rounding cannot choose another branch.
"""
import json
import math
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class Normalized(nn.Module):
    """Pixels in [0, 1] with ImageNet's constants, then a network, whose names stay as they are."""

    def normalize(self, x):
        mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
        std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
        return (x - mean) / std


class VGG(Normalized):
    LAYOUTS = {
        11: [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
        16: [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"],
    }

    def __init__(self, depth):
        super().__init__()
        layers, inside = [], 3
        for entry in self.LAYOUTS[depth]:
            if entry == "M":
                layers.append(nn.MaxPool2d(2, 2))
            else:
                layers += [nn.Conv2d(inside, entry, 3, padding=1), nn.BatchNorm2d(entry), nn.ReLU(inplace=True)]
                inside = entry
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(512, 10)

    def forward(self, image):
        return [self.classifier(self.features(self.normalize(image)).flatten(1))]


class AlexNet(Normalized):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 11, stride=4, padding=5),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2, 2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2, 2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2, 2),
        )
        self.classifier = nn.Linear(256, 10)

    def forward(self, image):
        return [self.classifier(self.features(self.normalize(image)).flatten(1))]


class Inverted(nn.Module):
    def __init__(self, inside, out, expansion, stride):
        super().__init__()
        self.stride = stride
        wide = expansion * inside
        self.conv1 = nn.Conv2d(inside, wide, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(wide)
        self.conv2 = nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False)
        self.bn2 = nn.BatchNorm2d(wide)
        self.conv3 = nn.Conv2d(wide, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.shortcut = nn.Sequential()
        if stride == 1 and inside != out:
            self.shortcut = nn.Sequential(nn.Conv2d(inside, out, 1, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return y + self.shortcut(x) if self.stride == 1 else y


class MobileNetV2(Normalized):
    CONFIG = [(1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        layers, inside = [], 32
        for expansion, out, repeats, stride in self.CONFIG:
            for i in range(repeats):
                layers.append(Inverted(inside, out, expansion, stride if i == 0 else 1))
                inside = out
        self.layers = nn.Sequential(*layers)
        self.conv2 = nn.Conv2d(320, 1280, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(1280)
        self.linear = nn.Linear(1280, 10)

    def forward(self, image):
        y = F.relu(self.bn1(self.conv1(self.normalize(image))))
        y = F.relu(self.bn2(self.conv2(self.layers(y))))
        return [self.linear(F.avg_pool2d(y, 4).flatten(1))]


class MLP(Normalized):
    def __init__(self, hidden=512):
        super().__init__()
        self.fc1 = nn.Linear(3 * 32 * 32, hidden)
        self.fc2 = nn.Linear(hidden, 10)

    def forward(self, image):
        return [self.fc2(F.relu(self.fc1(self.normalize(image).flatten(1))))]


class DoubleConv(nn.Module):
    def __init__(self, inside, out):
        super().__init__()
        self.double_conv = nn.Sequential(
            nn.Conv2d(inside, out, 3, padding=1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
            nn.Conv2d(out, out, 3, padding=1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(inplace=True),
        )

    def forward(self, x):
        return self.double_conv(x)


class Down(nn.Module):
    def __init__(self, inside, out):
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), DoubleConv(inside, out))

    def forward(self, x):
        return self.maxpool_conv(x)


class Up(nn.Module):
    def __init__(self, inside, out):
        super().__init__()
        self.up = nn.ConvTranspose2d(inside, inside // 2, kernel_size=2, stride=2)
        self.conv = DoubleConv(inside, out)

    def forward(self, x, skip):
        return self.conv(torch.cat([skip, self.up(x)], dim=1))


class OutConv(nn.Module):
    def __init__(self, inside, out):
        super().__init__()
        self.conv = nn.Conv2d(inside, out, 1)

    def forward(self, x):
        return self.conv(x)


class UNet(Normalized):
    def __init__(self, base=16, levels=4, classes=11):
        super().__init__()
        self.levels = levels
        self.inc = DoubleConv(3, base)
        for i in range(1, levels + 1):
            setattr(self, f"down{i}", Down(base * 2 ** (i - 1), base * 2**i))
        for i in range(1, levels + 1):
            setattr(self, f"up{i}", Up(base * 2 ** (levels - i + 1), base * 2 ** (levels - i)))
        self.outc = OutConv(base, classes)

    def forward(self, image):
        skips = [self.inc(self.normalize(image))]
        for i in range(1, self.levels + 1):
            skips.append(getattr(self, f"down{i}")(skips[-1]))
        x = skips.pop()
        for i in range(1, self.levels + 1):
            x = getattr(self, f"up{i}")(x, skips.pop())
        return [self.outc(x)]


class BasicBlock(nn.Module):
    def __init__(self, inside, out, stride, dilation, downsample):
        super().__init__()
        first, second = dilation
        self.conv1 = nn.Conv2d(inside, out, 3, stride, padding=first, dilation=first, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(out, out, 3, padding=second, dilation=second, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.downsample = downsample

    def forward(self, x):
        skip = x if self.downsample is None else self.downsample(x)
        return self.relu(self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x))))) + skip)


class DRN(Normalized):
    """drn_d_22 of fyu/drn without its pooling and fc, and the head of its DRNSeg; `make_layer` as there."""

    def __init__(self, classes=11):
        super().__init__()
        self.inside = 16
        layers = [nn.Sequential(nn.Conv2d(3, 16, 7, 1, 3, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True))]
        layers.append(self.make_conv_layers(16, 1))
        layers.append(self.make_conv_layers(32, 1, stride=2))
        layers.append(self.make_layer(64, 2, stride=2))
        layers.append(self.make_layer(128, 2, stride=2))
        layers.append(self.make_layer(256, 2, dilation=2, new_level=False))
        layers.append(self.make_layer(512, 2, dilation=4, new_level=False))
        layers.append(self.make_conv_layers(512, 1, dilation=2))
        layers.append(self.make_conv_layers(512, 1, dilation=1))
        self.base = nn.Sequential(*layers)
        self.seg = nn.Conv2d(512, classes, 1)

    def make_layer(self, planes, blocks, stride=1, dilation=1, new_level=True):
        downsample = None
        if stride != 1 or self.inside != planes:
            downsample = nn.Sequential(nn.Conv2d(self.inside, planes, 1, stride, bias=False), nn.BatchNorm2d(planes))
        first = (1, 1) if dilation == 1 else (dilation // 2 if new_level else dilation, dilation)
        layers = [BasicBlock(self.inside, planes, stride, first, downsample)]
        self.inside = planes
        for _ in range(1, blocks):
            layers.append(BasicBlock(planes, planes, 1, (dilation, dilation), None))
        return nn.Sequential(*layers)

    def make_conv_layers(self, channels, convs, stride=1, dilation=1):
        modules = []
        for i in range(convs):
            step = stride if i == 0 else 1
            modules += [
                nn.Conv2d(self.inside, channels, 3, step, padding=dilation, dilation=dilation, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(inplace=True),
            ]
            self.inside = channels
        return nn.Sequential(*modules)

    def forward(self, image):
        y = self.seg(self.base(self.normalize(image)))
        return [F.interpolate(y, scale_factor=8, mode="bilinear", align_corners=False)]


class LSTM(nn.Module):
    def __init__(self, layers=2, hidden=200, vocabulary=10000, tied=False):
        super().__init__()
        self.encoder = nn.Embedding(vocabulary, hidden)
        self.rnn = nn.LSTM(hidden, hidden, layers, batch_first=True)
        self.decoder = nn.Linear(hidden, vocabulary)
        if tied:
            self.decoder.weight = self.encoder.weight

    def forward(self, tokens, state):
        parts = state.view(len(state), self.rnn.num_layers, 2, self.rnn.hidden_size)
        h, c = (parts[:, :, i].transpose(0, 1).contiguous() for i in (0, 1))
        y, (h, c) = self.rnn(self.encoder(tokens), (h, c))
        after = torch.stack([h, c], dim=2).transpose(0, 1).reshape(len(state), -1)
        return [self.decoder(y), after]


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.c_attn = nn.Linear(width, 3 * width)
        self.c_proj = nn.Linear(width, width)

    def forward(self, x):
        n, t, width = x.shape
        q, k, v = (
            p.view(n, t, self.heads, width // self.heads).transpose(1, 2) for p in self.c_attn(x).split(width, dim=2)
        )
        scores = (q @ k.transpose(-2, -1)) / math.sqrt(k.size(-1))
        scores = scores.masked_fill(torch.triu(torch.ones(t, t, dtype=torch.bool), 1), float("-inf"))
        y = F.softmax(scores, dim=-1) @ v
        return self.c_proj(y.transpose(1, 2).reshape(n, t, width))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = Attention(width, heads)
        self.ln_2 = nn.LayerNorm(width)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width)})

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp["c_proj"](F.gelu(self.mlp["c_fc"](self.ln_2(x))))


class Transformer(nn.Module):
    def __init__(self, layers=4, width=128, heads=4, context=128, vocabulary=10000, untied=False):
        super().__init__()
        self.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(vocabulary, width),
                "wpe": nn.Embedding(context, width),
                "h": nn.ModuleList([Block(width, heads) for _ in range(layers)]),
                "ln_f": nn.LayerNorm(width),
            }
        )
        self.lm_head = nn.Linear(width, vocabulary, bias=False)
        if not untied:
            self.lm_head.weight = self.transformer["wte"].weight

    def forward(self, tokens):
        x = self.transformer["wte"](tokens) + self.transformer["wpe"](torch.arange(tokens.shape[1]))
        for block in self.transformer["h"]:
            x = block(x)
        return [self.lm_head(self.transformer["ln_f"](x))]


MODELS = {
    "vgg11": lambda: VGG(11),
    "vgg16": lambda: VGG(16),
    "alexnet": AlexNet,
    "mobilenetv2": MobileNetV2,
    "mlp": MLP,
    "unet": UNet,
    "drn22": DRN,
    "lstm": LSTM,
    "transformer": Transformer,
}


def load(net, params, shapes):
    """The parameters by name; every one of ours must have its place, and every one of the network but shared ones a value."""
    flat = torch.from_numpy(np.fromfile(params, np.float32))
    state, at = {}, 0
    for name, shape in shapes.items():
        size = math.prod(shape)
        state[name] = flat[at : at + size].reshape(shape)
        at += size
    own = net.state_dict(keep_vars=True)
    shared = {name: next(k for k in state if own[k] is v) for name, v in own.items() if name not in state and any(own[k] is v for k in state)}
    missing = [k for k in own if k not in state and k not in shared and not k.endswith("num_batches_tracked")]
    if missing:
        raise ValueError(f"no values for {missing}")
    keys = {**state, **{name: state[k] for name, k in shared.items()}}
    net.load_state_dict({**net.state_dict(), **keys}, strict=True)


def soften(net):
    for name, module in net.named_children():
        if isinstance(module, nn.ReLU):
            setattr(net, name, nn.Softplus())
        elif isinstance(module, nn.MaxPool2d):
            setattr(net, name, nn.AvgPool2d(2))
        else:
            soften(module)


def gradients(net, job, inputs):
    soften(net)
    F.relu = F.softplus
    flat = torch.cat([o.reshape(-1) for o in net(**inputs)])
    (flat * torch.from_numpy(np.fromfile(job["cotangents"], np.float32))).sum().backward()
    named = dict(net.named_parameters())
    np.concatenate([named[name].grad.numpy().ravel() for name in job["trained"]]).tofile(job["gradients"])


def main():
    relu = F.relu
    for line in sys.stdin:
        job = json.loads(line)
        net = MODELS[job["model"]](**job.get("options", {}))
        load(net, job["params"], job["shapes"])
        net.eval()
        inputs = {
            name: torch.from_numpy(np.fromfile(path, dtype).reshape(shape))
            for name, (path, dtype, shape) in job["inputs"].items()
        }
        with torch.no_grad():
            F.relu = relu
            outputs = net(**inputs)
        torch.cat([o.reshape(-1) for o in outputs]).numpy().tofile(job["out"])
        if "cotangents" in job:
            gradients(net, job, inputs)
        count = sum(p.numel() for p in net.parameters())
        print(json.dumps({"outputs": [list(o.shape) for o in outputs], "parameters": count}), flush=True)


if __name__ == "__main__":
    main()
