"""The datasets of torchvision and scikit-learn: what is known of each by its name.

Images that torchvision decodes one by one are read in colour where the network's input has 3 channels. `_PICTURES` is
from the descriptions of the datasets; a test compares it with those that need no download.
"""

from __future__ import annotations

from netspec.core.shapes import Shape
from netspec.lint.datasets import DatasetFacts, Sizes, WrittenDataset

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
