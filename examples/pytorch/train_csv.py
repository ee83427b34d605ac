"""Plain argparse, a CSV file, one checkpoint that is written over."""
import argparse
import csv
import os

import torch
from torch import nn

from task import batches, evaluate, load, make_model

parser = argparse.ArgumentParser()
parser.add_argument("--data", help="folder of CIFAR-10's binary files")
parser.add_argument("--batch-size", type=int, default=64)
parser.add_argument("--lr", type=float, default=0.05)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--steps", type=int, default=200)
parser.add_argument("--log-every", type=int, default=5)
parser.add_argument("--out", default="out")
parser.add_argument("--resume")
args = parser.parse_args()

torch.set_num_threads(1)
os.makedirs(args.out, exist_ok=True)
images, labels, valid_images, valid_labels = load(args.data)
model = make_model(args.seed)
optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
step = 0
if args.resume:
    saved = torch.load(args.resume)
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    step = saved["step"]

path = os.path.join(args.out, "log.csv")
is_new = not (args.resume and os.path.exists(path))
with open(path, "w" if is_new else "a", newline="") as file:
    log = csv.writer(file)
    if is_new:
        log.writerow(["step", "train_loss", "val_loss", "val_acc"])
    for index in batches(len(images), args.batch_size, args.seed, step):
        if step >= args.steps:
            break
        loss = nn.functional.cross_entropy(model(images[index]), labels[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % args.log_every == 0:
            val_loss, val_acc = evaluate(model, valid_images, valid_labels)
            log.writerow([step, loss.item(), val_loss, val_acc])
            file.flush()
            temporary = os.path.join(args.out, "checkpoint.tmp")
            torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, temporary)
            os.replace(temporary, os.path.join(args.out, "checkpoint.pt"))
