"""The table of datasets that `data` may name: scikit-learn's, CSV files, arrays, rows in the spec, torchvision's.

A dataset is one record of `DATASETS`. The check of `data`, the JSON Schema, the reference page, what is known of
samples before any is read, and loading all read that record. Functions that need torch are named by text,
`module:function`.
"""

from __future__ import annotations

from dataclasses import replace

from netspec.core.dataclass import dataclass
from netspec.language.sections.hub_keys import HUB_KEYS, SHARD_KEYS
from netspec.language.sections.keys import OWN_NAME, ROWS, TEXT, Key, Schema, by_name, object_schema
from netspec.language.sections.picture_keys import ELSEWHERE, PICTURES_KEYS, SEGMENTATION_KEYS
from netspec.language.sections.table_keys import SERIES_KEYS, TABLE_KEYS
from netspec.language.sections.text_keys import TAGGED_KEYS, TEXT_KEYS, WINDOW_KEYS


@dataclass(frozen=True, kw_only=True)
class DatasetKind:
    """One dataset, or one kind of it.

    Args:
        name: what `data` calls it.
        doc: one sentence for the reference page.
        keys: its arguments; None where they are torchvision's own, which only torchvision can check.
        load: `module:function`, from a LoadRequest to LoadedData.
        preview: `module:function` that looks, without reading them, whether the samples can be had, for a spec that has
            errors already; without one they are loaded then, too.
        facts: `module:function` that tells what the spec alone says of the samples, from a WrittenDataset to
            DatasetFacts, or None; without one nothing is known before they are read.
        by_input, by_output: the keys whose values may go by the names of the network's inputs, or outputs.
        further: the keys that name a further input of the network.
        unknown: what is said of a word that the only required key does not list: `scikit-learn brings no table`.
        has_columns: whether samples have columns, or arrays, by which `split` and `stratify` divide them: the loader
            gives `groups` and `strata` where the request names them.
    """

    name: str
    doc: str
    keys: tuple[Key, ...] | None
    load: str
    preview: str | None = None
    facts: str | None = None
    by_input: str | None = None
    by_output: str | None = None
    further: tuple[str, ...] = ()
    unknown: str | None = None
    has_columns: bool = False

    @property
    def required(self) -> tuple[Key, ...]:
        """The keys that a spec has to give."""
        return tuple(key for key in self.keys or () if key.required)

    @property
    def without_targets(self) -> tuple[Key, ...]:
        """Its arguments where the samples are their own targets, so that no others have to be given."""
        return tuple(replace(key, required=False) if key.name == self.by_output else key for key in self.keys or ())

    @property
    def words(self) -> tuple[str, ...]:
        """What the only required key lists, where it does and the record says what others are told."""
        listed = len(self.required) == 1 and self.unknown is not None
        return tuple(self.required[0].schema.get("enum", ())) if listed else ()

    @property
    def schema(self) -> Schema:
        """The JSON Schema of its arguments; the only required one may stand there alone."""
        if self.keys is None:
            return {"type": ["object", "null", "string", "number", "array"]}
        whole = object_schema(self.without_targets)  # the check sees whether it needs targets
        return {"anyOf": [self.required[0].schema, whole]} if len(self.required) == 1 else whole


