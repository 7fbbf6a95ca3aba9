"""`netspec check` as people start it, against importing its libraries, torchinfo and ONNX shape inference.

All of a comparison is measured in one run, in interleaved rounds of fresh processes; ratios are those of the medians.
The claims: a cold check of specs/vgg16.yaml takes at most 1.5 times as long as importing click, yaml and jsonschema,
and a cold torchinfo summary of torchvision's VGG16 on the meta device at least 10 times as long as the check; ten times
the layers take at most 13 times as long; 20,000 layers take under 6 s; 200 files in one call take little more than the
sum of their work; no wrong spec of tests/ (specs/bad, corpus, the hostile short ones) takes more than 1 s on top of the
start of its process. Run: python benchmarks/check.py [ROUNDS]
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from netspec.checker import check
from netspec.cli.main import main
from netspec.language.load import load

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.check.laborious import LABORIOUS  # noqa: E402 (tests is a folder of the repository)

SPECS = ROOT / "specs"
ROUNDS = 9
LAYERS = (200, 2_000, 20_000)
FILES = 200

IMPORTS = "import click, yaml, jsonschema"
TORCHINFO = """
import torch, torchinfo, torchvision
with torch.device("meta"):
    model = torchvision.models.vgg16()
    torchinfo.summary(model, input_data=torch.empty(1, 3, 224, 224), device="meta", verbose=0)
"""
ONNX = "import sys, onnx; onnx.shape_inference.infer_shapes(onnx.load(sys.argv[1]), strict_mode=True, data_prop=True)"

# Compiled files are kept, as they are where netspec is installed; one thread, as the others compute nothing.
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
    "OMP_NUM_THREADS": "1",
}


def cold(*arguments: str) -> Callable[[], float]:
    """A measurement: the seconds of a fresh Python process."""

    def measure() -> float:
        start = time.perf_counter()
        subprocess.run([sys.executable, *arguments], env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start

    return measure


def interleaved(measures: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """The median seconds of each, one after the other in every round, after one round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in measures}
    for count in range(rounds + 1):
        for name, measure in measures.items():
            seconds = measure()
            if count:
                times[name].append(seconds)
    return {name: statistics.median(values) for name, values in times.items()}


def claim(what: str, value: float, bound: float, at_least: bool = False, unit: str = "×") -> bool:
    """Print a claim beside what was measured."""
    holds = value >= bound if at_least else value <= bound
    sign = "≥" if at_least else "≤"
    print(f"  {what:<66}{value:8.2f} {unit}  (claim {sign} {bound:g} {unit}) {'holds' if holds else 'FAILS'}")
    return holds


def vgg16_onnx(path: Path) -> None:
    """VGG16 as an ONNX graph; its weights are inputs of known shape, so that nothing has to be read for them."""
    import onnx
    from onnx import TensorProto, helper

    nodes, inputs, value, channels, count = [], [], "image", 3, 0

    def give(name: str, *shape: int) -> str:
        inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def add(kind: str, *sources: str, **attributes: object) -> str:
        nonlocal count
        count += 1
        nodes.append(helper.make_node(kind, sources, [f"v{count}"], **attributes))
        return f"v{count}"

    give("image", 1, 3, 224, 224)
    for width, convs in zip((64, 128, 256, 512, 512), (2, 2, 3, 3, 3), strict=True):
        for _ in range(convs):
            weight, bias = give(f"w{count}", width, channels, 3, 3), give(f"b{count}", width)
            value = add("Relu", add("Conv", value, weight, bias, kernel_shape=[3, 3], pads=[1, 1, 1, 1]))
            channels = width
        value = add("MaxPool", value, kernel_shape=[2, 2], strides=[2, 2])
    value = add("Flatten", value)
    for last, (wide, narrow) in enumerate(((25088, 4096), (4096, 4096), (4096, 1000))):
        value = add("Gemm", value, give(f"w{count}", narrow, wide), give(f"b{count}", narrow), transB=1)
        value = value if last == 2 else add("Relu", value)
    output = helper.make_tensor_value_info(value, TensorProto.FLOAT, None)
    onnx.save(helper.make_model(helper.make_graph(nodes, "vgg16", inputs, [output])), path)


def against_others(folder: Path, rounds: int) -> bool:
    """A cold check of VGG16 beside the others."""
    measures = {
        "netspec check specs/vgg16.yaml": cold("-m", "netspec", "check", str(SPECS / "vgg16.yaml")),
        IMPORTS: cold("-c", IMPORTS),
        "torchinfo, torchvision's vgg16 on meta": cold("-c", TORCHINFO),
    }
    if importlib.util.find_spec("onnx"):
        vgg16_onnx(folder / "vgg16.onnx")
        measures["ONNX shape inference of VGG16"] = cold("-c", ONNX, str(folder / "vgg16.onnx"))
    else:
        print("(onnx is not installed: ONNX shape inference is left out; pip install onnx)")
    medians = interleaved(measures, rounds)
    ours = medians["netspec check specs/vgg16.yaml"]
    print(f"VGG16, fresh processes, median of {rounds} rounds")
    for name, seconds in medians.items():
        print(f"  {name:<66}{seconds * 1e3:8.0f} ms   {seconds / ours:6.2f} × the check")
    first = claim("the check against the imports alone", ours / medians[IMPORTS], 1.5)
    theirs = medians["torchinfo, torchvision's vgg16 on meta"]
    return claim("torchinfo against the check", theirs / ours, 10, at_least=True) and first


