"""The `data` section → Data: training and validation samples, in the dtype they came in, in memory where they fit.

Which loader reads a dataset says its record in `DATASETS`; each is a function from a LoadRequest to LoadedData.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from netspec.core.late import imported
from netspec.core.shapes import Tensor
from netspec.core.tree import Mapping, Node, Scalar, describe, is_null
from netspec.data.pictures import Reshape
from netspec.data.split import LoadedData, LoadRequest, Split
from netspec.data.storage import read_storage
from netspec.language.sections.datasets import DATASETS, DatasetKind
from netspec.language.sections.section_keys import DATA_KEYS
from netspec.language.spec import Spec
from netspec.runtime.diagnostics import spec_error, spec_start, unknown_name


@dataclass(frozen=True)
class Data:
    """What is trained on: `loaded` with its parts decided; `node` is the dataset's name, to point at."""

    train: Split
    val: Split | None
    source: LoadedData
    node: Scalar


def dataset_nodes(spec: Spec) -> tuple[Scalar, Node | None]:
    """The nodes of the dataset's name and of its arguments.

    Raises:
        SpecError: there is no `data`, or it names no dataset.
    """
    section = spec.data
    if isinstance(section, Scalar) and isinstance(section.value, str):
        return section, None
    if not isinstance(section, Mapping):
        at = spec.document.key("data") or spec_start(spec.path)  # an empty one has nothing to point at but its key
        what = "there is no `data` section, which says what to train on"
        raise spec_error("NS203", what, at if section is None or is_null(section) else section)
    own = {key.name for key in DATA_KEYS}
    named = [(key, value) for key, value in section if key.value not in own]
    named = [pair for pair in named if pair[0].value in DATASETS] or named  # the check tells of unknown keys
    if not named:
        raise spec_error("NS203", "data names no dataset, such as MNIST, CSV or sklearn", section)
    return named[0]


def load_data(spec: Spec, inputs: dict[str, Tensor], seed: int, shape: Reshape | None) -> Data:
    """Read the spec's dataset and decide which samples validate.

    Args:
        spec: whose `data` is read.
        inputs: the network's, by name.
        seed: decides which samples a `val` fraction holds back.
        shape: see Request.

    Raises:
        SpecError: NS601 and others, at the place to change.
    """
    name, arguments = dataset_nodes(spec)
    val = spec.data.get("val") if isinstance(spec.data, Mapping) else None
    fraction = spec.evaluate(val) if isinstance(val, Scalar) and val.value not in DATASETS else None
    own_test = val is None
    held = read_storage(spec).memory
    request = LoadRequest(name, arguments, spec.folder, spec.evaluate, inputs, shape, parts=own_test, memory=held)
    loaded = _load(request)
    if val is None:
        return Data(loaded.whole, loaded.test, loaded, name)
    if fraction is not None:
        if isinstance(fraction, bool) or not isinstance(fraction, int | float) or not 0 < fraction < 1:
            raise spec_error(
                "NS202", f"data → val is a fraction between 0 and 1, or a dataset, not {describe(val)}", val
            )
        train, held_back = hold_out(loaded.whole, fraction, seed)
        if not len(train) or not len(held_back):
            raise spec_error("NS601", f"val: {fraction:g} of {len(loaded.whole)} samples leaves a part empty", val)
        return Data(train, held_back, loaded, name)
    other = val.entries[0] if isinstance(val, Mapping) and len(val.entries) == 1 else (val, None)
    if not isinstance(other[0], Scalar):
        raise spec_error("NS202", f"data → val is a fraction between 0 and 1, or a dataset, not {describe(val)}", val)
    second = _load(replace(request, name=other[0], arguments=other[1], parts=True))
    if [(one.output, one.classes) for one in second.targets] != [(one.output, one.classes) for one in loaded.targets]:
        raise spec_error("NS601", "the validation set has other classes than the training set", other[0])
    if [x.shape[1:] for x in second.whole.inputs] != [x.shape[1:] for x in loaded.whole.inputs]:
        raise spec_error("NS601", "the validation samples have another shape than the training samples", other[0])
    return Data(loaded.whole, second.test if second.test is not None else second.whole, loaded, name)


def preview_data(spec: Spec, inputs: dict[str, Tensor], seed: int) -> Data | None:
    """What can be told of a spec's data in a moment, for a spec that has errors already: no picture is decoded.

    Returns:
        The data where they are a table or stand in the spec; None for torchvision's, which are only looked for.

    Raises:
        SpecError: as `load_data`.
    """
    name, arguments = dataset_nodes(spec)
    look = _kind(name).preview
    if look is None:
        return load_data(spec, inputs, seed, None)
    imported(look)(LoadRequest(name, arguments, spec.folder, spec.evaluate, inputs))
    return None


def hold_out(whole: Split, fraction: float, seed: int) -> tuple[Split, Split]:
    """Split off a fraction, the same for the same seed; of each class alike where the first targets are classes.

    Returns:
        What stays, and what is held back, both in the source's order.
    """
    order = torch.randperm(len(whole), generator=torch.Generator().manual_seed(seed))
    targets = whole.targets[0][order]
    held = order[: round(len(order) * fraction)]
    if not targets.is_floating_point() and targets.ndim == 1:
        classes, counts = torch.unique(targets, return_counts=True)
        if len(classes) <= 1000 and counts.min() > 1:
            shares = [order[targets == label] for label in classes]
            held = torch.cat([share[: max(1, round(len(share) * fraction))] for share in shares])
    mask = torch.zeros(len(order), dtype=torch.bool)
    mask[held] = True
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
