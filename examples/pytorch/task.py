"""What the four scripts train: a small network on images, of CIFAR-10 (its binary files) where a folder is given, else made up."""
import os

import numpy as np
import torch
from torch import nn


def load(folder=None, train_count=2000, valid_count=500):
    """Returns (train images, train labels, held-out images, held-out labels)."""
    if folder:
        return (*read_cifar(os.path.join(folder, "data_batch_1.bin"), train_count),
                *read_cifar(os.path.join(folder, "test_batch.bin"), valid_count))
    generator = torch.Generator().manual_seed(1234)
    prototypes = torch.randn(10, 3 * 8 * 8, generator=generator)

    def make(count):
        labels = torch.randint(10, (count,), generator=generator)
        images = 0.2 * prototypes[labels] + torch.randn(count, 3 * 8 * 8, generator=generator)
        return images.view(count, 3, 8, 8), labels

    return (*make(train_count), *make(valid_count))


def read_cifar(path, count):
    rows = np.fromfile(path, dtype=np.uint8).reshape(-1, 3073)[:count]
    images = torch.from_numpy(rows[:, 1:].astype(np.float32)).view(-1, 3, 32, 32) / 255 - 0.5
    # Quarter size: the mean of each 4 x 4 pixels, so that a step takes milliseconds on a processor.
    return nn.functional.avg_pool2d(images, 4) * 4, torch.from_numpy(rows[:, 0].astype(np.int64))


def make_model(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 8 * 8, 10))


def batches(count, batch_size, seed, step):
    """Indices of the batches from a step on, without end; the order depends on seed and epoch alone, so a resume goes on in it."""
    per_epoch = count // batch_size
    while True:
        epoch, at = divmod(step, per_epoch)
        order = torch.randperm(count, generator=torch.Generator().manual_seed(1000 * seed + epoch))
        for i in range(at, per_epoch):
            yield order[i * batch_size:(i + 1) * batch_size]
            step += 1


@torch.no_grad()
def evaluate(model, images, labels):
    """Mean loss and accuracy."""
    scores = model(images)
    loss = nn.functional.cross_entropy(scores, labels).item()
    return loss, (scores.argmax(1) == labels).float().mean().item()
