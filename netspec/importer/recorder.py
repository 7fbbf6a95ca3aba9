"""A run of a module → its calls: of each layer one, of each function of torch outside of layers one.

What is computed from known tensors alone is computed too; it is no call then.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensor,
    unset_fake_temporarily,
)
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils._pytree import tree_flatten, tree_map

from netspec.importer.failure import ImportFailure, Unsayable
from netspec.importer.running import author_place
from netspec.importer.traced import BATCH, Frame, TracedCall, Value, values_in

MOST_CALLS = 50_000
RANDOM = frozenset({"bernoulli", "multinomial", "normal", "poisson", "rand", "randint", "randn", "randperm"})


@dataclass
class Recorder(TorchFunctionMode):
    """Sees every function of torch, and the modules that `module` is told of.

    Args:
        root: the network.
        is_layer: whether a module is one layer of a spec; others are looked into.
        calls: what was seen, in the order of execution.
    """

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
            self.values[id(tensor)] = Value(tuple(tensor.shape), dtype_of(tensor), path, tensor.detach(), learned)

    def value(self, tensor: torch.Tensor) -> Value:
        """The value of a tensor that is known, or a constant."""
        if id(tensor) not in self.values:
            self.alive.append(tensor)
            real = None if isinstance(tensor, FakeTensor) else tensor
            self.values[id(tensor)] = Value(tuple(tensor.shape), dtype_of(tensor), "", real)
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
            self.values[id(leaf)] = Value(tuple(leaf.shape), dtype_of(leaf))
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


def dtype_of(tensor: torch.Tensor) -> str:
    """torch's name of a tensor's dtype: float32."""
    return str(tensor.dtype).removeprefix("torch.")
