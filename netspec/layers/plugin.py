"""The description of a plugin's layer: `netspec.PluginLayer`, an entry of its table `netspec_layers`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from netspec.core.dataclass import dataclass
from netspec.core.shapes import ShapeError


class PluginError(ShapeError):
    """A plugin's layer that fails rather than refuses."""

    code = "NS704"


@dataclass(frozen=True, kw_only=True)
class PluginLayer:
    """A layer of one's own.

    With `output` its shape is worked out by that rule, without torch; without it the module is made and run on the
    meta device, where tensors have a shape and no data.

    Args:
        module: the nn.Module's class; or its path as text, `my_package.nets:GatedConv`, so that a check does not
            import it (this needs `output`).
        output: the shape rule. Its parameters before `*` are the shapes of one sample of each input, tuples of sizes
            without the batch; those after `*` are the layer's arguments, named and with the defaults of the module's
            constructor. It returns the shape of the output, or a list of shapes for several. A ValueError that it
            raises is what the layer has against its input.
        parameters: the number of trainable numbers, called as `output` is; unknown where left out beside `output`.
        macs: multiply-accumulates for one sample, likewise.
        infer: for arguments that follow from the input: what works each out from the shapes of the inputs. A spec may
            leave them out, and what it writes is verified.
        takes: the kind of number that it takes: `float`, `int`, `any`, or torch's name of a dtype. Beside `output`.
        gives: torch's name of the dtype that it gives, or `same` as what it takes. Beside `output`.
    """

    module: Any
    output: Callable[..., Any] | None = None
    parameters: Callable[..., int] | None = None
    macs: Callable[..., int] | None = None
    infer: Mapping[str, Callable[..., int]] = field(default_factory=dict)
    takes: str = "float"
    gives: str = "same"
