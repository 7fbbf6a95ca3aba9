"""Spec → DatasetFacts: what is known of a dataset before it is read.

Images that torchvision decodes one by one are read in colour where the network's input has 3 channels. `_PICTURES` is
from the descriptions of the datasets; a test compares it with those that need no download.
"""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import replace
from pathlib import Path

from netspec.core.dataclass import dataclass
from netspec.core.files import PathRefused, resolve
from netspec.core.lazy_import import imported
from netspec.core.shapes import Shape, Tensor
from netspec.core.tree import Mapping, Node, Scalar
from netspec.language.sections.array_keys import SHAPE_NAMES
from netspec.language.sections.data_keys import DATA_KEYS, reconstructs
from netspec.language.sections.datasets import DATASETS
from netspec.language.sections.table_keys import BINARY, CATEGORY, INDEX, NUMBER, ONEHOT
from netspec.language.spec import Spec

Sizes = tuple[int | None, ...]  # None: not known


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """One dataset.

    Args:
        name: the node of its name, to point at.
        title: its name in messages.
        shape: of one sample, as far as known.
        classes: the number of classes, where it is known.
        regression: whether the targets are numbers, not classes; None where that is not known.
        target: the shape of one target.
        picture: whether samples are images, which are scaled to [0, 1] and transformed.
        fractions: whether samples are not whole numbers.
        rows: the targets, where the spec writes them, with their node.
        numbers: all numbers of the targets, one sample after the other, where the spec writes them.
        at_least: whether a sample may have more numbers than its shape says.
        vocabulary: how many tokens there are, of texts, where that is known.
    """

    name: Scalar
    title: str
    shape: Sizes | None = None
    classes: int | None = None
    regression: bool | None = None
    target: Shape | None = None
    picture: bool = False
    fractions: bool = False
    rows: tuple[tuple[float, ...], Node] | None = None
    numbers: tuple[float, ...] = ()
    at_least: bool = False
    vocabulary: int | None = None


@dataclass(frozen=True, slots=True)
class WrittenDataset:
    """What a spec writes of its dataset, for a function that says what is known of the samples.

    Args:
        name: the node of its name.
        node: its arguments, where there are any.
        given: their value; what is no expression is None.
        args: those that go by names.
        input, entering: the sample shape and the name of the network's input that is asked about.
        output: the name of the output that is asked about; None: any.
        folder: of the spec, from which paths start.
        floats: whether the input takes fractions.
    """

    name: Scalar
    node: Node | None
    given: object
    args: Dict[str, object]
    input: Shape
    entering: str
    output: str | None
    folder: Path = Path()
    floats: bool = True


_GREY, _COLOUR = (1, 28, 28), (3, 32, 32)
_PICTURES: dict[str, tuple[Sizes | None, int]] = {
    "MNIST": (_GREY, 10),
    "FashionMNIST": (_GREY, 10),
    "KMNIST": (_GREY, 10),
    "QMNIST": (_GREY, 10),
    "CIFAR10": (_COLOUR, 10),
    "CIFAR100": (_COLOUR, 100),
    "SVHN": (_COLOUR, 10),
    "STL10": ((3, 96, 96), 10),
    "USPS": ((1, 16, 16), 10),
    "SEMEION": ((1, 16, 16), 10),
    "EuroSAT": ((3, 64, 64), 10),
    "PCAM": ((3, 96, 96), 2),
    "FER2013": ((None, 48, 48), 7),
    "Country211": (None, 211),
    "DTD": (None, 47),
    "Flowers102": (None, 102),
    "Food101": (None, 101),
    "GTSRB": (None, 43),
    "ImageNet": (None, 1000),
    "Imagenette": (None, 10),
    "StanfordCars": (None, 196),
}
_EMNIST = {"byclass": 62, "bymerge": 47, "balanced": 47, "letters": 27, "digits": 10, "mnist": 10}  # letters: 1 to 26
_TABLES: dict[str, tuple[Shape, int | None, Shape]] = {
    "digits": ((64,), 10, ()),
    "iris": ((4,), 3, ()),
    "wine": ((13,), 3, ()),
    "breast_cancer": ((30,), 2, ()),
    "diabetes": ((10,), None, ()),
    "linnerud": ((3,), None, (3,)),
}


