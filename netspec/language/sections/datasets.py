"""The table of datasets that `data` may name: scikit-learn's, CSV files, arrays, rows in the spec, torchvision's.

A dataset is one record of `DATASETS`. The check of `data`, the JSON Schema, the reference page, what is known of
samples before any is read, and loading all read that record. Functions that need torch are named by text,
`module:function`.
"""

from __future__ import annotations

from netspec.language.sections.array_keys import (
    ARRAYS_KEYS,
    CSV_KEYS,
    FILE_KEYS,
    INLINE_KEYS,
    OWN_DATASET_KEYS,
    SHAPES_KEYS,
    SKLEARN_KEYS,
    TIME_SERIES,
    TIME_SERIES_KEYS,
)
from netspec.language.sections.dataset_kind import DatasetKind
from netspec.language.sections.hub_keys import HUB_KEYS, SHARD_KEYS
from netspec.language.sections.keys import Key
from netspec.language.sections.picture_keys import ELSEWHERE, PICTURES_KEYS, SEGMENTATION_KEYS
from netspec.language.sections.text_keys import TAGGED_KEYS, TEXT_KEYS, WINDOW_KEYS

# Classification datasets of torchvision.datasets (a test compares); their arguments are torchvision's own.
VISION = (
    "CIFAR10",
    "CIFAR100",
    "CLEVRClassification",
    "Caltech101",
    "Caltech256",
    "Country211",
    "DTD",
    "EMNIST",
    "EuroSAT",
    "FER2013",
    "FGVCAircraft",
    "FakeData",
    "FashionMNIST",
    "Flowers102",
    "Food101",
    "GTSRB",
    "ImageFolder",
    "ImageNet",
    "Imagenette",
    "INaturalist",
    "KMNIST",
    "LFWPeople",
    "LSUN",
    "MNIST",
    "Omniglot",
    "OxfordIIITPet",
    "PCAM",
    "Places365",
    "QMNIST",
    "RenderedSST2",
    "SEMEION",
    "STL10",
    "SUN397",
    "SVHN",
    "StanfordCars",
    "USPS",
)


def said_of(name: object) -> str:
    """What is said of a dataset that netspec does not have by that name, after a colon; else empty."""
    said = ELSEWHERE.get(str(name))
    return f": {said}" if said else ""


