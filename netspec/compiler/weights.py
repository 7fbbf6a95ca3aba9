"""Weights into a compiled network: torchvision's published ones by name, or a safetensors file below the spec."""

from __future__ import annotations

import urllib.error
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import nn

from netspec.core.diagnostics import Diagnostic, Note, SpecError
from netspec.core.files import PathRefused, resolve
from netspec.core.names import closest, did_you_mean
from netspec.core.tree import Scalar
from netspec.language.spec import Spec

MOST_NAMED = 5


def refuse(spec: Spec, node: Scalar, message: str, *notes: Note) -> SpecError:
    """The error for weights that cannot be loaded.

    Args:
        spec: the spec.
        node: the weights' name in it.
        message: what is wrong.
        notes: what explains it.
    """
    return SpecError([Diagnostic("NS608", message, node.span, notes=notes)], spec.sources)


def _published(spec: Spec, node: Scalar, name: str) -> Any:
    """The member of torchvision's weights that `IMAGENET1K_V1` or `VGG16_Weights.IMAGENET1K_V1` names."""
    from torchvision import models

    if "." in name:
        try:
            return models.get_weight(name)
        except (ValueError, KeyError) as error:
            raise refuse(spec, node, f"torchvision has no weights {name}", Note("torch", str(error))) from None
    model = spec.network_name.replace("-", "_").lower()
    if model not in models.list_models():
        matches = did_you_mean(closest(model, models.list_models()))
        text = "short names are looked up by the network's name; VGG16_Weights.IMAGENET1K_V1 works anywhere"
        note = Note("note", text)
        raise refuse(spec, node, f"torchvision has no model {model!r} whose weights {name} could be{matches}", note)
    members = models.get_model_weights(model)
    if name not in members.__members__:
        raise refuse(spec, node, f"{model} has no weights {name}; it has {', '.join(members.__members__)}")
    return members[name]


def _download(spec: Spec, node: Scalar, member: Any) -> dict[str, torch.Tensor]:
    try:
        state: dict[str, torch.Tensor] = member.get_state_dict(progress=True, check_hash=True)
    except (urllib.error.URLError, OSError, RuntimeError) as error:
        folder = f"{torch.hub.get_dir()}/checkpoints"
        notes = (
            Note("note", f"they would come from {member.url}"),
            Note("or", f"put the file into {folder}, or name a .safetensors file below the spec"),
        )
        raise refuse(spec, node, f"{member} cannot be downloaded: {error}", *notes) from None
    return state


def from_file(spec: Spec, node: Scalar, path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a safetensors file by name, each [*shape in the file].

    Args:
        spec: the spec.
        node: the file's name in it.
        path: the file.

    Raises:
        SpecError: NS608, it cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise refuse(spec, node, f"{node.value} cannot be read: there is no such file")
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise refuse(spec, node, f"{node.value} cannot be read: {error}") from None


def read_tensors(spec: Spec, node: Scalar) -> dict[str, torch.Tensor]:
    """The tensors of a safetensors file, or those that torchvision publishes, by name, each [*shape in the file].

    Args:
        spec: the spec.
        node: the weights' name in it.

    Raises:
        SpecError: NS608, there are none, or they cannot be fetched or read.
    """
    name = str(node.value)
    if not name.endswith(".safetensors"):
        return _download(spec, node, _published(spec, node, name))
    try:
        path = resolve(node, spec.folder)
    except PathRefused as refused:
        raise refuse(spec, node, str(refused)) from None
    return from_file(spec, node, path)


def _named(keys: list[str]) -> str:
    return ", ".join(keys[:MOST_NAMED]) + (f" and {len(keys) - MOST_NAMED} more" if len(keys) > MOST_NAMED else "")


def with_tied(model: nn.Module, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors of a state, those that are one tensor of the model under all its names, each [*shape in the file].

    A safetensors file holds such a tensor once, under one of the names.

    Args:
        model: the network.
        state: tensors by name.
    """
    names: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    found = dict(state)
    for same in names.values():
        kept = next((name for name in same if name in state), None)
        found |= {name: state[kept] for name in same if kept is not None and name not in state}
    return found


def load_weights(model: nn.Module, spec: Spec) -> None:
    """Load the weights that a spec names into its network.

    Weights that the network does not have (auxiliary heads that a spec leaves out) are named in a warning.

    Args:
        model: the network.
        spec: the spec, whose `weights` is given.

    Raises:
        SpecError: there are no such weights, they cannot be fetched or read, or they do not fit.
    """
    node = spec.weights
    assert node is not None
    name = str(node.value)
    state = with_tied(model, read_tensors(spec, node))
    own = model.state_dict()
    missing = [key for key in own if key not in state]
    differ = [key for key in own if key in state and own[key].shape != state[key].shape]
    if missing:
        raise refuse(spec, node, f"{name} lacks {len(missing)} of the network's tensors: {_named(missing)}")
    if differ:
        key = differ[0]
        shapes = f"{key} is {list(state[key].shape)}, the network's {list(own[key].shape)}"
        more = "" if len(differ) == 1 else f" and {len(differ) - 1} more"
        raise refuse(spec, node, f"{name} does not fit: {shapes}{more}")
    extra = [key for key in state if key not in own]
    if extra:
        warnings.warn(f"{name}: the network has no place for {_named(extra)}", stacklevel=3)
    model.load_state_dict({key: state[key] for key in own})
