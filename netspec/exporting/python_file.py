"""Python source that needs no netspec, run in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from netspec.compiler.python import python_source
from netspec.exporting.network import Network
from netspec.exporting.torch_files import Runner
from netspec.objective.losses import Tensors

SECONDS = 600
# Imports a file, makes its network with the given weights and applies it; netspec must not take part in it.
_PROGRAM = """
import importlib.util, sys
from importlib.machinery import SourceFileLoader
import torch
from safetensors.torch import load_file, save_file
from torch.utils import _pytree
source, entry, folder, weights, inputs, outputs = sys.argv[1:]
sys.path.append(folder)
loader = SourceFileLoader("exported", source)
spec = importlib.util.spec_from_loader("exported", loader)
module = importlib.util.module_from_spec(spec)
loader.exec_module(module)
model = getattr(module, entry)()
model.load_state_dict(load_file(weights))
model.eval()
calls, found = {}, {}
for name, x in load_file(inputs).items():
    call, _, index = name.partition(".")
    calls.setdefault(int(call), {})[int(index)] = x
for call, given in calls.items():
    with torch.inference_mode():
        leaves = _pytree.tree_leaves(model(*(given[index] for index in sorted(given))))
    found |= {f"{call}.{index}": x.contiguous().clone() for index, x in enumerate(leaves)}
save_file(found, outputs)
assert not any(name.partition(".")[0] == "netspec" for name in sys.modules), "netspec was imported"
"""


def write(network: Network, path: Path) -> None:
    """Write the source of a network."""
    path.write_text(python_source(network.report).text, encoding="utf-8")


def load(path: Path, network: Network) -> Runner:
    """Run a source in a fresh process, with the network's weights."""
    return lambda samples: _run(path.resolve(), network, samples)


def _run(path: Path, network: Network, samples: Sequence[Tensors]) -> Iterator[Tensors]:
    from safetensors.torch import load_file, save_file

    with tempfile.TemporaryDirectory() as folder:
        weights, given, found = (str(Path(folder) / name) for name in ("weights", "inputs", "outputs"))
        save_file({key: x.contiguous().clone() for key, x in network.model.state_dict().items()}, weights)
        calls = {f"{call}.{index}": x for call, inputs in enumerate(samples) for index, x in enumerate(inputs)}
        save_file({name: x.contiguous() for name, x in calls.items()}, given)
        plugins, entry = str(network.spec.folder.resolve()), python_source(network.report).entry
        command = [sys.executable, "-B", "-c", _PROGRAM, str(path), entry, plugins, weights, given, found]
        done = subprocess.run(command, capture_output=True, check=False, timeout=SECONDS, cwd=folder, text=True)
        if done.returncode:
            raise RuntimeError((done.stderr.strip().splitlines() or ["the process was ended"])[-1])
        outputs = load_file(found)
    for call in range(len(samples)):
        names = [name for name in outputs if name.startswith(f"{call}.")]
        yield tuple(outputs[name] for name in sorted(names, key=lambda name: int(name.partition(".")[2])))
