"""nn.Module → Trace: the calls of its layers and of torch's functions, in the order of execution.

The module is run once, on fake tensors that have shapes and no data, while a TorchFunctionMode sees every function of
torch. Unlike torch.fx, sizes are plain numbers then, so that loops, unpacked shapes and branches over sizes run as they
are. The batch is a large prime: a size that it divides comes from the batch, and from nothing else.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensor,
    FakeTensorMode,
    unset_fake_temporarily,
)
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils._pytree import tree_flatten, tree_map

from netspec.core.shapes import Tensor as Sample
from netspec.importer.failure import ImportFailure, Unsayable
from netspec.importer.running import author_place, in_mode, index_hint, quiet, said

BATCH = 10007
MOST_CALLS = 50_000
RANDOM = frozenset({"bernoulli", "multinomial", "normal", "poisson", "rand", "randint", "randn", "randperm"})


@dataclass(eq=False)
class Frame:
    """One call of a module that is looked into; `inside` is the call that it is part of."""

    path: str
    module: nn.Module
    inside: Frame | None = None
    again: bool = False


@dataclass(eq=False)
class Value:
    """A tensor of the trace.

    Args:
        shape: its shape, the batch included.
        dtype: torch's name of its dtype.
        path: of a weight or buffer, its name in the network.
        tensor: of a weight or of a tensor that is known without the inputs, the tensor itself.
        learned: it is a weight.
        origin: of a tensor that is computed from known ones, the call that gave it.
    """

    shape: tuple[int, ...]
    dtype: str
    path: str = ""
    tensor: torch.Tensor | None = None
    learned: bool = False
    origin: TracedCall | None = None

    @property
    def constant(self) -> bool:
        """Whether its numbers are known: it is no input, and comes from none and from no weight."""
        return self.tensor is not None and not self.learned


@dataclass(eq=False)
class TracedCall:
    """A layer or a function applied to values.

    Args:
        function: torch's name of the function; empty for a layer.
        frame: the call of the module in which it happens.
        args, kwargs: as it was called, with Values for tensors.
        result: what it gave, with Values for tensors.
        module: the layer, its path in the network, and whether it was called before.
        callee: the function itself.
        place: the file and line of the author's code that called it.
    """

    function: str
    frame: Frame
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any
    module: nn.Module | None = None
    path: str = ""
    again: bool = False
    callee: Callable[..., Any] | None = None
    place: str = field(default_factory=author_place)


def values_in(tree: Any) -> list[Value]:
    """The tensors in arguments or results."""
    return [leaf for leaf in tree_flatten(tree)[0] if isinstance(leaf, Value)]


@dataclass
class Trace:
    """What a module did: its inputs, its calls, what it returned, and the functions with a backward of their own."""

    inputs: dict[str, Value]
    calls: list[TracedCall]
    result: Any
    root: Frame
    backwards: tuple[str, ...] = ()


@dataclass
class _Recorder(TorchFunctionMode):
    root: nn.Module
    is_layer: Callable[[nn.Module], bool]
    calls: list[TracedCall] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.frame = self.outermost = Frame("", self.root)
        self.in_layer = False
        self.paths: dict[int, list[str]] = {}
        for path, module in self.root.named_modules(remove_duplicate=False):
            self.paths.setdefault(id(module), []).append(path)
        self.seen: set[int] = {id(self.root)}
        self.values: dict[int, Value] = {}
        self.backwards: dict[str, None] = {}  # functions of the author's with a backward, and the lines that call them
        self.alive: list[object] = []  # what has an id in `values`
        self.views: dict[int, tuple[torch.Tensor, Any]] = {}  # parts of tensors by their id: the whole, and the index
        for path, tensor in (*self.root.named_buffers(), *self.root.named_parameters()):
            learned = isinstance(tensor, nn.Parameter)
            self.values[id(tensor)] = Value(tuple(tensor.shape), _dtype(tensor), path, tensor.detach(), learned)

    def value(self, tensor: torch.Tensor) -> Value:
        """The value of a tensor that is known, or a constant."""
        if id(tensor) not in self.values:
            self.alive.append(tensor)
            real = None if isinstance(tensor, FakeTensor) else tensor
            self.values[id(tensor)] = Value(tuple(tensor.shape), _dtype(tensor), "", real)
        return self.values[id(tensor)]

    def taken(self, tree: Any) -> Any:
        """Arguments with Values for tensors."""
        return tree_map(lambda leaf: self.value(leaf) if isinstance(leaf, torch.Tensor) else leaf, tree)

    def given(self, tree: Any) -> Any:
        """A result with new Values for tensors."""

        def new(leaf: Any) -> Any:
            if not isinstance(leaf, torch.Tensor):
                return leaf
            self.alive.append(leaf)
            self.values[id(leaf)] = Value(tuple(leaf.shape), _dtype(leaf))
            return self.values[id(leaf)]

        return tree_map(new, tree)

    def add(self, call: TracedCall) -> None:
        self.calls.append(call)
        if len(self.calls) > MOST_CALLS:
            raise ImportFailure(f"the module makes more than {MOST_CALLS} calls for one batch")

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if self.in_layer:
            return func(*args, **kwargs)
        taken_args, taken_kwargs = self.taken(args), self.taken(kwargs)
        name = resolve_name(func) or getattr(func, "__name__", str(func))
        try:
            result = func(*args, **kwargs)
        except (DataDependentOutputException, DynamicOutputShapeException, NotImplementedError) as error:
            why = "what it gives depends on the numbers in a tensor, which only a run knows"
            raise ImportFailure(
                "a module cannot be followed", (Unsayable(self.frame.path, name, why, author_place()),)
            ) from error
        written = args[0] if name.endswith("__setitem__") else result
        if any(isinstance(leaf, torch.Tensor) for leaf in tree_flatten(written)[0]):
            if name.endswith("__setitem__") and self.is_in_place(args[0], args[2], taken_args[1]):
                return result  # what `x[0] += 1` has written already
            call = TracedCall(name, self.frame, taken_args, taken_kwargs, self.given(written), callee=func)
            if not self.known(call, func):
                self.add(call)
            self.note_views(name, args, taken_args, result)
        return result

    def is_in_place(self, tensor: Any, value: Any, index: Any) -> bool:
        """Whether a value is the very part of a tensor at which it would be assigned."""
        base, place = self.views.get(id(value), (None, None))
        return base is tensor and place == index

    def note_views(self, name: str, args: tuple[Any, ...], taken: tuple[Any, ...], result: Any) -> None:
        """Note the parts of tensors that may be written to; what is written to one is written to the whole."""
        indexes = taken[1] if len(taken) > 1 and isinstance(taken[1], tuple) else taken[1:2]
        if name.endswith("__getitem__") and all(isinstance(each, slice | int) or each is ... for each in indexes):
            self.views[id(result)] = args[0], taken[1]
        whole = args[0] if name.endswith(("_", "__setitem__")) and args else None
        writes = name.endswith("__setitem__") or (not name.endswith("__") and result is whole)
        if whole is None or not writes or id(whole) not in self.views:
            return
        base, index = self.views[id(whole)]
        before, part = self.value(base), self.value(whole)
        function = "torch.Tensor.__setitem__"
        call = TracedCall(function, self.frame, (before, index, part), {}, self.given(base))
        if not self.known(call, torch.Tensor.__setitem__):
            self.add(call)
        self.note_views(function, (base,), (before,), None)

    def known(self, call: TracedCall, func: Callable[..., Any]) -> bool:
        """Compute what a call gives where that depends on no input and no weight."""
        given, made = values_in((call.args, call.kwargs)), values_in(call.result)
        if call.function.rpartition(".")[2] in RANDOM:
            return False
        if any(size and size % BATCH == 0 for value in made for size in value.shape):
            return False
        args = call.args
        if call.function.startswith("torch.Tensor.new_"):  # of the tensor only its dtype counts
            with unset_fake_temporarily():
                args = (torch.empty(0, dtype=getattr(torch, args[0].dtype)), *args[1:])
        elif not all(value.constant for value in given):
            return False
        in_place = call.function.endswith(("_", "__setitem__"))

        def real(leaf: Any) -> Any:
            if not isinstance(leaf, Value) or leaf.tensor is None:
                return leaf
            return leaf.tensor.clone() if in_place else leaf.tensor

        with unset_fake_temporarily(), torch.no_grad():
            real_args, real_kwargs = tree_map(real, args), tree_map(real, call.kwargs)
            result = func(*real_args, **real_kwargs)
        tensors = tree_flatten(real_args[0] if call.function.endswith("__setitem__") else result)[0]
        for value, tensor in zip(made, [each for each in tensors if isinstance(each, torch.Tensor)], strict=True):
            value.tensor, value.origin = tensor, call
        return True

    def module(self, original: Callable[..., Any], module: nn.Module, args: Any, kwargs: Any) -> Any:
        """The call of a module: of a layer as one call, of another one with all that happens in it."""
        paths = self.paths.get(id(module), [None])
        own = (each for each in paths if each is not None and each.startswith(f"{self.frame.path}."))
        path = next(own, paths[0])
        if self.in_layer or module is self.root:
            return original(module, *args, **kwargs)
        self.in_layer = True  # to look at a parametrized weight computes it
        is_layer = self.is_layer(module)
        self.in_layer = False
        if path is None and not is_layer:
            return original(module, *args, **kwargs)
        if isinstance(module, torch.jit.ScriptModule):
            why = "torch.jit compiled it, and what it does cannot be followed: give the module that it was made of"
            found = Unsayable(path or "", type(module).__name__, why, author_place())
            raise ImportFailure("a module cannot be followed", (found,))
        again = id(module) in self.seen
        self.seen.add(id(module))
        if is_layer:
            taken_args, taken_kwargs = self.taken(args), self.taken(kwargs)
            self.in_layer = True
            try:
                result = original(module, *args, **kwargs, **_causal_hints(module, args, kwargs))
            finally:
                self.in_layer = False
            self.add(
                TracedCall("", self.frame, taken_args, taken_kwargs, self.given(result), module, path or "", again)
            )
            return result
        outer, self.frame = self.frame, Frame(path or "", module, self.frame, again)
        try:
            return original(module, *args, **kwargs)
        finally:
            self.frame = outer


def _causal_hints(module: nn.Module, args: Any, kwargs: Any) -> dict[str, Any]:
    """Values for what a stack of transformer layers would find out from the numbers in a mask, which has none here."""
    signature = inspect.signature(module.forward)
    try:
        given = signature.bind(*args, **kwargs).arguments
    except TypeError:  # the module's own error is the better one
        return {}
    hints = (each for each in signature.parameters.values() if each.name.endswith("is_causal") and each.default is None)
    return {each.name: False for each in hints if each.name not in given}


def _dtype(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


@contextlib.contextmanager
def _seen_by(recorder: _Recorder) -> Iterator[None]:
    """Lets a recorder see the calls of all modules, and those of functions with a backward of their own."""
    original, apply = nn.Module.__call__, torch.autograd.Function.__dict__["apply"]

    def call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
        return recorder.module(original, module, args, kwargs)

    def applied(cls: Any, *args: Any, **kwargs: Any) -> Any:
        recorder.backwards[f"{cls.__name__} ({author_place()})"] = None
        return apply.__get__(None, cls)(*args, **kwargs)

    nn.Module.__call__ = call  # type: ignore[method-assign]  # as torch.fx does while it traces
    torch.autograd.Function.apply = classmethod(applied)
    try:
        yield
    finally:
        nn.Module.__call__ = original  # type: ignore[method-assign]
        torch.autograd.Function.apply = apply


def trace(
    module: nn.Module, inputs: Mapping[str, Sample], is_layer: Callable[[nn.Module], bool], *, training: bool = False
) -> Trace:
    """Run a module once and note what it calls.

    Args:
        module: the network.
        inputs: one sample of each input, by its name.
        is_layer: whether a module is one layer of a spec; others are looked into.
        training: run it in training mode rather than in eval mode.

    Raises:
        ImportFailure: it cannot be run on such inputs, or what it does depends on the numbers in a tensor.
    """
    recorder = _Recorder(module, is_layer)
    fake = FakeTensorMode(allow_non_fake_inputs=True)
    first = next((tensor for tensor in (*module.parameters(), *module.buffers())), None)
    with fake:
        device = torch.device("cpu") if first is None else first.device
        given = {
            name: torch.empty((BATCH, *sample.shape), dtype=getattr(torch, sample.dtype), device=device)
            for name, sample in inputs.items()
        }
    values = {}
    for name, tensor in given.items():
        values[name] = recorder.values[id(tensor)] = Value(tuple(tensor.shape), _dtype(tensor))
    try:
        with in_mode(module, training), torch.no_grad(), _seen_by(recorder), quiet(), fake, recorder:
            result = module(*given.values())
    except ImportFailure:
        raise
    except Exception as error:  # whatever the author's code raises
        where = f" in {recorder.frame.path}" if recorder.frame.path else ""
        shapes = ", ".join(f"{name} {list(sample.shape)}" for name, sample in inputs.items())
        hint = index_hint(error, inputs)
        raise ImportFailure(f"the module cannot be run on {shapes}{where}: {said(error, BATCH)}{hint}") from error
    return Trace(values, recorder.calls, recorder.taken(result), recorder.outermost, tuple(recorder.backwards))