FILE_KEYS = (
    Key(
        "path",
        TEXT,
        "a path",
        "The file: .csv, .tsv, .jsonl, each also with .gz, .bz2, .xz or .zip; .parquet, .feather, .arrow or .xlsx.",
        "data/rides.parquet",
        required=True,
    ),
    *TABLE_KEYS,
)
CSV_KEYS = (
    Key("path", TEXT, "a path", "The file, also .gz, .bz2, .xz or .zip.", "data/diabetes.csv.gz", required=True),
    *TABLE_KEYS,
)
TIME_SERIES = "TimeSeries"
TIME_SERIES_KEYS = (FILE_KEYS[0], *SERIES_KEYS)
OWN_DATASET_KEYS = (
    Key(
        "make",
        {"type": "string", "pattern": OWN_NAME},
        "a function or class, as my_module:make",
        "What gives the samples: arrays (x, y), a Dataset of torch's, or {train: …, val: …} of these.",
        "my_data:make",
        required=True,
    ),
    Key("arguments", {"type": "object"}, "a mapping", "Its arguments, by name.", {"size": 64}),
)
INLINE_KEYS = (
    Key(
        "x",
        by_name(ROWS),
        "a list with one entry a sample; of several inputs one each: {input: list}",
        "The samples, or those of each input by its name.",
        [[1.0], [2.0]],
        required=True,
    ),
    Key(
        "y",
        by_name(ROWS),
        "a list with one entry a sample; of several outputs one each: {output: list}",
        "The targets, or those of each output by its name.",
        [[0], [1]],
        required=True,
    ),
)
ARRAYS_KEYS = (
    Key(
        "path",
        TEXT,
        "a path",
        "A .npz or .safetensors file, or a folder of .npy files; the latter two may exceed the memory.",
        "data/digits.npz",
        required=True,
    ),
    Key(
        "x",
        by_name(TEXT),
        "the name of an array; of several inputs one each: {input: array}",
        "The samples [N, ...], or those of each input by its name.",
        "images",
        "x",
    ),
    Key(
        "y",
        by_name(TEXT),
        "the name of an array; of several outputs one each: {output: array}",
        "The targets [N] or [N, ...], or those of each output by its name; words are class names.",
        "labels",
        "y",
    ),
)
SHAPE_NAMES = ("disc", "square", "triangle")
SHAPES_KEYS = (
    Key(
        "target",
        {"enum": ["masks", "labels"]},
        "masks or labels",
        "`masks`: the class of each pixel, 0 to 3; `labels`: whether there is a disc, a square, a triangle.",
        "masks",
        required=True,
    ),
    Key("count", {"type": "integer", "minimum": 2, "maximum": 100_000}, "2 to 100,000", "Training pictures.", 800, 500),
    Key("size", {"type": "integer", "minimum": 8, "maximum": 512}, "8 to 512", "The sides, in pixels.", 64, 32),
    Key("seed", {"type": "integer", "minimum": 0, "maximum": 2**31}, "an integer ≥ 0", "Of the pictures.", 1, 0),
)
SKLEARN_TABLES = ("digits", "iris", "wine", "breast_cancer", "diabetes", "linnerud")
SKLEARN_KEYS = (
    Key(
        "name",
        {"enum": list(SKLEARN_TABLES)},
        f"one of {', '.join(SKLEARN_TABLES)}",
        "A table that scikit-learn brings.",
        "digits",
        required=True,
    ),
)

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
        doc="Arrays of NumPy or PyTorch in files, without pickle.",
        keys=ARRAYS_KEYS,
        load="netspec.data.arrays:load",
        facts="netspec.lint.datasets:arrays_facts",
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
        facts="netspec.lint.datasets:csv_facts",
        by_input="columns",
        by_output="target",
    ),
    DatasetKind(
        name="Table",
        doc="A table in a file of another format, which its suffix tells: TSV, JSON lines, Parquet, Arrow or Excel.",
        keys=FILE_KEYS,
        load="netspec.data.csv_table:load",
        has_columns=True,
        facts="netspec.lint.datasets:csv_facts",
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
        facts="netspec.lint.datasets:inline_facts",
        by_input="x",
        by_output="y",
    ),
    DatasetKind(
        name="HuggingFace",
        doc="A dataset of the library `datasets`: from its files, or from the hub.",
        keys=HUB_KEYS,
        load="netspec.data.hub:load",
        by_input="columns",
        by_output="target",
    ),
    DatasetKind(
        name="Pictures",
        doc="Pictures whose paths and labels, or numbers, stand in a table.",
        keys=PICTURES_KEYS,
        load="netspec.data.picture_table:load",
        facts="netspec.lint.datasets:pictures_facts",
        has_columns=True,
        by_output="target",
    ),
    DatasetKind(
        name="Segmentation",
        doc="A folder of pictures, and one of masks, which say the class of each pixel.",
        keys=SEGMENTATION_KEYS,
        load="netspec.data.segmentation:load",
        facts="netspec.lint.datasets:segmentation_facts",
    ),
    DatasetKind(
        name="WebDataset",
        doc="Samples in .tar files, as the library `webdataset` writes them.",
        keys=SHARD_KEYS,
        load="netspec.data.shards:load",
        by_input="input",
        by_output="target",
    ),
    DatasetKind(
        name="Shapes",
        doc="Grey pictures of discs, squares and triangles, which are drawn: for segmentation and several labels.",
        keys=SHAPES_KEYS,
        load="netspec.data.shapes:load",
        facts="netspec.lint.datasets:shapes_facts",
        unknown="Shapes has no target",
    ),
    DatasetKind(
        name="sklearn",
        doc="A table that scikit-learn brings.",
        keys=SKLEARN_KEYS,
        load="netspec.data.bundled:sklearn",
        facts="netspec.lint.datasets:sklearn_facts",
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
            facts="netspec.lint.datasets:vision_facts",
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
