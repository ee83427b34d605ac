"""As scripts on Hugging Face's Trainer look from outside: its option names, folders checkpoint-N with trainer_state.json, accumulation."""
import argparse
import json
import os

import torch
from torch import nn

from task import batches, evaluate, load, make_model

parser = argparse.ArgumentParser()
parser.add_argument("--data_dir")
parser.add_argument("--per_device_train_batch_size", type=int, default=16)
parser.add_argument("--gradient_accumulation_steps", type=int, default=1)
parser.add_argument("--learning_rate", type=float, default=0.001)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--max_steps", type=int, default=100)
parser.add_argument("--eval_steps", type=int, default=5)
parser.add_argument("--output_dir", default="output")
parser.add_argument("--resume_from_checkpoint")
args = parser.parse_args()

torch.set_num_threads(1)
images, labels, valid_images, valid_labels = load(args.data_dir)
model = make_model(args.seed)
optimizer = torch.optim.Adam(model.parameters(), lr=args.learning_rate)
size = args.per_device_train_batch_size * args.gradient_accumulation_steps
state = {"global_step": 0, "log_history": []}
if args.resume_from_checkpoint:
    model.load_state_dict(torch.load(os.path.join(args.resume_from_checkpoint, "pytorch_model.bin")))
    optimizer.load_state_dict(torch.load(os.path.join(args.resume_from_checkpoint, "optimizer.pt")))
    with open(os.path.join(args.resume_from_checkpoint, "trainer_state.json")) as file:
        state = json.load(file)

for index in batches(len(images), size, args.seed, state["global_step"]):
    if state["global_step"] >= args.max_steps:
        break
    total = 0.0
    for part in index.split(args.per_device_train_batch_size):
        loss = nn.functional.cross_entropy(model(images[part]), labels[part]) / args.gradient_accumulation_steps
        loss.backward()
        total += loss.item()
    optimizer.step()
    optimizer.zero_grad()
    state["global_step"] += 1
    step = state["global_step"]
    if step % args.eval_steps == 0:
        val_loss, val_acc = evaluate(model, valid_images, valid_labels)
        epoch = step * size / len(images)
        state["log_history"].append({"epoch": epoch, "loss": total, "learning_rate": args.learning_rate, "step": step})
        state["log_history"].append({"epoch": epoch, "eval_loss": val_loss, "eval_accuracy": val_acc, "step": step})
        folder = os.path.join(args.output_dir, f"checkpoint-{step}")
        os.makedirs(folder, exist_ok=True)
        torch.save(model.state_dict(), os.path.join(folder, "pytorch_model.bin"))
        torch.save(optimizer.state_dict(), os.path.join(folder, "optimizer.pt"))
        with open(os.path.join(folder, "trainer_state.part"), "w") as file:
            json.dump(state, file)
        os.replace(os.path.join(folder, "trainer_state.part"), os.path.join(folder, "trainer_state.json"))
