"""Imports what the runner imports while it trains, for processes that are forked: see tests.runner.started."""

from __future__ import annotations

import gc
import importlib

for _module in (
    "netspec.cli.train",
    "netspec.trainer.train",
    "torch._dynamo",  # torch's optimizers import it
    "safetensors.torch",
    "torchvision.transforms.v2",
    "torchvision.datasets",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "tensorboard.summary.writer.record_writer",
    "tensorboard.compat.proto.event_pb2",
    "sklearn.datasets",
    "sklearn.model_selection",
):
    importlib.import_module(_module)

gc.freeze()  # no process goes through all of this for garbage, which would also copy its memory
