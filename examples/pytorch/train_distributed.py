"""Data parallelism of PyTorch's own: each process takes its share of every batch, gradients are averaged, the first process logs and saves."""
import argparse
import json
import os

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from task import batches, evaluate, load, make_model

parser = argparse.ArgumentParser()
parser.add_argument("--data", help="folder of CIFAR-10's binary files")
parser.add_argument("--batch-size", type=int, default=64, help="of all processes together")
parser.add_argument("--lr", type=float, default=0.05)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--steps", type=int, default=200)
parser.add_argument("--log-every", type=int, default=5)
parser.add_argument("--out", default="out")
parser.add_argument("--resume")
args = parser.parse_args()

torch.set_num_threads(1)
dist.init_process_group("gloo")
rank, world = dist.get_rank(), dist.get_world_size()
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
parallel = DistributedDataParallel(model)

log = open(os.path.join(args.out, "log.jsonl"), "a") if rank == 0 else None
for index in batches(len(images), args.batch_size, args.seed, step):
    if step >= args.steps:
        break
    # Equal shares: the mean of the gradients is that of the whole batch.
    share = index[rank::world]
    loss = nn.functional.cross_entropy(parallel(images[share]), labels[share])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    step += 1
    if step % args.log_every == 0:
        mean = loss.detach().clone()
        dist.all_reduce(mean)
        if rank == 0:
            val_loss, val_acc = evaluate(model, valid_images, valid_labels)
            print(
                json.dumps({"step": step, "train_loss": mean.item() / world, "val_loss": val_loss, "val_acc": val_acc}),
                file=log,
                flush=True,
            )
            temporary = os.path.join(args.out, "checkpoint.tmp")
            torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, temporary)
            os.replace(temporary, os.path.join(args.out, "checkpoint.pt"))
dist.destroy_process_group()
