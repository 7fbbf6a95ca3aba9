"""A first spec for a task: the text of a small network for some data, with comments that say why.

Input: what is to be learned from what. Output: the text of a spec that passes its check.
"""

from __future__ import annotations

from netspec.core.dataclass import dataclass
from netspec.core.names import closest, did_you_mean
from netspec.core.shapes import Shape, show
from netspec.language.format import format_text
from netspec.language.sections.array_keys import SKLEARN_TABLES
from netspec.language.sections.class_families import DATASET
from netspec.language.sections.datasets import VISION
from netspec.language.sections.keys import flow
from netspec.language.sections.torch_classes import classes_of
from netspec.lint.known_datasets import known_pictures, known_table

CSV_ENDINGS = (".csv", ".csv.gz", ".csv.bz2", ".csv.xz", ".csv.zip")
CROPPED = 7 / 8  # of a resized picture's side that the network sees, as torchvision's own recipes have it
SMALLEST = 4  # a side of pictures that is not halved any more
WIDTHS = (32, 64, 128, 256, 512)
TASKS = {
    "pictures": "tell classes of pictures apart",
    "table": "tell classes of a table's rows apart",
    "numbers": "predict a number from a table's rows",
    "words": "tell classes of texts apart, which are rows of word numbers",
}
EXAMPLES = {"pictures": "MNIST", "table": "iris", "numbers": "diabetes", "words": "words.csv"}


@dataclass(frozen=True)
class Starter:
    """What a first spec is for.

    Args:
        name: of the spec.
        task: one of TASKS.
        dataset: a name of torchvision's or scikit-learn's, or the path of a CSV file.
        input: the shape of one sample.
        classes: how many there are; of numbers, how many are predicted.
    """

    name: str
    task: str
    dataset: str
    input: Shape
    classes: int


def datasets_for(task: str) -> tuple[str, ...]:
    """The names of the datasets that a task can be learned from; a CSV file is one for all but pictures.

    Args:
        task: one of TASKS.
    """
    if task == "pictures":
        return ("digits", *VISION)
    tables = [name for name in SKLEARN_TABLES if (known_table(name)[1] is None) == (task == "numbers")]
    return tuple(tables) if task != "words" else ()


def dataset_fault(task: str, dataset: str) -> str | None:
    """Why a dataset is none for a task; None where it is one.

    Args:
        task: one of TASKS.
        dataset: as typed.
    """
    names = datasets_for(task)
    if dataset in names or (task != "pictures" and dataset.lower().endswith(CSV_ENDINGS)):
        return None
    if guess := did_you_mean(closest(dataset, names)):
        return f"{dataset!r} is no dataset for {task}{guess}"
    files = [] if task == "pictures" else ["a CSV file, as rows.csv"]
    return f"{dataset!r} is no dataset for {task}; it is {' or '.join([*files, *filter(None, [', '.join(names)])])}"


def known_input(task: str, dataset: str) -> tuple[Shape | None, int | None]:
    """The shape of a dataset's samples and its classes (of numbers: how many a sample has), as far as known.

    Args:
        task: one of TASKS.
        dataset: of the task.
    """
    if task == "pictures" and dataset != "digits":
        shape, classes = known_pictures(dataset)
        whole = None if shape is None or None in shape else tuple(size for size in shape if size is not None)
        return whole, classes
    if dataset in SKLEARN_TABLES:
        columns, classes, target = known_table(dataset)
        return (1, 8, 8) if task == "pictures" else columns, classes if task != "numbers" else (*target, 1)[0]
    return None, None


def starter_text(starter: Starter) -> str:
    """The text of a spec for a task.

    Args:
        starter: the task.
    """
    write = {"pictures": _pictures, "table": _table, "numbers": _table, "words": _words}[starter.task]
    return format_text(f"netspec: 1\nname: {starter.name}\n{write(starter)}", f"{starter.name}.yaml")


def _train(loss: str, rate: str, why: str) -> str:
    return f"""
train:
  epochs: 20
  batch_size: 64
  loss: {loss}   # {why}
  optimizer: {{AdamW: {{lr: {rate}}}}}   # `netspec train --find-rate` looks for a better rate
  early_stopping: {{patience: 5}}   # ends where the validation loss has not fallen for five epochs
  seed: 0
"""


