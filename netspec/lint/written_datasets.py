"""The datasets that a spec describes by its arguments or by a file: what these tell of the samples."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import replace

from netspec.core.files import PathRefused, resolve
from netspec.core.shapes import Shape
from netspec.core.tree import Mapping, Scalar
from netspec.language.sections.array_keys import SHAPE_NAMES
from netspec.language.sections.table_keys import BINARY, CATEGORY, INDEX, NUMBER, ONEHOT
from netspec.lint.datasets import DatasetFacts, WrittenDataset


def csv_facts(written: WrittenDataset) -> DatasetFacts:
    """How many numbers the listed columns become, at least, as only the file tells all; of the targets too."""
    columns, target = written.args.get("columns"), written.args.get("target")
    columns = columns.get(written.entering) if isinstance(columns, dict) else columns
    target = target.get(written.output) if isinstance(target, dict) else target
    several = (len(target),) if isinstance(target, list) else None
    if not isinstance(columns, list):
        return DatasetFacts(written.name, str(written.name.value), target=several)
    widths = [column_width(written.args, str(column)) for column in columns]
    shape = (sum(width or 1 for width in widths),)
    return DatasetFacts(written.name, str(written.name.value), shape, target=several, at_least=None in widths)


def column_width(args: Dict[str, object], column: str) -> int | None:
    """How many numbers a column of a table becomes; None where only the file tells."""
    kinds, encode = args.get("kinds"), args.get("encode")
    kind = kinds.get(column) if isinstance(kinds, dict) else None
    encode = encode.get(column) if isinstance(encode, dict) else encode
    if kind in (NUMBER, BINARY) or (encode == INDEX and (kind == CATEGORY or isinstance(kind, list))):
        return 1
    return len(kind) if isinstance(kind, list) and encode == ONEHOT and "missing" not in args else None


def shapes_facts(written: WrittenDataset) -> DatasetFacts:
    """Drawn pictures, with masks or labels."""
    size, target = written.args.get("size", 32), written.args.get("target", written.given)
    shape = (1, size, size) if isinstance(size, int) else (1, None, None)
    classes, of_each = (len(SHAPE_NAMES) + 1, shape[1:]) if target == "masks" else (None, (len(SHAPE_NAMES),))
    known = tuple(side for side in of_each if side is not None)
    aim = known if len(known) == len(of_each) else None
    return DatasetFacts(written.name, "Shapes", shape, classes, False, aim, picture=True, fractions=True)


def arrays_facts(written: WrittenDataset) -> DatasetFacts | None:
    """What the headers of the files say of the arrays."""
    from netspec.lint.array_headers import array_headers

    node = written.node.get("path") if isinstance(written.node, Mapping) else written.node
    if not isinstance(node, Scalar):
        return None
    try:
        found = array_headers(resolve(node, written.folder))
    except PathRefused:
        return None
    x, y = (_array(written.args.get(name, name), of) for name, of in (("x", written.entering), ("y", written.output)))
    samples, targets = found.get(x), found.get(y)
    if samples is None or not samples.shape or samples.dtype[:1] not in "buif":
        return None
    shape, dtype, alone = samples.shape[1:], samples.dtype, not isinstance(written.args.get("x"), dict)
    picture = alone and written.floats and (len(shape) == 3 or (len(shape) == 2 and dtype == "u1"))
    if picture and len(shape) == 3:
        shape = (shape[2], *shape[:2]) if shape[0] not in (1, 3) and shape[2] in (1, 3) else shape
    elif picture:
        shape = (1, *shape)
    facts = DatasetFacts(written.name, "Arrays", shape or (1,), picture=picture, fractions=picture)
    if targets is None or not targets.shape or targets.dtype[:1] not in "buifUS":
        return facts
    regression = True if targets.dtype[:1] == "f" else False if targets.dtype[:1] in "US" else None
    target = targets.shape[1:]
    if picture and len(target) > 1 and target[-2:] == shape[-2:] and len(written.input) == 3:
        target = (*target[:-2], *written.input[1:])  # masks are transformed as their pictures are
    return replace(facts, regression=regression, target=target)


def _array(name: object, of: str | None) -> str:
    """The name of the array for an input or an output."""
    return str(name.get(of) if isinstance(name, dict) else name)


def segmentation_facts(written: WrittenDataset) -> DatasetFacts:
    """Pictures and masks, which are as large as what enters the network, or there is another error."""
    from netspec.language.sections.picture_keys import mask_classes

    classes = mask_classes(written.args.get("classes"))
    target = written.input[1:] if len(written.input) == 3 else None
    count = None if classes is None else len(classes)
    return DatasetFacts(written.name, "Segmentation", (None,) * 3, count, False, target, picture=True, fractions=True)


def pictures_facts(written: WrittenDataset) -> DatasetFacts:
    """Pictures of a table; of the targets their shape, where several columns or labels are listed."""
    target, labels = written.args.get("target"), written.args.get("classes")
    target = target.get(written.output) if isinstance(target, dict) else target
    several = (len(target),) if isinstance(target, list) else None
    classes = len(labels) if isinstance(labels, list) else None
    if "label_separator" in written.args:
        several, classes = None if classes is None else (classes,), None
    return DatasetFacts(written.name, "Pictures", (None,) * 3, classes, None, several, picture=True, fractions=True)


def inline_facts(written: WrittenDataset) -> DatasetFacts | None:
    """All that rows in the spec tell, where they are right."""
    x, y = written.args.get("x"), written.args.get("y")
    at = written.node.get("y") if isinstance(written.node, Mapping) else None
    x = x.get(written.entering) if isinstance(x, dict) else x
    if isinstance(y, dict) and y:
        output = written.output or next(iter(y))
        y, at = y.get(output), at.get(output) if isinstance(at, Mapping) else None
    if not isinstance(x, list) or not isinstance(y, list) or not x or not y or at is None:
        return None
    shape, target = _shape(x[0]), _shape(y[0])
    same = all(_shape(row) == shape for row in x) and all(_shape(row) == target for row in y)
    if shape is None or target is None or not same:
        return None  # ragged, or no numbers: reading the data reports where
    fractions = any(value != int(value) for value in _numbers(x))
    numbers = tuple(_numbers(y))
    rows = (numbers if target in ((), (1,)) else (), at)
    return DatasetFacts(written.name, "inline", shape or (1,), None, None, target, False, fractions, rows, numbers)


def _shape(value: object) -> Shape | None:
    """The shape of a nested list of numbers; None where it is none."""
    if isinstance(value, list):
        inner = [_shape(item) for item in value]
        first = inner[0] if inner else None
        return None if first is None or any(shape != first for shape in inner) else (len(value), *first)
    finite = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
    return () if finite else None


def _numbers(value: object) -> list[float]:
    if isinstance(value, list):
        return [number for item in value for number in _numbers(item)]
    assert isinstance(value, int | float)
    return [value]
