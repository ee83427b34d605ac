"""The probe of Ballast: put on PYTHONPATH by a study (probe: true), it hooks PyTorch's optimizers and DistributedDataParallel in a script that knows nothing of it, and writes JSON
lines: gradient norm, rate and time of a step, and the gradient noise scale where a step has several micro-batches or ranks.

It changes no number of the training: it reads gradients, draws no random number and touches no state. Without BALLAST_PROBE it does nothing, and the sitecustomize that it stands in front of
runs as it would have.

  BALLAST_PROBE        file that is written
  BALLAST_PROBE_EVERY  a line every so many steps; 10 unless told
  BALLAST_BATCH        examples of a step, from which the noise scale in examples follows
"""
import os
import sys


def _hand_on():
    """Runs the sitecustomize that this file hides: the first on the path that is not this one."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    here = os.path.dirname(os.path.abspath(__file__))
    rest = [p for p in sys.path if os.path.abspath(p or os.curdir) != here]
    spec = PathFinder.find_spec("sitecustomize", rest)
    if spec is None or spec.loader is None:
        return
    module = module_from_spec(spec)
    # Whoever imports it finds the one that is the user's.
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


class _WithTorch:
    """Waits for the first import of torch, and hooks it then: a script without it pays nothing."""

    def find_spec(self, name, path=None, target=None):
        if name != "torch":
            return None
        from importlib.util import find_spec

        sys.meta_path.remove(self)
        spec = find_spec("torch")
        if spec is None or spec.loader is None:
            return spec
        run = spec.loader.exec_module

        def run_and_hook(module):
            run(module)
            probe = _Probe(module, os.environ["BALLAST_PROBE"])
            probe.guarded(probe.hook)

        spec.loader.exec_module = run_and_hook
        return spec


class _Probe:
    """What is seen of the training of one process."""

    def __init__(self, torch, path):
        self.torch = torch
        self.path = path
        self.every = max(1, int(os.environ.get("BALLAST_PROBE_EVERY") or 10))
        self.batch = int(os.environ.get("BALLAST_BATCH") or 0)
        self.file = None
        self.failed = False
        self.step = 0
        self.began = None
        # Steps of optimizers that are under way: one that calls another is one step.
        self.depth = 0
        # Of the optimizer that steps: backward passes say nothing of whose they are.
        self.optimizer = None
        self.forget()

    def forget(self):
        """A step is done, and the next begins."""
        self.sums = []  # |g_1|², |g_1 + g_2|², ... of the micro-batches
        self.parts = []  # |g_1|², |g_2|², ...
        self.before = None
        self.local = 0.0
        self.has_local = False

    def guarded(self, work, *args):
        """The training goes on whatever becomes of the probe, which says so once."""
        if self.failed:
            return
        try:
            work(*args)
        except Exception as problem:
            self.failed = True
            sys.stderr.write("ballast probe: %s: %s\n" % (type(problem).__name__, problem))

    @property
    def is_due(self):
        return (self.step + 1) % self.every == 0

    def gradients(self, optimizer):
        return [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]

    def square(self, gradients):
        """Squared 2-norm: a reduction for each tensor, and one number that is waited for."""
        if not gradients:
            return 0.0
        norms = [(g.coalesce().values() if g.is_sparse else g).detach().float().norm() for g in gradients]
        return float(self.torch.stack([n.to(norms[0].device) for n in norms]).double().square().sum())

    def after_backward(self):
        """The gradients are a sum over the micro-batches so far."""
        if not self.is_due or self.optimizer is None:
            return
        with self.torch.no_grad():
            now = self.gradients(self.optimizer)
            if any(g.is_sparse for g in now):
                return
            self.sums.append(self.square(now))
            if self.before is None:
                self.parts.append(self.sums[-1])
            elif len(self.before) == len(now):
                self.parts.append(self.square([a - b for a, b in zip(now, self.before)]))
            self.before = [g.detach().clone() for g in now]

    def at_step(self, optimizer):
        """Before the update, with the gradient as the optimizer sees it."""
        import json
        import time

        self.step += 1
        first, self.optimizer = self.optimizer is not optimizer, optimizer
        if self.step % self.every != 0:
            return
        now = time.perf_counter()
        with self.torch.no_grad():
            line = {
                "step": self.step,
                "lr": float(optimizer.param_groups[0].get("lr", float("nan"))),
                "grad_norm": self.square(self.gradients(optimizer)) ** 0.5,
            }
        if self.began is not None:
            line["seconds_per_step"] = (now - self.began) / self.every
        self.began = now
        if not first:
            line.update(self.noise())
        # Ranks may also learn which they are while they run.
        distributed = self.torch.distributed
        if distributed.is_available() and distributed.is_initialized() and distributed.get_rank() != 0:
            return
        if self.file is None:
            self.file = open(self.path, "a", buffering=1)
        self.file.write(json.dumps(line) + "\n")

    def noise(self):
        """|G|² and tr Σ from two sizes of batch (McCandlish et al., 1812.06162, appendix A.1), in units of the smaller one: B = n, b = 1."""
        count = len(self.parts)
        if self.has_local and count == 1:
            count, small, large = self.torch.distributed.get_world_size(), self.local, self.sums[-1]
            kind = "ranks"
        elif count > 1 and not self.has_local:
            # The gradient of a micro-batch alone is n times its share of the sum; where the losses were not divided by n, both are n times as large.
            small = count * count * sum(self.parts) / count
            large = self.sums[-1]
            kind = "micro_batches"
        else:
            return {}
        if count < 2:
            return {}
        signal = (count * large - small) / (count - 1)
        trace = (small - large) / (1 - 1 / count)
        found = {kind: count, "noise_signal": signal, "noise_trace": trace}
        if signal > 0 and self.batch > 0:
            found["noise_scale"] = trace / signal * self.batch / count
        return found

    def hook(self):
        self.hook_optimizers()
        self.hook_backward()
        self.hook_parallel()

    def hook_optimizers(self):
        from functools import wraps

        probe, base = self, self.torch.optim.Optimizer
        init = base.__init__

        def wrapped(own):
            @wraps(own)
            def step(optimizer, *args, **kwargs):
                if probe.depth == 0:
                    probe.guarded(probe.at_step, optimizer)
                probe.depth += 1
                try:
                    return own(optimizer, *args, **kwargs)
                finally:
                    probe.depth -= 1
                    if probe.depth == 0:
                        probe.forget()

            step._ballast = True
            return step

        @wraps(init)
        def seen(optimizer, *args, **kwargs):
            # Optimizers of other packages too: wherever their step is written.
            for cls in type(optimizer).__mro__:
                own = cls.__dict__.get("step")
                if own is not None and cls is not base:
                    if not getattr(own, "_ballast", False):
                        cls.step = wrapped(own)
                    break
            return init(optimizer, *args, **kwargs)

        base.__init__ = seen

    def hook_backward(self):
        from functools import wraps

        probe, autograd = self, self.torch.autograd
        own = autograd.backward

        @wraps(own)
        def backward(*args, **kwargs):
            result = own(*args, **kwargs)
            probe.guarded(probe.after_backward)
            return result

        autograd.backward = backward

    def hook_parallel(self):
        """Of DistributedDataParallel, the gradients of this rank before they are averaged: hooks of the parameters see them."""
        from functools import wraps

        try:
            from torch.nn.parallel import DistributedDataParallel as Parallel
        except ImportError:
            return
        probe, init = self, Parallel.__init__

        def read(gradient):
            if probe.is_due:
                probe.has_local = True
                probe.local += probe.square([gradient])

        @wraps(init)
        def seen(module, *args, **kwargs):
            init(module, *args, **kwargs)
            for parameter in module.parameters():
                if parameter.requires_grad:
                    parameter.register_hook(lambda gradient: probe.guarded(read, gradient))

        Parallel.__init__ = seen


# Of several ranks the first one tells.
if os.environ.get("BALLAST_PROBE") and os.environ.get("RANK", "0") == "0":
    sys.meta_path.insert(0, _WithTorch())
_hand_on()
