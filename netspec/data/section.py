"""The section `data` → Data: the training and validation splits, in memory where they fit.

The record of a dataset in `DATASETS` names its loader, a function from a LoadRequest to a LoadedData.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torchvision import tv_tensors

from netspec.core.diagnostics import Findings
from netspec.core.lazy_import import imported
from netspec.core.shapes import Tensor
from netspec.core.tree import Mapping, Node, Scalar, is_null
from netspec.data.class_names import OtherClasses, numbered_as
from netspec.data.dividing import divided
from netspec.data.fitting import encoded_data, windowed_data
from netspec.data.parts import Parts, no_part, read_parts
from netspec.data.pictures import Reshape
from netspec.data.split import Data, LoadedData, LoadRequest, Split, Target
from netspec.data.storage import read_storage
from netspec.data.text.tokens import Tokens
from netspec.data.transforms import in_chunks, is_spatial
from netspec.data.windows import overlapping
from netspec.language.evaluate import param_values
from netspec.language.ranges import ranges, read_by
from netspec.language.sections.data_keys import DATA_KEYS, reconstructs
from netspec.language.sections.dataset_kind import DatasetKind
from netspec.language.sections.datasets import DATASETS
from netspec.language.spec import Spec
from netspec.runtime.diagnostics import counted, spec_error, spec_start, unknown_name

VAL, TEST = "val", "test"


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


def load_data(spec: Spec, inputs: dict[str, Tensor], seed: int, shape: Reshape | None, part: str = VAL) -> Data:
    """Read the spec's dataset and its training and validation splits, as the network takes them.

    Args:
        spec: whose `data` is read.
        inputs: the sample tensors of the network's inputs, by name.
        seed: decides which samples a `val` fraction, or a fold, takes.
        shape: see LoadRequest.
        part: `val`, or `test`, whose samples then stand in place of the validation split.

    Raises:
        SpecError: NS601 and others, at the node to change.
    """
    data = windowed_data(encoded_data(read_data(spec, inputs, seed, shape, part)))
    if not reconstructs(spec.data):
        return data
    train, val = (None if split is None else replace(split, targets=()) for split in (data.train, data.val))
    assert train is not None
    return replace(data, train=train, val=val, source=replace(data.source, targets=(Target(),)), reconstruct=True)


def read_data(spec: Spec, inputs: dict[str, Tensor], seed: int, shape: Reshape | None, part: str = VAL) -> Data:
    """Read the spec's dataset and its splits, with its own targets, by which a `val` fraction is stratified.

    The columns of a table are raw numbers, and not fitted yet.

    Args:
        spec, inputs, seed, shape, part: as of `load_data`.

    Raises:
        SpecError: as `load_data`.
    """
    name, arguments = dataset_nodes(spec)
    parts, memory = read_parts(spec), read_storage(spec).memory
    own = parts.own or (part == TEST and parts.test is None)
    request = LoadRequest(
        name,
        arguments,
        spec.folder,
        spec.values,
        inputs,
        shape,
        own,
        memory,
        own_targets=reconstructs(spec.data),
        groups=parts.groups,
        strata=parts.strata,
        lengths=sample_lengths(spec),
        fractions=(parts.held, parts.kept_back),
    )
    loaded = _load(request)
    train, held, left = divided(loaded, parts, seed)
    validation = loaded.test if parts.own else held
    if part == TEST:
        validation = left or _test_part(request, parts, loaded)
    elif parts.val is not None and held is None:
        validation = _dataset_of(request, VAL, parts.val, loaded)
    own_file = "a dataset of its own" if parts.test is not None else ""
    untouched = own_file if left is None else counted(len(left), "sample")
    at_random = (held or left) and loaded.divided is None and loaded.groups is None and loaded.whole.windows is None
    overlap = overlapping(loaded.whole.tables) if at_random and not loaded.picture and loaded.text is None else 0
    return Data(train, validation, loaded, name, untouched=untouched, overlap=overlap)


def _test_part(request: LoadRequest, parts: Parts, loaded: LoadedData) -> Split:
    """The samples of a test part that no fraction says; where the spec names none, the dataset's own.

    Raises:
        SpecError: NS601, there is none, or it has validated.
    """
    if parts.test is not None:
        return _dataset_of(request, TEST, parts.test, loaded)
    if loaded.test is not None and not parts.own:
        return loaded.test
    name, validates = request.name.value, loaded.test is not None
    what = f"data names no test part, and {name} {'validates with its own' if validates else 'has none of its own'}"
    fix = "val: 0.1, so that training samples validate" if validates else "test: 0.2, which keeps some back"
    raise spec_error("NS601", what, request.name, ("fix", f"{fix}; then train once more"))


def sample_lengths(spec: Spec) -> dict[str, range]:
    """The sizes that inputs of one axis may have, by the input's name, where `sizes` lets them vary.

    Args:
        spec: with the inputs.
    """
    if not spec.sizes:
        return {}
    known = {name: each for name, each in ranges(spec, param_values(spec.params), Findings()).items() if each}
    found = {}
    for declared in spec.inputs:
        sizes = [node for node in declared.sizes if isinstance(node, Scalar) and read_by(node, known)]
        if len(declared.sizes) == len(sizes) == 1 and str(sizes[0].value) in known:  # no expression
            found[declared.name] = known[str(sizes[0].value)].sizes
    return found


def _dataset_of(request: LoadRequest, part: str, node: Node, train: LoadedData) -> Split:
    """The samples of a part that is a dataset of its own: its test part, if it has one, else all."""
    name, arguments = node.entries[0] if isinstance(node, Mapping) and len(node.entries) == 1 else (node, None)
    if not isinstance(name, Scalar):
        raise no_part(part, node)
    loaded = _load(
        replace(request, name=name, arguments=arguments, parts=True, encodings=train.encodings, text=train.text)
    )
    kind = {"val": "validation", TEST: "test"}[part]
    if [x.shape[1:] for x in loaded.whole.inputs] != [x.shape[1:] for x in train.whole.inputs]:
        raise spec_error("NS601", f"the {kind} samples have another shape than the training samples", name)
    try:
        return numbered_as(train.targets, loaded.targets, loaded.whole if loaded.test is None else loaded.test)
    except OtherClasses as error:
        raise spec_error("NS601", f"the {kind} set has {error}", name) from None


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


def _load(request: LoadRequest) -> LoadedData:
    kind = _kind(request.name)
    load: Callable[[LoadRequest], LoadedData] = imported(kind.load)
    loaded = load(request)
    if not len(loaded.whole):
        raise spec_error("NS601", f"{kind.name} holds no samples", request.name)
    if request.shape is None or not loaded.picture or loaded.shaped:
        return loaded
    test = None if loaded.test is None else _with_masks_shaped(loaded.test, request.shape)
    return replace(loaded, whole=_with_masks_shaped(loaded.whole, request.shape), test=test)


def _with_masks_shaped(split: Split, shape: Reshape) -> Split:
    """The split with its masks, which are as large as its pictures, after the transforms that these go through."""
    size = tuple(split.inputs[0].shape)

    def shaped(targets: torch.Tensor | Tokens) -> torch.Tensor | Tokens:
        if not isinstance(targets, torch.Tensor) or not is_spatial(targets, size):
            return targets
        return in_chunks(lambda part: shape(tv_tensors.Mask(part)).as_subclass(torch.Tensor), targets)

    return replace(split, targets=tuple(map(shaped, split.targets)))


def _kind(name: Scalar) -> DatasetKind:
    word = str(name.value)
    if word not in DATASETS:
        raise unknown_name("NS604", f"netspec knows no dataset {word!r}", name, word, list(DATASETS))
    return DATASETS[word]
