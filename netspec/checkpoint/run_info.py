"""What is known of a run beside its spec.

Input: the Plan of a run. Output: its Info, which run.json holds.
"""

from __future__ import annotations

import json
import os
import platform
import zlib
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

from netspec.core.files import COMMAND_LINE, resolve
from netspec.core.shapes import show
from netspec.core.tree import Mapping, Node, Scalar
from netspec.data.split import Data, Split
from netspec.data.tables.encoding import to_json
from netspec.language.sections.keys import PATH_KEYS
from netspec.training.job import Row
from netspec.training.plan import Plan

VERSION = 1
JOB = "TORCHELASTIC_RUN_ID"  # as torchrun tells its processes
CHECKSUM_BYTES = 2**22  # of a split's samples that its checksum is of, taken evenly from all of them


@dataclass(frozen=True)
class Info:
    """run.json: what is needed to use the run without its data, and to repeat it.

    Args:
        name: the spec's.
        spec, folder: the spec's file, and what relative paths are relative to.
        settings: assignments that a reloaded spec still needs: paths that were typed on the command line.
        seed, device, versions: how it was run.
        dataset: its name.
        classes: the names of its classes.
        picture: whether samples are pictures.
        sample: the stored sample's shape (of the first input), before transforms; None where pictures differ in size.
        columns, target: of a table; of several targets that of the main output.
        encodings: how the columns of each input of a table become numbers; empty where they enter as they are.
        text: how texts become tokens, by the tokenizer.json beside run.json; None where the samples are none.
        status: running, finished, stopped early, interrupted or failed.
        best: the best epoch's row.
        machine: the hardware that a result depends on to the bit.
        data: numbers, shapes and a checksum of the samples.
        changes: what was not the same when the run was resumed, and after how many epochs that was.
        unit: `shift` and `scale` of the main output's targets, where they are scaled for the loss.
        job: torchrun's name of the job, where it has one.
        version: of this format.
    """

    name: str
    spec: str
    folder: str
    settings: tuple[str, ...]
    seed: int
    device: str
    versions: dict[str, str]
    dataset: str
    classes: tuple[str, ...]
    picture: bool
    sample: tuple[int, ...] | None
    columns: tuple[str, ...]
    target: str | None
    status: str = "running"
    best: Row | None = None
    machine: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    encodings: tuple[list[dict[str, Any]], ...] = ()
    unit: dict[str, list[float]] | None = None
    text: dict[str, Any] | None = None
    job: str = ""
    version: int = VERSION


def info_of(plan: Plan) -> Info:
    """The Info of a run that begins.

    Args:
        plan: of the run.
    """
    data, source = plan.data, plan.data.source
    target = source.target(plan.data_checks.main.name)
    return Info(
        name=plan.spec.name,
        spec=plan.spec.path,
        folder=str(plan.spec.folder.resolve()),
        settings=_typed_paths(plan),
        seed=plan.settings.seed,
        device=str(plan.device),
        versions=versions(),
        dataset=str(data.node.value),
        classes=target.classes,
        picture=source.picture,
        sample=None if source.shaped else tuple(data.train.inputs[0].shape[1:]),
        columns=source.columns,
        encodings=tuple(to_json(source.encodings)),
        text=None if source.text is None else source.text.to_json(),
        target=target.column,
        unit=None if target.unit is None else {key: list(value) for key, value in asdict(target.unit).items()},
        machine=machine(plan.device, plan.group.size),
        job=os.environ.get(JOB, ""),
        data=data_facts(data),
    )


def _typed_paths(plan: Plan) -> tuple[str, ...]:
    """Assignments for the paths that were typed on the command line: a reloaded spec may not have them."""
    found: list[str] = []

    def walk(node: Node | None, path: str) -> None:
        if isinstance(node, Mapping):
            for key, value in node:
                walk(value, f"{path}.{key.value}")
        elif isinstance(node, Scalar) and node.span.path == COMMAND_LINE and path.rpartition(".")[2] in PATH_KEYS:
            found.append(f"{path}={json.dumps(str(resolve(node, plan.spec.folder)))}")

    walk(plan.spec.data, "data")
    return tuple(found)


def versions() -> dict[str, str]:
    """The versions that a result depends on."""
    from importlib.metadata import version

    found = {name: version(name) for name in ("torch", "torchvision", "numpy")}
    try:
        found["netspec"] = version("netspec")
    except ModuleNotFoundError:  # run from a checkout
        found["netspec"] = "unknown"
    return {**found, "python": platform.python_version(), "platform": platform.platform()}


def machine(device: torch.device, processes: int = 1) -> dict[str, str]:
    """The hardware that a result depends on to the bit: it decides the order of sums."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    if device.type != "cpu":
        return {"device": f"{device.type} ({name})", "processes": str(processes)}
    found = {"device": f"cpu ({name} {torch.backends.cpu.get_cpu_capability()})"}
    return {**found, "threads": str(torch.get_num_threads()), "processes": str(processes)}


def data_facts(data: Data) -> dict[str, str]:
    """What two sets of data differ by."""
    shapes = (f"{show(tuple(x.shape[1:]))} {str(x.dtype).removeprefix('torch.')}" for x in data.train.inputs)
    found = {"training samples": str(len(data.train)), "a sample": ", ".join(shapes)}
    if data.val is not None:
        found["validation samples"] = str(len(data.val))
    if data.untouched:
        found["test part"] = data.untouched
    splits = [data.train, *([data.val] if data.val is not None else [])]
    return {**found, "the samples' checksum": f"{zlib.crc32(b''.join(map(_spread, splits))):08x}"}


def _spread(split: Split) -> bytes:
    """Samples spread evenly over a split, with their targets; all of them where they are few."""
    each = max(1, sum(x[:1].nbytes for x in split.inputs))
    every = max(1, -(-len(split) * each // CHECKSUM_BYTES))
    parts = (part[::every] for part in (*split.inputs, *split.targets))
    return b"".join(part.contiguous().numpy().tobytes() for part in parts)