def _pictures(starter: Starter) -> str:
    channels, height, width = starter.input
    sides, widths, stages = (height, width), [], []
    for each in WIDTHS:
        sides = (-(-sides[0] // 2), -(-sides[1] // 2))
        widths.append(str(each))
        stages.append(show((each, *sides)))
        if min(sides) <= SMALLEST:
            break
    own, _ = known_input("pictures", starter.dataset)
    steps = []
    if own is None or own[0] != channels:
        steps += [f"{{Grayscale: {channels}}}"] if channels == 1 or own is not None else []
    if own is None:
        side = min(height, width)
        resized = f"{{Resize: {round(side / CROPPED)}}}, {{CenterCrop: {side}}}"
        steps += [resized] if height == width else [f"{{Resize: {{size: [{height}, {width}]}}}}"]
    elif own[1:] != (height, width):
        steps += [f"{{Resize: {{size: [{height}, {width}]}}}}"]
    scale = ", ".join(["0.5"] * channels)
    steps += [f"{{Normalize: {{mean: [{scale}], std: [{scale}]}}}}"]
    return f"""params: {{classes: {starter.classes}}}
input: [{channels}, {height}, {width}]   # one sample, no batch: channels, height, width

layers:
  - repeat: {{width: [{", ".join(widths)}]}}   # {", ".join(stages)}
    layers:
      - Conv2d: {{out_channels: width, kernel_size: 3, padding: 1, bias: false}}   # padding 1 keeps the size
      - BatchNorm2d
      - ReLU
      - MaxPool2d: {{kernel_size: 3, stride: 2, padding: 1}}   # halves the size, rounded up
  - AdaptiveAvgPool2d: 1   # one number a channel, whatever the picture's size
  - Flatten
  - Dropout: 0.2
  - Linear: classes

expect: {{output: [classes]}}

data:
{_pictures_of(starter.dataset)}
  transforms: [{", ".join(steps)}]   # pixels are scaled to [0, 1] first; then to [-1, 1]
{_train("CrossEntropyLoss", "1e-3", "wants the raw scores: no Softmax at the end")}"""


def _pictures_of(dataset: str) -> str:
    """The dataset of pictures, with the arguments that it needs."""
    if dataset == "digits":
        return "  sklearn: digits\n  val: 0.2   # one picture in five is held out to validate"
    arguments = classes_of(DATASET)[dataset].arguments
    given = [
        f"{each.name}: {flow(each.example)}" for each in arguments.values() if each.required and each.name != "root"
    ]
    if "download" in arguments:
        given.append("download: true")
    if dataset != "ImageFolder":
        return f"  {dataset}: {{{', '.join(given)}}}"
    return (
        "  ImageFolder: {root: pictures}   # pictures/train/CLASS/*.jpg and pictures/val/CLASS/*.jpg beside this file"
    )


def _dataset(starter: Starter) -> str:
    if starter.dataset in SKLEARN_TABLES:
        return f"  sklearn: {starter.dataset}"
    return f"  CSV: {{path: {_yaml_text(starter.dataset)}, target: -1}}   # the target is the last column"


def _yaml_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _table(starter: Starter) -> str:
    numbers = starter.task == "numbers"
    last = f"Linear: {starter.classes if numbers else 'classes'}"
    what = "number a target" if numbers else "score a class"
    loss = ("MSELoss", "the mean of the squared errors") if numbers else (
        "CrossEntropyLoss", "wants the raw scores: no Softmax at the end",
    )  # fmt: skip
    head = "" if numbers else f"params: {{classes: {starter.classes}}}\n"
    return f"""{head}input: [{starter.input[0]}]   # one row: its numbers

layers:
  - BatchNorm1d   # puts the columns on one scale
  - Linear: 64
  - ReLU
  - Linear: 32
  - ReLU
  - {last}   # one {what}

data:
{_dataset(starter)}
  val: 0.2   # one row in five is held out to validate
{_train(loss[0], "3e-3", loss[1])}"""


def _words(starter: Starter) -> str:
    return f"""params: {{classes: {starter.classes}, words: 20000, width: 64}}   # words: how many there are
input: {{shape: [{starter.input[0]}], dtype: int64}}   # one text: the numbers of its words

layers:
  - Embedding: {{num_embeddings: words, embedding_dim: width}}   # a vector for each word
  - {{name: lstm, LSTM: {{hidden_size: width, bidirectional: true}}}}
  - {{amax: {{dim: 1}}, from: lstm.0}}   # lstm.0 is the sequence: of each feature the largest value in it
  - Dropout: 0.2
  - Linear: classes

expect: {{output: [classes]}}

data:
{_dataset(starter)}
  val: 0.2   # one row in five is held out to validate
{_train("CrossEntropyLoss", "1e-3", "wants the raw scores: no Softmax at the end")}"""