_KINDS = (
    DatasetKind(
        name="Arrays",
        doc="Arrays of NumPy or PyTorch in files.",
        keys=ARRAYS_KEYS,
        load="netspec.data.arrays:load",
        facts="netspec.lint.written_datasets:arrays_facts",
        has_columns=True,
        by_input="x",
        by_output="y",
    ),
    DatasetKind(
        name="CSV",
        doc="A table in a CSV file: numbers, categories and dates, and one target column or several.",
        keys=CSV_KEYS,
        load="netspec.data.csv_table:load",
        has_columns=True,
        facts="netspec.lint.written_datasets:csv_facts",
        by_input="columns",
        by_output="target",
    ),
    DatasetKind(
        name="Table",
        doc="A table in a file of another format, which its suffix tells: TSV, JSON lines, Parquet, Arrow or Excel.",
        keys=FILE_KEYS,
        load="netspec.data.csv_table:load",
        has_columns=True,
        facts="netspec.lint.written_datasets:csv_facts",
        by_input="columns",
        by_output="target",
    ),
    DatasetKind(
        name=TIME_SERIES,
        doc="Windows of rows that follow each other in time, and the targets of the rows behind them.",
        keys=TIME_SERIES_KEYS,
        load="netspec.data.series:load",
        facts="netspec.lint.series:series_facts",
        by_input="columns",
        by_output="target",
    ),
    DatasetKind(
        name="dataset",
        doc="A dataset of one's own: Python code, which runs where you allow it (`--allow-plugins`).",
        keys=OWN_DATASET_KEYS,
        load="netspec.data.own:load",
    ),
    DatasetKind(
        name="inline",
        doc="Samples that stand in the spec itself.",
        keys=INLINE_KEYS,
        load="netspec.data.bundled:inline",
        facts="netspec.lint.written_datasets:inline_facts",
        by_input="x",
        by_output="y",
    ),
    DatasetKind(
        name="HuggingFace",
        doc="A dataset of the library `datasets`: from its files, or from the hub.",
        keys=HUB_KEYS,
        load="netspec.data.hub:load",
        facts="netspec.lint.stored_datasets:hub_facts",
        by_input="columns",
        by_output="target",
    ),
    DatasetKind(
        name="Pictures",
        doc="Pictures whose paths and labels, or numbers, stand in a table.",
        keys=PICTURES_KEYS,
        load="netspec.data.picture_table:load",
        facts="netspec.lint.written_datasets:pictures_facts",
        has_columns=True,
        by_input="files",
        by_output="target",
    ),
    DatasetKind(
        name="Segmentation",
        doc="A folder of pictures, and one of masks, which say the class of each pixel.",
        keys=SEGMENTATION_KEYS,
        load="netspec.data.segmentation:load",
        facts="netspec.lint.written_datasets:segmentation_facts",
    ),
    DatasetKind(
        name="WebDataset",
        doc="Samples in .tar files, as the library `webdataset` writes them.",
        keys=SHARD_KEYS,
        load="netspec.data.shards:load",
        facts="netspec.lint.stored_datasets:shards_facts",
        by_input="input",
        by_output="target",
    ),
    DatasetKind(
        name="Shapes",
        doc="Grey pictures of discs, squares and triangles, which are drawn: for segmentation and several labels.",
        keys=SHAPES_KEYS,
        load="netspec.data.shapes:load",
        facts="netspec.lint.written_datasets:shapes_facts",
        unknown="Shapes has no target",
    ),
    DatasetKind(
        name="sklearn",
        doc="A table that scikit-learn brings.",
        keys=SKLEARN_KEYS,
        load="netspec.data.bundled:sklearn",
        facts="netspec.lint.known_datasets:sklearn_facts",
        unknown="scikit-learn brings no table",
    ),
    DatasetKind(
        name="TaggedText",
        doc="Sentences with a label for each word, for sequence labelling.",
        keys=TAGGED_KEYS,
        load="netspec.data.text.tagged:load",
        preview="netspec.data.text.documents:preview",
        facts="netspec.lint.text:tagged_facts",
        further=("mask",),
    ),
    DatasetKind(
        name="Text",
        doc="Texts with a class, or a number, for each.",
        keys=TEXT_KEYS,
        load="netspec.data.text.documents:load",
        preview="netspec.data.text.documents:preview",
        facts="netspec.lint.text:text_facts",
        further=("mask",),
        has_columns=True,
    ),
    DatasetKind(
        name="TextWindows",
        doc="Windows of a long text, with the next token of each as the target, for language models.",
        keys=WINDOW_KEYS,
        load="netspec.data.text.windows:load",
        preview="netspec.data.text.documents:preview",
        facts="netspec.lint.text:window_facts",
    ),
    *(
        DatasetKind(
            name=name,
            doc=f"torchvision.datasets.{name}.",
            keys=None,
            load="netspec.data.vision:load",
            preview="netspec.data.vision:preview",
            facts="netspec.lint.known_datasets:vision_facts",
        )
        for name in VISION
    ),
)
DATASETS: dict[str, DatasetKind] = {kind.name: kind for kind in _KINDS}
COMMON = (
    "CSV",
    "Table",
    "Arrays",
    "ImageFolder",
    "Pictures",
    "Segmentation",
    "sklearn",
    "MNIST",
    "inline",
)  # for messages
OWN: dict[str, tuple[Key, ...]] = {name: kind.keys for name, kind in DATASETS.items() if kind.keys is not None}
