"""A SummaryWriter, epochs instead of steps, a checkpoint each few epochs."""
import argparse
import os

import torch
from torch import nn

from task import batches, evaluate, load, make_model

try:
    from torch.utils.tensorboard import SummaryWriter
except ImportError:
    from event_file import SummaryWriter

parser = argparse.ArgumentParser()
parser.add_argument("--data")
parser.add_argument("--bs", type=int, default=64)
parser.add_argument("--learning-rate", type=float, default=0.001)
parser.add_argument("--weight-decay", type=float, default=0.01)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--epochs", type=int, default=5)
parser.add_argument("--logdir", default="runs/now")
parser.add_argument("--ckpt-path")
args = parser.parse_args()

torch.set_num_threads(1)
images, labels, valid_images, valid_labels = load(args.data)
model = make_model(args.seed)
optimizer = torch.optim.AdamW(model.parameters(), lr=args.learning_rate, weight_decay=args.weight_decay)
per_epoch = len(images) // args.bs
step = 0
if args.ckpt_path:
    saved = torch.load(args.ckpt_path)
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    step = saved["step"]

writer = SummaryWriter(args.logdir)
evaluate_every = max(1, per_epoch // 5)
for index in batches(len(images), args.bs, args.seed, step):
    if step >= args.epochs * per_epoch:
        break
    loss = nn.functional.cross_entropy(model(images[index]), labels[index])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    step += 1
    writer.add_scalar("train/loss", loss.item(), step)
    if step % evaluate_every == 0:
        val_loss, val_acc = evaluate(model, valid_images, valid_labels)
        writer.add_scalar("val/loss", val_loss, step)
        writer.add_scalar("val/accuracy", val_acc, step)
        writer.flush()
        path = os.path.join(args.logdir, f"step{step:06d}.pt")
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, path + ".part")
        os.replace(path + ".part", path)
writer.flush()
