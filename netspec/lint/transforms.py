"""The shape of a sample and the transforms of `data` → the shape after them, without torch.

Sizes are as torchvision.transforms.v2 documents them; after a transform that is not listed here nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Dict
from typing import Any

from netspec.core.dataclass import dataclass
from netspec.core.tree import Mapping, Node, Scalar, Sequence
from netspec.language.spec import Spec
from netspec.lint.datasets import Sizes


@dataclass(frozen=True, slots=True)
class Transformed:
    """The shape after all transforms; `last` is the last one that changed it, `argument` the node of its size."""

    shape: Sizes
    last: Scalar | None = None
    argument: Node | None = None


def _pair(value: Any) -> tuple[int, int] | None:
    """`size: 32`, `[32]` or `[32, 48]` as height and width."""
    sizes = value if isinstance(value, list) else [value]
    if len(sizes) not in (1, 2) or not all(isinstance(size, int) for size in sizes):
        return None
    return (sizes[0], sizes[-1])


def _cropped(shape: Sizes, args: Dict[str, Any]) -> Sizes | None:
    size = _pair(args.get("size"))
    return None if size is None else (shape[0], *size)


def _resized(shape: Sizes, args: Dict[str, Any]) -> Sizes | None:
    """A pair is the new size; one number is the new shorter edge, the other is in proportion, rounded down."""
    size = _pair(args.get("size"))
    if size is None or args.get("max_size") is not None:
        return (shape[0], None, None)
    if isinstance(args["size"], list) and len(args["size"]) == 2:
        return (shape[0], *size)
    height, width = shape[1:]
    if height is None or width is None:
        return (shape[0], None, None)
    short = min(height, width)
    return (shape[0], *(size[0] if length == short else size[0] * length // short for length in (height, width)))


def _padded(shape: Sizes, args: Dict[str, Any]) -> Sizes | None:
    """One number for all sides, `[left and right, top and bottom]`, or left, top, right, bottom."""
    value = args.get("padding")
    sides: list[Any] = value if isinstance(value, list) else [value]
    if len(sides) not in (1, 2, 4) or not all(isinstance(side, int) for side in sides):
        return None
    left, top, right, bottom = (sides * 4)[:4]
    height, width = shape[1:]
    if height is None or width is None:
        return (shape[0], None, None)
    return (shape[0], height + top + bottom, width + left + right)


def _grayscale(shape: Sizes, args: Dict[str, Any]) -> Sizes | None:
    count = args.get("num_output_channels", 1)
    return (count, *shape[1:]) if isinstance(count, int) else None


def _rotated(shape: Sizes, args: Dict[str, Any]) -> Sizes | None:
    return None if args.get("expand") else shape


_SIZED: dict[str, tuple[str, Callable[[Sizes, Dict[str, Any]], Sizes | None]]] = {
    "Resize": ("size", _resized),
    "CenterCrop": ("size", _cropped),
    "RandomCrop": ("size", _cropped),
    "RandomResizedCrop": ("size", _cropped),
    "Pad": ("padding", _padded),
    "Grayscale": ("num_output_channels", _grayscale),
    "RandomRotation": ("degrees", _rotated),
}
_SAME = frozenset({
    "AutoAugment", "ColorJitter", "GaussianBlur", "GaussianNoise", "Normalize", "RandAugment", "RandomAdjustSharpness",
    "RandomAffine", "RandomAutocontrast", "RandomEqualize", "RandomErasing", "RandomGrayscale", "RandomHorizontalFlip",
    "RandomInvert", "RandomPerspective", "RandomPosterize", "RandomSolarize", "RandomVerticalFlip",
    "TrivialAugmentWide",
})  # fmt: skip


def transformed(spec: Spec, shape: Sizes, *, augment: bool) -> Transformed | None:
    """The shape of an image after `transforms`; None where the shape after one of them is not known.

    Args:
        spec: the spec with the section `data`.
        shape: of the image.
        augment: also after `augment`, which comes before the first Normalize.
    """
    steps = _steps(spec, "transforms")
    normalize = next((index for index, step in enumerate(steps) if _name(step).value == "Normalize"), len(steps))
    state = Transformed(shape)
    for step in (*steps[:normalize], *(_steps(spec, "augment") if augment else ()), *steps[normalize:]):
        after = _after(spec, state, step)
        if after is None:
            return None
        state = after
    return state


def _steps(spec: Spec, key: str) -> tuple[Node, ...]:
    node = spec.data.get(key) if isinstance(spec.data, Mapping) else None
    return node.items if isinstance(node, Sequence) else ()


def _name(step: Node) -> Scalar:
    if isinstance(step, Mapping) and len(step.entries) == 1:
        return step.entries[0][0]
    return step if isinstance(step, Scalar) else Scalar(None, step.span)


def _after(spec: Spec, state: Transformed, step: Node) -> Transformed | None:
    name = _name(step)
    if name.value in _SAME:
        return state
    if name.value not in _SIZED:
        return None
    first, rule = _SIZED[str(name.value)]
    node = step.entries[0][1] if isinstance(step, Mapping) else None
    argument = node.get(first) if isinstance(node, Mapping) else node
    value = None if node is None else spec.evaluate(node)
    args = value if isinstance(value, dict) else {} if value is None else {first: value}
    shape = rule(state.shape, args)
    if shape is None:
        return None
    return state if shape == state.shape else Transformed(shape, name, argument)
