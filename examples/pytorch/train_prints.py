"""Prints lines, and has no other log; cannot go on from a checkpoint."""
import argparse

import torch
from torch import nn

from task import batches, evaluate, load, make_model

parser = argparse.ArgumentParser()
parser.add_argument("--data")
parser.add_argument("-b", "--batch", type=int, default=64)
parser.add_argument("--lr", type=float, default=0.05)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--iters", type=int, default=100)
parser.add_argument("--nesterov", action="store_true")
args = parser.parse_args()

torch.set_num_threads(1)
images, labels, valid_images, valid_labels = load(args.data)
model = make_model(args.seed)
optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9, nesterov=args.nesterov)
print(f"model with {sum(p.numel() for p in model.parameters())} parameters")
for step, index in enumerate(batches(len(images), args.batch, args.seed, 0), 1):
    if step > args.iters:
        break
    loss = nn.functional.cross_entropy(model(images[index]), labels[index])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 5 == 0:
        val_loss, val_acc = evaluate(model, valid_images, valid_labels)
        print(f"iter {step}: train loss: {loss.item():.6f} | val loss: {val_loss:.6f} | val acc: {val_acc:.4f}, iter: {step}")
