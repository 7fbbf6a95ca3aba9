"""The section `data` → Data: the training and validation splits, in memory where they fit.

The record of a dataset in `DATASETS` names its loader, a function from a LoadRequest to a LoadedData.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch

from netspec.core.diagnostics import SpecError
from netspec.core.lazy_import import imported
from netspec.core.shapes import Tensor
from netspec.core.tree import Mapping, Node, Scalar, describe, is_null
from netspec.data.pictures import Reshape
from netspec.data.split import LoadedData, LoadRequest, Split, Target
from netspec.data.storage import read_storage
from netspec.data.tables.cells import CellError
from netspec.data.tables.encoding import encode, fit
from netspec.data.windows import Samples, WindowError, target_unit
from netspec.language.sections.data_keys import DATA_KEYS, reconstructs
from netspec.language.sections.datasets import DATASETS, DatasetKind
from netspec.language.spec import Spec
from netspec.runtime.diagnostics import spec_error, spec_start, unknown_name


@dataclass(frozen=True)
class Data:
    """The data of a training run.

    Args:
        train: the training split.
        val: the validation split; None where there is none.
        source: what the loader read.
        node: the dataset's name in the spec.
        reconstruct: whether the targets are the samples themselves; the splits have no others then.
        naive: naive forecasts of a time series by their names, [N, *target], for the samples that are evaluated.
    """

    train: Split
    val: Split | None
    source: LoadedData
    node: Scalar
    reconstruct: bool = False
    naive: dict[str, torch.Tensor] = field(default_factory=dict)


def dataset_nodes(spec: Spec) -> tuple[Scalar, Node | None]:
    """The nodes of the dataset's name and of its arguments.

    Raises:
        SpecError: NS203, there is no `data`, or it names no dataset.
    """
    section = spec.data
    if isinstance(section, Scalar) and isinstance(section.value, str):
        return section, None
    if not isinstance(section, Mapping):
        at = spec.document.key("data") or spec_start(spec.path)  # an empty section has only its key
        what = "there is no `data` section, which says what to train on"
        raise spec_error("NS203", what, at if section is None or is_null(section) else section)
    own = {key.name for key in DATA_KEYS}
    named = [(key, value) for key, value in section if key.value not in own]
    named = [pair for pair in named if pair[0].value in DATASETS] or named  # the check reports unknown keys
    if not named:
        raise spec_error("NS203", "data names no dataset, such as MNIST, CSV or sklearn", section)
    return named[0]


def load_data(spec: Spec, inputs: dict[str, Tensor], seed: int, shape: Reshape | None) -> Data:
    """Read the spec's dataset and its training and validation splits, as the network takes them.

    Args:
        spec: whose `data` is read.
        inputs: the sample tensors of the network's inputs, by name.
        seed: decides which samples a `val` fraction takes.
        shape: see LoadRequest.

    Raises:
        SpecError: NS601 and others, at the node to change.
    """
    data = windowed_data(encoded_data(read_data(spec, inputs, seed, shape)))
    if not reconstructs(spec.data):
        return data
    train, val = (None if split is None else replace(split, targets=()) for split in (data.train, data.val))
    assert train is not None
    return replace(data, train=train, val=val, source=replace(data.source, targets=(Target(),)), reconstruct=True)


def read_data(spec: Spec, inputs: dict[str, Tensor], seed: int, shape: Reshape | None) -> Data:
    """Read the spec's dataset and its splits, with its own targets, by which a `val` fraction is stratified.

    The columns of a table are raw numbers, and not fitted yet.

    Args:
        spec, inputs, seed, shape: as of `load_data`.

    Raises:
        SpecError: as `load_data`.
    """
    name, arguments = dataset_nodes(spec)
    val = spec.data.get("val") if isinstance(spec.data, Mapping) else None
    fraction = spec.evaluate(val) if isinstance(val, Scalar) and val.value not in DATASETS else None
    memory = read_storage(spec).memory
    parts, own = val is None, reconstructs(spec.data)
    request = LoadRequest(name, arguments, spec.folder, spec.values, inputs, shape, parts, memory, own)
    loaded = _load(request)
    if val is None:
        return Data(loaded.whole, loaded.test, loaded, name)
    if fraction is None:
        return Data(loaded.whole, _validation_set(request, val, loaded), loaded, name)
    if isinstance(fraction, bool) or not isinstance(fraction, int | float) or not 0 < fraction < 1:
        raise _no_validation(val)
    if loaded.mapped:
        what = f"val: {fraction:g} copies samples, which take more memory than `memory` allows"
        raise spec_error(
            "NS601", what, val, ("fix", f"val: {{{name.value}: {{…}}}}, a file with the validation samples")
        )
    train, validation = hold_out(loaded.whole, fraction, seed)
    if not len(train) or not len(validation):
        raise spec_error("NS601", f"val: {fraction:g} of {len(loaded.whole)} samples leaves a part empty", val)
    return Data(train, validation, loaded, name)


def encoded_data(data: Data) -> Data:
    """The data of a table as the network takes them: its columns are fitted to the training part alone.

    Args:
        data: as `read_data` gives them.

    Raises:
        SpecError: NS601, it has nothing to fit a column to.
    """
    raw = data.source.encodings
    if not raw:
        return data
    try:
        fitted = tuple(fit(columns, x) for columns, x in zip(raw, data.train.tables, strict=True))
    except CellError as error:
        notes = [("fix", error.advice)] if error.advice else []
        raise spec_error("NS601", str(error), data.node, *notes) from None

    def encoded(split: Split) -> Split:
        inputs = tuple(encode(columns, x) for columns, x in zip(fitted, split.tables, strict=True))
        return replace(split, inputs=inputs)

    train = encoded(data.train)
    val = None if data.val is None else encoded(data.val)
    return Data(train, val, replace(data.source, whole=train, encodings=fitted), data.node)


def windowed_data(data: Data) -> Data:
    """The data of a time series as samples: windows of each part, and targets scaled by the training part alone.

    Args:
        data: as `encoded_data` gives them.

    Raises:
        SpecError: NS601, a part is shorter than a window.
    """
    windows = data.train.windows
    if windows is None:
        return data
    unit = target_unit(data.train.targets[0], windows.normalize) if data.train.targets else None
    found: list[Samples] = []
    for part, what in ((data.train, "training"), (data.val, "validation")):
        if part is None:
            continue
        how = part.windows or windows
        if (how.window, how.horizon) != (windows.window, windows.horizon):
            raise spec_error(
                "NS601", "the validation set has another window or horizon than the training set", data.node
            )
        targets = part.targets[0] if part.targets else None
        scaled = targets if targets is None or unit is None else unit.scaled(targets)
        try:
            found.append(how.cut(part.rows, part.tables, scaled))
        except WindowError as error:
            fix = ("fix", "a shorter window or horizon" + (", or another val" if data.val is not None else ""))
            raise spec_error("NS601", f"the {what} part: {error}", data.node, fix) from None
    train, *val = (Split(samples.inputs, samples.targets, samples.rows) for samples in found)
    target = replace(data.source.targets[0], unit=unit)
    source = replace(data.source, whole=train, targets=(target,))
    return replace(data, train=train, val=val[0] if val else None, source=source, naive=found[-1].naive)


def _validation_set(request: LoadRequest, val: Node, train: LoadedData) -> Split:
    """The samples of a validation set that is a dataset of its own: its test part, if it has one, else all."""
    name, arguments = val.entries[0] if isinstance(val, Mapping) and len(val.entries) == 1 else (val, None)
    if not isinstance(name, Scalar):
        raise _no_validation(val)
    loaded = _load(replace(request, name=name, arguments=arguments, parts=True, encodings=train.encodings))
    if [(one.output, one.classes) for one in loaded.targets] != [(one.output, one.classes) for one in train.targets]:
        raise spec_error("NS601", "the validation set has other classes than the training set", name)
    if [x.shape[1:] for x in loaded.whole.inputs] != [x.shape[1:] for x in train.whole.inputs]:
        raise spec_error("NS601", "the validation samples have another shape than the training samples", name)
    return loaded.test if loaded.test is not None else loaded.whole


def _no_validation(val: Node) -> SpecError:
    message = f"data → val is a fraction between 0 and 1, or a dataset, not {describe(val)}"
    return spec_error("NS202", message, val)


def preview_data(spec: Spec, inputs: dict[str, Tensor], seed: int) -> Data | None:
    """The quick errors of a spec's data, for a spec that has other errors already: no picture is decoded.

    Returns:
        The data of netspec's own datasets; None for torchvision's, whose files are only looked for.

    Raises:
        SpecError: as `load_data`.
    """
    name, arguments = dataset_nodes(spec)
    look = _kind(name).preview
    if look is None:
        return load_data(spec, inputs, seed, None)
    imported(look)(LoadRequest(name, arguments, spec.folder, spec.values, inputs))
    return None


def hold_out(whole: Split, fraction: float, seed: int) -> tuple[Split, Split]:
    """Split samples into training and validation: a time series by time, others by chance.

    Chance is stratified where the first targets are classes.

    Args:
        whole: all samples.
        fraction: of the samples that validate.
        seed: decides which.

    Returns:
        The training and the validation split, both in the order of `whole`.
    """
    if whole.windows is not None:
        later = whole.windows.held_out(whole.rows, fraction)
        return whole.select((~later).nonzero()[:, 0]), whole.select(later.nonzero()[:, 0])
    order = torch.randperm(len(whole), generator=torch.Generator().manual_seed(seed))
    targets = whole.targets[0][order] if whole.targets else None
    validation = order[: round(len(order) * fraction)]
    if targets is not None and not targets.is_floating_point() and targets.ndim == 1:
        classes, counts = torch.unique(targets, return_counts=True)
        if len(classes) <= 1000 and counts.min() > 1:
            members = [order[targets == label] for label in classes]
            validation = torch.cat([each[: max(1, round(len(each) * fraction))] for each in members])
    mask = torch.zeros(len(order), dtype=torch.bool)
    mask[validation] = True
    return whole.select(mask.logical_not().nonzero()[:, 0]), whole.select(mask.nonzero()[:, 0])


def _load(request: LoadRequest) -> LoadedData:
    kind = _kind(request.name)
    load: Callable[[LoadRequest], LoadedData] = imported(kind.load)
    loaded = load(request)
    if not len(loaded.whole):
        raise spec_error("NS601", f"{kind.name} holds no samples", request.name)
    return loaded


def _kind(name: Scalar) -> DatasetKind:
    word = str(name.value)
    if word not in DATASETS:
        raise unknown_name("NS604", f"netspec knows no dataset {word!r}", name, word, list(DATASETS))
    return DATASETS[word]
