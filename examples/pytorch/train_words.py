"""A language model: the next word from the four before it. Prints lines, saves on the way. A text file of words (the Penn Treebank's, say) where one is given, else one that is made up."""
import argparse
import os
from collections import Counter

import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--text", help="words to train on")
parser.add_argument("--held-out", help="words to be judged on")
parser.add_argument("--batch", type=int, default=64, help="words a step")
parser.add_argument("--lr", type=float, default=0.5)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--steps", type=int, default=300)
parser.add_argument("--out", default="out")
parser.add_argument("--resume")
args = parser.parse_args()
torch.set_num_threads(1)
os.makedirs(args.out, exist_ok=True)
path = os.path.join(args.out, "words.pt")
CONTEXT, VOCABULARY, WORDS = 4, 500, 40_000


def words_of(path, count):
    with open(path) as file:
        return file.read().replace("\n", " <eos> ").split()[:count]


def made_up(count, seed):
    # Each word may be followed by five.
    generator = torch.Generator().manual_seed(seed)
    follows = torch.randint(VOCABULARY, (VOCABULARY, 5), generator=torch.Generator().manual_seed(1))
    choice = torch.randint(5, (count,), generator=generator)
    at, words = 0, []
    for i in range(count):
        at = int(follows[at, choice[i]])
        words.append(str(at))
    return words


train_words = words_of(args.text, WORDS) if args.text else made_up(WORDS, 2)
held_words = words_of(args.held_out, 4_000) if args.held_out else made_up(4_000, 3)
# The rarer words are one.
index = {word: i + 1 for i, (word, _) in enumerate(Counter(train_words).most_common(VOCABULARY - 1))}


def examples(words):
    ids = torch.tensor([index.get(word, 0) for word in words])
    return ids.unfold(0, CONTEXT + 1, 1)


train, held = examples(train_words), examples(held_words)
torch.manual_seed(args.seed)
model = nn.Sequential(
    nn.Embedding(VOCABULARY, 24), nn.Flatten(), nn.Linear(24 * CONTEXT, 64), nn.Tanh(), nn.Linear(64, VOCABULARY)
)
optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
step = 0
if args.resume:
    saved = torch.load(args.resume)
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    # What a checkpoint brings along is the state; the rate is what was asked for.
    for group in optimizer.param_groups:
        group["lr"] = args.lr
    step = saved["step"]


def loss_of(batch):
    return nn.functional.cross_entropy(model(batch[:, :CONTEXT]), batch[:, CONTEXT])


def order(epoch):
    return torch.randperm(len(train), generator=torch.Generator().manual_seed(1000 * args.seed + epoch))


per_epoch = len(train) // args.batch
shuffled = None
while step < args.steps:
    epoch, at = divmod(step, per_epoch)
    if shuffled is None or at == 0:
        shuffled = order(epoch)
    loss = loss_of(train[shuffled[at * args.batch:(at + 1) * args.batch]])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    step += 1
    if step % 10 == 0 or step == args.steps:
        with torch.no_grad():
            print(f"step: {step}, train loss: {loss.item():.6f}, val loss: {loss_of(held).item():.6f}", flush=True)
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}
        torch.save(state, path + ".tmp")
        os.replace(path + ".tmp", path)