def dataset_nodes(section: Node | None) -> tuple[Scalar, Node | None] | None:
    """The nodes of the dataset's name and of its arguments; None where `data` names none that is known."""
    found: list[tuple[Scalar, Node | None]] = []
    if isinstance(section, Scalar):
        found = [(section, None)]
    elif isinstance(section, Mapping):
        own = {key.name for key in DATA_KEYS}
        found = [(key, value) for key, value in section if key.value not in own]
    return found[0] if len(found) == 1 and found[0][0].value in DATASETS else None


def dataset_facts(spec: Spec, input: Tensor, entering: str = "input", output: str | None = None) -> DatasetFacts | None:
    """What is known of a spec's samples without reading any.

    Args:
        spec: the spec with the section `data`.
        input, entering: the sample tensor and the name of one of the network's inputs.
        output: the name of one of its outputs, each of which may have its own targets. None: any of them.
    """
    found = dataset_nodes(spec.data)
    facts = None if found is None else _own_facts(spec, found, input, entering, output)
    if found is None or not reconstructs(spec.data):
        return facts
    facts = facts or DatasetFacts(found[0], str(found[0].value))
    numbers = input.dtype.startswith("float")  # a sample has the input's shape, or there is another error
    return replace(facts, classes=None, regression=numbers, target=input.shape, rows=None, numbers=())


def _own_facts(
    spec: Spec, found: tuple[Scalar, Node | None], input: Tensor, entering: str, output: str | None
) -> DatasetFacts | None:
    """What the record of the dataset tells, with the dataset's own targets."""
    name, node = found
    given = None if node is None else spec.evaluate(node)
    args: Dict[str, object] = given if isinstance(given, dict) else {}
    told = DATASETS[str(name.value)].facts
    if told is None:
        return None
    floats = input.dtype.startswith("float")
    written = WrittenDataset(name, node, given, args, input.shape, entering, output, spec.folder, floats)
    facts: DatasetFacts | None = imported(told)(written)
    return facts


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


def vision_facts(written: WrittenDataset) -> DatasetFacts:
    """torchvision's pictures and their classes."""
    name, args, input = written.name, written.args, written.input
    word = str(name.value)
    shape, classes = _PICTURES.get(word, (None, None))
    if word == "EMNIST":
        shape, classes = _GREY, _EMNIST.get(str(args.get("split")))
    elif word == "STL10" and "unlabeled" in str(args.get("split")):
        classes = None
    elif word == "FakeData":
        sizes, count = args.get("image_size", [3, 224, 224]), args.get("num_classes", 10)
        classes = count if isinstance(count, int) else None
        if isinstance(sizes, list) and len(sizes) == 3 and all(isinstance(size, int) for size in sizes):
            grey = sizes[0] == 1 and input[:1] != (3,)
            shape = (1 if grey else 3, sizes[1], sizes[2])
    return DatasetFacts(name, word, shape or (None,) * 3, classes, False, (), picture=True, fractions=True)


def sklearn_facts(written: WrittenDataset) -> DatasetFacts | None:
    """A table of scikit-learn's; digits are pictures where the network takes some."""
    table = written.args.get("name") if written.args else written.given
    if not isinstance(table, str) or table not in _TABLES:
        return None
    shape, classes, target = _TABLES[table]
    picture = table == "digits" and len(written.input) != 1
    shape = (1, 8, 8) if picture else shape
    return DatasetFacts(written.name, table, shape, classes, classes is None, target, picture, fractions=True)


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


def known_pictures(dataset: str) -> tuple[Sizes | None, int | None]:
    """The shape of the pictures of a dataset of torchvision's and the number of its classes, as far as known.

    EMNIST's are those of its split `balanced`, FakeData's those that it makes without arguments.

    Args:
        dataset: its name.
    """
    others: dict[str, tuple[Sizes | None, int]] = {
        "EMNIST": (_GREY, _EMNIST["balanced"]),
        "FakeData": ((3, 224, 224), 10),
    }
    return _PICTURES.get(dataset, others.get(dataset, (None, None)))


def known_table(table: str) -> tuple[Shape, int | None, Shape]:
    """The columns of a table of scikit-learn's, the number of its classes (None: numbers), and its target's shape.

    Args:
        table: its name.
    """
    return _TABLES[table]