def chain(layers: int) -> str:
    """A spec of so many layers, each on a line of its own."""
    kinds = ["Conv2d: {out_channels: 16, kernel_size: 3, padding: 1, bias: false}", "BatchNorm2d", "ReLU"]
    items = "".join(f"  - {kinds[index % len(kinds)]}\n" for index in range(layers))
    return f"netspec: 1\ninput: [16, 32, 32]\nlayers:\n{items}"


def growth(folder: Path, rounds: int) -> bool:
    """How the time grows with the layers: in this process, so that the time to start one makes nothing look better."""
    paths = {count: folder / f"{count}.yaml" for count in LAYERS}
    for count, path in paths.items():
        path.write_text(chain(count), encoding="utf-8")

    def work(path: Path) -> Callable[[], float]:
        def measure() -> float:
            start = time.perf_counter()
            with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
                main(["check", str(path)])
            return time.perf_counter() - start

        return measure

    medians = interleaved({str(count): work(path) for count, path in paths.items()}, max(3, rounds // 3))
    print("A chain of layers, without starting a process")
    for count in LAYERS:
        print(f"  {f'{count:,} layers':<66}{medians[str(count)] * 1e3:8.0f} ms")
    holds = [
        claim(f"{more:,} layers against {few:,}", medians[str(more)] / medians[str(few)], 13)
        for few, more in pairwise(LAYERS)
    ]
    largest = cold("-m", "netspec", "check", str(paths[LAYERS[-1]]))()
    return claim(f"{LAYERS[-1]:,} layers in a fresh process", largest, 6, unit="s") and all(holds)


def many_files(folder: Path, rounds: int) -> bool:
    """Many files in one call against one file in a call, and the work of all of them."""
    shipped = sorted(SPECS.glob("*.yaml"))
    paths = []
    for index in range(FILES):
        source = shipped[index % len(shipped)]
        paths.append(folder / f"many/{index}/{source.name}")
        paths[-1].parent.mkdir(parents=True)
        for beside in shipped:  # what a spec takes from its folder
            if beside == source or f"model: {beside.name}" in source.read_text(encoding="utf-8"):
                (paths[-1].parent / beside.name).write_bytes(beside.read_bytes())

    def work() -> float:
        start = time.perf_counter()
        assert all(check(load(path)).ok for path in paths)
        return time.perf_counter() - start

    one, many, together = "one file", f"{FILES} files in one call", f"the work of the {FILES} files alone"
    medians = interleaved(
        {
            one: cold("-m", "netspec", "check", str(paths[0])),
            many: cold("-m", "netspec", "check", *map(str, paths)),
            together: work,
        },
        max(3, rounds // 3),
    )
    print("The shipped specs again and again")
    for name, seconds in medians.items():
        print(f"  {name:<66}{seconds * 1e3:8.0f} ms")
    print(f"  {f'{FILES} calls of one file each would take':<66}{FILES * medians[one] * 1e3:8.0f} ms")
    return claim("one call against one start and the work", medians[many] / (medians[one] + medians[together]), 1.25)


def slowest(folder: Path, rounds: int) -> bool:
    """The spec that takes longest, of those that are wrong and of those that are made to take long, without a start."""
    paths = [*sorted((ROOT / "tests/specs/bad").glob("*.yaml")), *sorted((ROOT / "tests/corpus").glob("*.yaml"))]
    for name, text in LABORIOUS.items():
        paths.append(folder / f"{name.replace(' ', '_')}.yaml")
        paths[-1].write_text(text, encoding="utf-8")

    def work(path: Path) -> float:
        start = time.perf_counter()
        check(load(path))
        return time.perf_counter() - start

    for path in paths:  # a round that does not count
        work(path)
    times = {path: min(work(path) for _ in range(2)) for path in paths}
    named = sorted(times, key=lambda path: -times[path])
    print(f"The slowest of {len(paths)} short specs, on top of the start of a process")
    for path in named[:5]:
        print(f"  {path.name:<66}{times[path] * 1e3:8.0f} ms")
    return claim(named[0].name, times[named[0]], 1, unit="s")


def measure_all() -> None:
    """Measure all of it; exit code 1 where a claim fails."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        holds = [part(folder, rounds) for part in (against_others, growth, many_files, slowest)]
    sys.exit(0 if all(holds) else 1)


if __name__ == "__main__":
    measure_all()
