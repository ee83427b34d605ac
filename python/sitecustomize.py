"""The probe of Ballast: put on PYTHONPATH by a study (probe: true), it hooks PyTorch's optimizers and DistributedDataParallel in a script that knows nothing of it, and writes JSON
lines: gradient norm, rate and time of a step, and the gradient noise scale where a step has several micro-batches or ranks.

It changes no number of the training: it reads gradients, draws no random number and touches no state. Without BALLAST_PROBE it does nothing, and the sitecustomize that it stands in front of
runs as it would have.

  BALLAST_PROBE        file that is written
  BALLAST_PROBE_EVERY  a line every so many steps; 10 unless told
  BALLAST_BATCH        examples of a step, from which the noise scale in examples follows
  BALLAST_PROBE_SHARPNESS  the critical sharpness (arXiv 2601.16979) every so many steps; never unless told
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


class _Unseen(Exception):
    """The loss of a step depends on something that cannot be computed again."""


def _tensors(torch, value):
    """All tensors in the arguments of a function."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _tensors(torch, one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _tensors(torch, one)


def _replaced(torch, value, by):
    """The same arguments with other tensors."""
    if isinstance(value, torch.Tensor):
        return by(value)
    if isinstance(value, (list, tuple)):
        items = [_replaced(torch, one, by) for one in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return {key: _replaced(torch, one, by) for key, one in value.items()}
    return value


def _name(function):
    return getattr(function, "__name__", "a function")


def _changes_its_first(function, kwargs):
    """Whether a function changes its first tensor, by torch's rule for names."""
    name = _name(function)
    if name.startswith("__") and name.endswith("__"):
        in_place = name.startswith("__i") and name not in ("__invert__", "__index__", "__int__", "__iter__")
        return name in ("__setitem__", "__set__") or in_place
    return (name.endswith("_") and not name.endswith("__")) or bool(kwargs.get("inplace"))


class _Entry:
    """A function of torch that was called: with what, what came of it, and with which random numbers and precision."""

    __slots__ = ("function", "args", "kwargs", "out", "random", "casts", "changes", "problem")

    def inputs(self, torch):
        return list(_tensors(torch, (self.args, self.kwargs)))

    def outputs(self, torch):
        return list(_tensors(torch, self.out))


class _Tape:
    """The functions of torch that a step calls, so that its loss can be computed again at other parameters."""

    def __init__(self, torch):
        from torch.overrides import TorchFunctionMode

        self.torch = torch
        self.entries = []
        self.made = set()
        self.losses = []
        self.open = True
        tape = self

        class Mode(TorchFunctionMode):
            def __torch_function__(self, function, types, args=(), kwargs=None):
                return tape.call(function, args, kwargs or {})

        self.mode = Mode()
        self.mode.__enter__()

    def close(self):
        """Nothing more is written down."""
        if not self.open:
            return
        self.open = False
        from torch.overrides import _get_current_function_mode

        # One that the script has put on top of it is not to be taken off in its place.
        if _get_current_function_mode() is self.mode:
            self.mode.__exit__(None, None, None)

    def random(self):
        torch = self.torch
        state = [torch.random.default_generator.get_state()]
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            state.append(torch.cuda.get_rng_state())
        return state

    def set_random(self, state):
        self.torch.random.default_generator.set_state(state[0])
        if len(state) > 1:
            self.torch.cuda.set_rng_state(state[1])

    def casts(self):
        torch, found = self.torch, []
        if torch.is_autocast_enabled():
            found.append(("cuda", torch.get_autocast_gpu_dtype()))
        if torch.is_autocast_cpu_enabled():
            found.append(("cpu", torch.get_autocast_cpu_dtype()))
        return found

    def call(self, function, args, kwargs):
        # What is computed without gradients is a constant of the loss.
        if not self.open or not self.torch.is_grad_enabled() or _name(function) == "backward":
            return function(*args, **kwargs)
        entry = _Entry()
        entry.function, entry.args, entry.kwargs = function, args, kwargs
        entry.random, entry.casts = self.random(), self.casts()
        entry.changes, entry.problem = _changes_its_first(function, kwargs), None
        given = entry.inputs(self.torch)
        strange = next((t for t in given if t.grad_fn is not None and id(t) not in self.made), None)
        if kwargs.get("out") is not None:
            entry.problem = "%s writes into out" % _name(function)
        elif strange is not None:
            entry.problem = "%s is no function of torch" % type(strange.grad_fn).__name__
        out = function(*args, **kwargs)
        entry.out = out
        # What is cut off from before the step is a constant too.
        if strange is not None and _name(function) == "detach":
            return out
        made = entry.outputs(self.torch)
        if made or entry.changes:
            self.made.update(id(t) for t in made)
            self.entries.append(entry)
        return out

    @staticmethod
    def place(tensor):
        """Of the memory that a tensor and its views share."""
        storage = tensor.untyped_storage() if hasattr(tensor, "untyped_storage") else tensor.storage()
        return (str(tensor.device), storage.data_ptr())

    def slice(self):
        """The entries that the losses depend on, in order: by what they make, and by what they change in place. Raises _Unseen."""
        torch = self.torch
        needed = {id(loss) for loss in self.losses}
        places = {self.place(loss) for loss in self.losses}
        chosen = []
        for entry in reversed(self.entries):
            given = entry.inputs(torch)
            changed = given[:1] if entry.changes else []
            if not any(id(t) in needed for t in entry.outputs(torch)) and not any(self.place(t) in places for t in changed):
                continue
            if entry.problem is not None:
                raise _Unseen(entry.problem)
            chosen.append(entry)
            needed.update(id(t) for t in given)
            places.update(self.place(t) for t in given)
        chosen.reverse()
        own = set()
        for entry in chosen:
            if entry.changes and any(self.place(t) not in own for t in entry.inputs(torch)[:1]):
                raise _Unseen("%s changes an input in place" % _name(entry.function))
            # A view of an input is the input.
            given = {self.place(t) for t in entry.inputs(torch)}
            own.update(self.place(t) for t in entry.outputs(torch) if self.place(t) not in given or self.place(t) in own)
        return chosen

    def loss(self):
        """A function that computes the sum of the step's losses at the parameters as they are when it is called. Raises _Unseen."""
        torch = self.torch
        if not self.losses:
            raise _Unseen("there was no backward pass")
        if any(loss.numel() != 1 or id(loss) not in self.made for loss in self.losses):
            raise _Unseen("the loss is no single number that functions of torch have made")
        entries = self.slice()

        def value():
            known = {}

            def run(entry):
                # Running statistics are not to be counted twice.
                copies = _name(entry.function) in ("batch_norm", "instance_norm")

                def by(tensor):
                    found = known.get(id(tensor))
                    return found if found is not None else tensor.clone() if copies and not tensor.requires_grad else tensor

                args, kwargs = _replaced(torch, entry.args, by), _replaced(torch, entry.kwargs, by)
                self.set_random(entry.random)
                again = list(_tensors(torch, self.cast(entry, args, kwargs)))
                known.update((id(t), a) for t, a in zip(entry.outputs(torch), again))

            state = self.random()
            try:
                with torch.no_grad():
                    for entry in entries:
                        run(entry)
                    return sum(float(known[id(loss)]) for loss in self.losses)
            finally:
                self.set_random(state)

        return value

    def cast(self, entry, args, kwargs):
        from contextlib import ExitStack

        with ExitStack() as stack:
            for device, kind in entry.casts:
                stack.enter_context(self.torch.autocast(device, dtype=kind))
            return entry.function(*args, **kwargs)


def _critical_scale(loss, most=2.0**12, least=2.0**-12):
    """The smallest multiple of an update at which a loss is above what it is without it, to 1/32; loss(s) is the loss at s times the update. None where there is none up to `most`, or it lies below
    `least`. Doubling or halving, then halvings of the interval (arXiv 2601.16979, section 3)."""
    start = loss(0.0)

    def rises(scale):
        return not loss(scale) <= start

    low = high = 1.0
    if rises(1.0):
        while rises(low / 2):
            low /= 2
            if low < least:
                return None
        low, high = low / 2, low
    else:
        while not rises(high * 2):
            high *= 2
            if high > most:
                return None
        low, high = high, high * 2
    for _ in range(4):
        middle = (low + high) / 2
        if rises(middle):
            high = middle
        else:
            low = middle
    return (low + high) / 2


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
        self.sharpness_every = int(os.environ.get("BALLAST_PROBE_SHARPNESS") or 0)
        self.tape = None
        # Parameters before the update of a step whose sharpness is asked for.
        self.before_update = None
        self.line = None
        self.counted = 0
        # Backward passes of this step so far.
        self.passes = 0
        self.forget()

    def forget(self):
        """A step is done, and the next begins."""
        # A step is expected to have as many backward passes as the one before it: where that is one, there is nothing to tell apart, and nothing is kept for it.
        self.expected = self.passes
        self.passes = 0
        self.sums = []  # |g_1|², |g_1 + g_2|², ... of the micro-batches
        self.parts = []  # |g_1|², |g_2|², ...
        self.before = None
        self.local = 0.0
        self.has_local = False
        if self.tape is not None:
            self.tape.close()
        self.tape = self.before_update = None

    def watch(self):
        """Writes down what the next step computes, where its sharpness is asked for."""
        if self.is_sharpness_due:
            self.tape = _Tape(self.torch)

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
        """Whether something is told of the step that is next."""
        return (self.step + 1) % self.every == 0 or self.is_sharpness_due

    @property
    def is_sharpness_due(self):
        return self.sharpness_every > 0 and (self.step + 1) % self.sharpness_every == 0

    def gradients(self, optimizer):
        return [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]

    def square(self, gradients):
        """Squared 2-norm: a reduction for each tensor, and one number that is waited for."""
        if not gradients:
            return 0.0
        norms = [(g.coalesce().values() if g.is_sparse else g).detach().float().norm() for g in gradients]
        return float(self.torch.stack([n.to(norms[0].device) for n in norms]).double().square().sum())

    def after_backward(self, tensors=()):
        """The gradients are a sum over the micro-batches so far."""
        if self.tape is not None:
            self.tape.losses += _tensors(self.torch, tensors)
        self.passes += 1
        if not self.is_due or self.optimizer is None or not (self.expected > 1 or self.has_local):
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
        import time

        due = self.is_due
        self.step += 1
        first, self.optimizer = self.optimizer is not optimizer, optimizer
        if not due:
            return
        now = time.perf_counter()
        if self.tape is not None:
            self.tape.close()
            self.before_update = [(p, p.detach().clone()) for group in optimizer.param_groups for p in group["params"]]
        with self.torch.no_grad():
            line = {
                "step": self.step,
                "lr": float(optimizer.param_groups[0].get("lr", float("nan"))),
                "grad_norm": self.square(self.gradients(optimizer)) ** 0.5,
            }
        if self.began is not None:
            line["seconds_per_step"] = (now - self.began) / (self.step - self.counted)
        self.began, self.counted = now, self.step
        if not first:
            line.update(self.noise())
        # Ranks may also learn which they are while they run.
        distributed = self.torch.distributed
        if distributed.is_available() and distributed.is_initialized() and distributed.get_rank() != 0:
            return
        self.line = line

    def after_step(self):
        """The update is made."""
        import json
        import time

        line, self.line = self.line, None
        if line is None:
            return
        if self.before_update is not None:
            began = time.perf_counter()
            line.update(self.sharpness(line["lr"]))
            # What it took is no part of a step.
            self.began += time.perf_counter() - began
        if self.file is None:
            self.file = open(self.path, "a", buffering=1)
        self.file.write(json.dumps(line) + "\n")

    def sharpness(self, lr):
        """2 / η_c, with the smallest rate η_c at which this very update would have raised the loss of its own batch (arXiv 2601.16979): the parameters move along the update and back."""
        tape, moved = self.tape, self.before_update
        try:
            loss = tape.loss()
            after = [p.detach().clone() for p, _ in moved]

            def at(scale):
                for (p, before), end in zip(moved, after):
                    p.data.copy_(before + scale * (end - before))
                return loss()

            try:
                there = sum(float(one.detach()) for one in tape.losses)
                again = at(0.0)
                if not abs(again - there) <= 1e-4 * abs(there):
                    raise _Unseen("computed again the loss is %g, not %g" % (again, there))
                scale = _critical_scale(at)
            finally:
                for (p, _), end in zip(moved, after):
                    p.data.copy_(end)
        except Exception as problem:
            self.sharpness_every = 0
            why = str(problem) if isinstance(problem, _Unseen) else "%s: %s" % (type(problem).__name__, problem)
            sys.stderr.write("ballast probe: no critical sharpness: %s\n" % why)
            return {}
        if scale is None:
            return {"critical_scale": None, "critical_sharpness": None}
        return {"critical_scale": scale, "critical_sharpness": 2 / (scale * lr) if lr > 0 else None}

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
                    result = own(optimizer, *args, **kwargs)
                    if probe.depth == 1:
                        probe.guarded(probe.after_step)
                    return result
                finally:
                    probe.depth -= 1
                    if probe.depth == 0:
                        probe.forget()
                        probe.guarded(probe.watch)

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
            probe.guarded(probe.after_backward, args[0] if args else kwargs.get("tensors", ()))
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
