"""A spec or run → a file that others read, which its own runtime has loaded and which computes the same.

Input: a Spec, a StoredRun, or the path of a weights file. Output: an Exported; or an ExportError, and no file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from netspec.checker import require
from netspec.compiler.module import compile_spec
from netspec.core.files import ReadError, write_atomically
from netspec.core.installed import SAFETENSORS, TORCH, require_packages
from netspec.core.lazy_import import imported
from netspec.exporting.network import Network, make_network
from netspec.exporting.real_samples import real_samples
from netspec.exporting.serving import with_serving
from netspec.exporting.targets import TARGETS, Target, target_of
from netspec.inference.stored_run import StoredRun, read_weights_file
from netspec.language.spec import Spec, require_spec
from netspec.objective.losses import Tensors

LARGEST_DIFFERENCE = 1e-4  # of the largest number of an output
MOST_SHOWN = 300  # characters of what a library says


class ExportError(Exception):
    """A network that cannot be exported, or a file that does not compute what the network does; in one line."""


@dataclass(frozen=True)
class Exported:
    """A file that was written and compared.

    Args:
        path: the file.
        to: what it was exported to.
        max_difference: the largest difference between a number that the file's runtime gave and the network's.
        relative_difference: that difference over the largest number of its output.
        samples: how many random samples, and how many of the run's data, were compared.
        size: of the file, in bytes.
        notes: what was not compared, and why.
    """

    path: Path
    to: str
    max_difference: float
    relative_difference: float
    samples: tuple[int, int]
    size: int
    notes: tuple[str, ...] = ()


def export(
    source: Spec | StoredRun | str | Path,
    path: str | Path,
    to: str | None = None,
    *,
    batch: int | None = None,
    with_transforms: bool = False,
    classes: bool = False,
    weights: str = "best",
) -> Exported:
    """Write a network as a file that others read, and compare what that computes with the network.

    Axes whose sizes are named in `sizes`, and the batch, are of any size in the file. The spec and the names of inputs,
    outputs and classes travel in its metadata.

    Args:
        source: a Spec (with the weights that it names, else random ones), a run, or the path of a run's weights file.
        path: the file, which is replaced when all is well.
        to: `python`, `onnx`, `pt2`, `torchscript` or `safetensors`; None: the file's suffix tells.
        batch: how many samples a call takes; None: any number.
        with_transforms: take pictures as a run's samples are stored, uint8 [B, C, H, W], and do in the file what
            `predict` does to them.
        classes: give the probability of each class, as `predict` does, in place of what the network's last layer gives.
        weights: of a run: those of the `best` or the `last` epoch.

    Raises:
        ExportError: the network cannot be written so, or the file computes something else; there is no file then.
        SpecError: the spec has errors, or the run's weights cannot be loaded.
        ReadError: a file cannot be read or written.
        ImportError: a package is missing.
        TypeError: `source` is none of these.
    """
    path = Path(path)
    target = target_of(to, path.name)
    if target is None:
        raise ExportError(f"{to or path.name}: netspec exports to {', '.join(TARGETS)}")
    require_packages(f"netspec export --to {target.name}", {**TORCH, **SAFETENSORS})
    require_packages(f"netspec export --to {target.name}", target.packages, extra="export")
    if batch is not None and batch < 1:
        raise ExportError(f"batch is {batch}; it is 1 or more, or any")
    network, run = _network(source, batch, weights)
    if with_transforms or classes:
        if not target.graph:
            what = "transforms" if with_transforms else "probabilities"
            raise ExportError(f"{target.name} holds no graph that {what} could go into; onnx, pt2 and torchscript do")
        try:
            network = with_serving(network, run, transforms=with_transforms, classes=classes)
        except ValueError as error:
            raise ExportError(str(error)) from None
    samples, notes = network.random_samples(), []
    count = sum(len(each[0]) for each in samples)
    real: list[Tensors] = []
    if run is not None:
        real, note = real_samples(run, network, raw=with_transforms)
        notes += [note] if note else []
    worst = _write(network, target, path, [*samples, *real])
    real_count = sum(len(each[0]) for each in real)
    return Exported(path, target.name, *worst, (count, real_count), path.stat().st_size, tuple(notes))


def _network(
    source: Spec | StoredRun | str | Path, batch: int | None, weights: str
) -> tuple[Network, StoredRun | None]:
    if isinstance(source, StoredRun):
        return make_network(source.spec, source.report, source.model(weights), batch, source.info.classes), source
    if isinstance(source, str | Path):
        spec, model = read_weights_file(source)
        return make_network(spec, require(spec), model, batch, ()), None
    require_spec(source, "netspec.export")
    report = require(source)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return make_network(source, report, compile_spec(source), batch, ()), None


def _write(network: Network, target: Target, path: Path, samples: Sequence[Tensors]) -> tuple[float, float]:
    """Write the file, load and compare it, and put it into its place; the largest differences."""
    worst = (0.0, 0.0)

    @torch.no_grad()
    def write(file: Path) -> None:
        nonlocal worst
        _guarded(f"it cannot be written as {target.name}", imported(target.write), network, file)
        run = _guarded(f"its {target.name} file cannot be loaded", imported(target.load), file, network)
        answers = iter(run(samples))
        for inputs in samples:
            found = _guarded(f"its {target.name} file cannot be run for {_shapes(inputs)}", next, answers)
            worst = max(worst, _compare(network, target, inputs, found), key=lambda pair: pair[1])

    if not path.parent.is_dir():
        raise ReadError(f"{path}: cannot be written: there is no folder {path.parent}")
    try:
        write_atomically(path, write)
    except OSError as error:
        raise ReadError(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}") from None
    return worst


def _guarded(what: str, function: Callable[..., Any], *arguments: object) -> Any:
    """The function's result; what a library raises becomes an ExportError."""
    try:
        return function(*arguments)
    except (OSError, ExportError):
        raise
    except Exception as error:  # torch, onnx and onnxruntime raise many kinds
        lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        raise ExportError(f"{what}: {lines[0][:MOST_SHOWN]}") from error


def _shapes(inputs: Tensors) -> str:
    return " and ".join("×".join(map(str, x.shape)) for x in inputs)


def _compare(network: Network, target: Target, inputs: Tensors, found: Tensors) -> tuple[float, float]:
    """The largest difference, absolute and over the largest number of its output.

    Raises:
        ExportError: it is too large, or the outputs are not alike.
    """
    wanted = network(inputs)
    if [x.shape for x in found] != [x.shape for x in wanted]:
        raise ExportError(f"its {target.name} file gives {_shapes(found)}, the network {_shapes(wanted)}")
    worst = (0.0, 0.0)
    for name, x, y in zip(network.outputs, found, wanted, strict=False):
        both, other = y.double(), x.double()
        same = torch.where(both.isfinite(), torch.zeros_like(both), (both != other) & ~(both.isnan() & other.isnan()))
        gaps = torch.where(both.isfinite(), (other - both).abs(), same.double() * float("inf"))
        gap = float(gaps.nan_to_num(nan=float("inf")).max()) if gaps.numel() else 0.0
        finite = both[both.isfinite()].abs()
        scale = float(finite.max()) if finite.numel() else 1.0
        relative = gap / scale if scale else gap
        if relative > LARGEST_DIFFERENCE:
            raise ExportError(
                f"its {target.name} file differs from the network by {gap:.3g} in {name}, {relative:.1e} of its largest"
                f" number; at most {LARGEST_DIFFERENCE:.0e} is taken for rounding"
            )
        worst = max(worst, (gap, relative), key=lambda pair: pair[1])
    return worst
