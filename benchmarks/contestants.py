"""Who trains in benchmarks/train.py. Each is a function from a Case to a function that trains one more epoch.

All start from the same weights (Keras from its own), take the same SGD on the same batch size, shuffle each epoch, and
evaluate nothing. A loop's function returns the seconds of its epoch.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from timing import clock
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from training_cases import Case

from netspec.reports.bench import NullStore
from netspec.reports.progress import Silent
from netspec.training.loop import train_epoch

Epoch = Callable[[], float]


def ours(case: Case, variant: str | None = None) -> Epoch:
    """The runner's own loop on the runner's own feeds."""
    job, state = case.start(case.variants[variant] if variant else None)
    watcher, store = Silent(), NullStore()

    def epoch() -> float:
        state.step = 0
        start = clock()
        train_epoch(job, state, watcher, lambda: False, store)
        wait(case)
        seconds = clock() - start
        state.epoch = (state.epoch + 1) % job.epochs
        return seconds

    return epoch


def course_notes(case: Case) -> Epoch:
    """As course notes have it: a Dataset with transforms for each sample, a DataLoader, `loss.item()` in each step."""
    model = case.start()[1].model.to(memory_format=torch.contiguous_format)
    loader = DataLoader(case.slow, batch_size=case.batch, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=case.lr, momentum=case.momentum)

    def epoch() -> float:
        start, total = clock(), 0.0
        model.train()
        for x, y in loader:
            x, y = x.to(case.device), y.to(case.device)
            optimizer.zero_grad()
            loss = case.loss(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()
        return clock() - start

    return epoch


def hand_tuned(case: Case) -> Epoch:
    """What one would write for speed: normalised tensors on the device, channels_last, fused SGD, no waiting."""
    model = case.start()[1].model
    x, y = case.x.to(case.device), case.y.to(case.device)
    pictures = x.ndim == 4
    if pictures:
        x = x.permute(0, 2, 3, 1).contiguous()  # so that index_select copies whole rows
        model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=case.lr, momentum=case.momentum, fused=True)

    def epoch() -> float:
        start = clock()
        model.train()
        total = torch.zeros((), device=case.device)
        for index in torch.randperm(len(x)).to(case.device).split(case.batch):
            batch = x.index_select(0, index)
            optimizer.zero_grad(set_to_none=True)
            loss = case.loss(model(batch.permute(0, 3, 1, 2) if pictures else batch), y.index_select(0, index))
            loss.backward()
            optimizer.step()
            total += loss.detach()
        total.item()
        return clock() - start

    return epoch


def skorch(case: Case) -> Epoch:
    """skorch on arrays in memory."""
    from skorch import NeuralNet

    model = case.start()[1].model.to(memory_format=torch.contiguous_format)
    net = NeuralNet(
        model, case.loss, optimizer=torch.optim.SGD, optimizer__momentum=case.momentum, lr=case.lr,
        batch_size=case.batch, max_epochs=1, iterator_train__shuffle=True, train_split=None, verbose=0,
        device=str(case.device),
    )  # fmt: skip
    net.initialize()
    x, y = case.x.numpy(), case.y.numpy()

    def epoch() -> float:
        start = clock()
        net.partial_fit(x, y)
        wait(case)
        return clock() - start

    return epoch


def keras(case: Case) -> Epoch | None:
    """Keras 3 on torch, on arrays in memory."""
    if case.keras is None:
        return None
    os.environ["KERAS_BACKEND"] = "torch"
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "" if case.device.type == "cpu" else "0")
    import keras as package

    model = case.keras(package)
    classes = package.losses.SparseCategoricalCrossentropy(from_logits=True)
    loss = classes if isinstance(case.loss, nn.CrossEntropyLoss) else package.losses.BinaryCrossentropy()
    model.compile(package.optimizers.SGD(case.lr, case.momentum), loss)
    x, y = case.x.numpy(), case.y.numpy()

    def epoch() -> float:
        start = clock()
        model.fit(x, y, batch_size=case.batch, epochs=1, verbose=0)
        wait(case)
        return clock() - start

    return epoch


def lightning(case: Case) -> Epoch:
    """Lightning with a DataLoader over tensors in memory, without logger, checkpoints and progress bar."""
    import lightning as package

    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    net, times = case.start()[1].model.to(memory_format=torch.contiguous_format), []

    class Module(package.LightningModule):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def training_step(self, batch: Any, index: int) -> torch.Tensor:
            x, y = batch
            loss: torch.Tensor = case.loss(self.net(x), y)
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=case.lr, momentum=case.momentum)

        def on_train_epoch_start(self) -> None:
            self.began = clock()

        def on_train_epoch_end(self) -> None:
            wait(case)
            times.append(clock() - self.began)

    module = Module()
    loader = DataLoader(TensorDataset(case.x, case.y), batch_size=case.batch, shuffle=True)
    trainer = package.Trainer(
        max_epochs=0, accelerator="cpu" if case.device.type == "cpu" else "gpu", devices=1, logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip

    def epoch() -> float:
        trainer.fit_loop.max_epochs += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of few workers
            trainer.fit(module, loader)
        return times[-1]

    return epoch


def wait(case: Case) -> None:
    """Until the GPU has done what it was asked."""
    if case.device.type == "cuda":
        torch.cuda.synchronize()


def contestants(case: Case) -> dict[str, Epoch]:
    """All that are installed, by name; netspec first."""
    makers: dict[str, Callable[[Case], Epoch | None]] = {"netspec": ours}
    makers |= {name: partial(ours, variant=name) for name in case.variants}
    makers |= {"hand-tuned loop": hand_tuned, "course-notes loop": course_notes}
    for name, maker in (("skorch", skorch), ("keras", keras), ("lightning", lightning)):
        if importlib.util.find_spec(name) is not None:
            makers[name] = maker
    made = {name: maker(case) for name, maker in makers.items()}
    return {name: epoch for name, epoch in made.items() if epoch is not None}
