"""Who reads in benchmarks/data.py, each in a process of its own:

    python benchmarks/data_contestants.py CASE CONTESTANT FOLDER WORKERS EPOCHS RESULT

A contestant is a function from a Reading to nothing. It reads the files of its folder and hands each batch to
`reading.batch`, epoch after epoch, in the order that `reading.order` gives, so that all of them give the same batches.
The clock starts when everything is imported, and before any file is opened. RESULT is a file of torch with the
seconds, and with the first batch, by which the batches are compared.
"""

from __future__ import annotations

import logging
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from data_cases import CASES, CITIES, DEVIATION, KINDS, LENGTH, MEAN, NUMBERS, PAD, WIDTH, Case
from torch.utils.data import BatchSampler, DataLoader, Dataset, Sampler
from torchvision import transforms
from torchvision.datasets import ImageFolder

from netspec.data.batches import epoch_order

FEATURES = [*(f"x{index}" for index in range(NUMBERS)), *(f"city_{city}" for city in CITIES)]
FEATURES += [f"kind_{kind}" for kind in KINDS]


class Reading:
    """What a contestant is to read, and the times of what it has read.

    Args:
        case: the kind of data.
        folder: of the files.
        workers: processes of a DataLoader.
        epochs: how often all samples are read.
    """

    def __init__(self, case: Case, folder: Path, workers: int, epochs: int) -> None:
        self.case, self.folder, self.workers, self.epochs = case, folder, workers, epochs
        self.variant = ""
        self.times: list[float] = []  # of the first batch, and of the end of each epoch
        self.seen = 0
        self.first: tuple[torch.Tensor, torch.Tensor] | None = None
        self.begun = time.perf_counter()

    def batch(self, x: torch.Tensor, y: torch.Tensor) -> None:
        """A batch is here."""
        if self.first is None:
            self.times.append(time.perf_counter() - self.begun)
            self.first = x.clone(), y.clone()
        self.seen += len(x)

    def end(self) -> None:
        """An epoch is over."""
        self.times.append(time.perf_counter() - self.begun)


class Order(Sampler[int]):
    """The order of netspec's epochs, one after the other."""

    def __init__(self, count: int) -> None:
        self.count, self.epoch = count, -1

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Any:
        self.epoch += 1
        return iter(epoch_order(0, self.epoch, self.count).tolist())


def netspec(reading: Reading) -> None:
    """netspec's own loading, up to the batches that its training loop takes."""
    from netspec.language.load import load
    from netspec.training.plan import prepare
    from netspec.training.setup import make_state

    settings = reading.case.settings.get(reading.variant, "")
    names = [settings] if settings else []
    if reading.case.workers:
        names.append(f"data.workers={reading.workers}")
    reading.begun = time.perf_counter()
    plan = prepare(load(str(reading.folder / "spec.yaml"), tuple(names)), "cpu")
    job, _ = make_state(plan)
    for epoch in range(reading.epochs):
        for batch in job.train.batches(job.order(epoch), job.batch_size, epoch=epoch):
            reading.batch(batch.inputs[0], batch.targets[0])
        reading.end()


class Rows(Dataset[Any]):
    """A table as people write it: read by pandas, its words as columns of 0 and 1, a row a sample."""

    def __init__(self, folder: Path) -> None:
        frame = pd.get_dummies(pd.read_csv(folder / "table.csv"), columns=["city", "kind"])
        self.x = torch.tensor(frame[FEATURES].to_numpy(np.float32))
        self.y = torch.tensor(frame["target"].to_numpy())

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.x[index], self.y[index]


class Texts(Dataset[Any]):
    """Texts as people write them: a sample is encoded when it is asked for."""

    def __init__(self, folder: Path) -> None:
        frame = pd.read_csv(folder / "texts.csv")
        self.texts = frame["text"].tolist()
        self.y = (frame["label"] == "good").astype(int).tolist()
        self.tokenizer = padded_tokenizer(folder)

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return torch.tensor(self.tokenizer.encode(self.texts[index]).ids), self.y[index]


def padded_tokenizer(folder: Path) -> Any:
    """The library's tokenizer, which cuts off and pads."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(LENGTH)
    tokenizer.enable_padding(length=LENGTH, pad_id=tokenizer.token_to_id(PAD), pad_token=PAD)
    return tokenizer


def pictured() -> Callable[[Any], torch.Tensor]:
    """torchvision's transforms of a PIL picture."""
    scaled = [transforms.Resize((WIDTH, WIDTH)), transforms.ToTensor(), transforms.Normalize(MEAN, DEVIATION)]
    composed: Callable[[Any], torch.Tensor] = transforms.Compose(scaled)
    return composed


DATASETS: dict[str, Callable[[Path], Dataset[Any]]] = {
    "table": Rows,
    "pictures": lambda folder: ImageFolder(str(folder / "pictures"), pictured()),
    "texts": Texts,
}


def plain_loader(reading: Reading) -> DataLoader[Any]:
    """The plain Dataset in a DataLoader."""
    dataset: Any = DATASETS[reading.case.name](reading.folder)
    return loader(reading, dataset)


def loader(reading: Reading, dataset: Any, collate: Any = None) -> DataLoader[Any]:
    """A DataLoader in the order that is given."""
    workers = reading.workers if reading.case.workers else 0
    return DataLoader(
        dataset, reading.case.batch, sampler=Order(len(dataset)), num_workers=workers, collate_fn=collate,
        persistent_workers=workers > 0,
    )  # fmt: skip


def read_all(reading: Reading, batches: Iterable[Any]) -> None:
    """Read all epochs of a DataLoader."""
    for _ in range(reading.epochs):
        for x, y in batches:
            reading.batch(x, y)
        reading.end()


def plain(reading: Reading) -> None:
    """A Dataset and a DataLoader, by pandas, PIL and torchvision, tokenizers."""
    reading.begun = time.perf_counter()
    read_all(reading, plain_loader(reading))


def lightning(reading: Reading) -> None:
    """Lightning's LightningDataModule around the plain Dataset, read by its Trainer, which computes nothing."""
    import lightning as package

    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)

    class Files(package.LightningDataModule):  # type: ignore[misc, name-defined]
        def setup(self, stage: str) -> None:
            self.loader = plain_loader(reading)

        def train_dataloader(self) -> DataLoader[Any]:
            return self.loader

    class Nothing(package.LightningModule):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.automatic_optimization = False

        def training_step(self, batch: Any, index: int) -> None:
            reading.batch(*batch)

        def on_train_epoch_end(self) -> None:
            reading.end()

        def configure_optimizers(self) -> None:
            return None

    reading.begun = time.perf_counter()
    trainer = package.Trainer(
        max_epochs=reading.epochs, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(Nothing(), datamodule=Files())


def hugging_face(reading: Reading) -> None:
    """Hugging Face's datasets: encoded by `map` in batches, or transformed when asked for, with_format("torch")."""
    import datasets

    datasets.disable_progress_bars()
    cache = str(reading.folder / "cache")
    reading.begun = time.perf_counter()
    if reading.case.name == "pictures":
        changed, pictures = (
            pictured(),
            datasets.load_dataset(
                "imagefolder", data_dir=str(reading.folder / "pictures"), split="train", cache_dir=cache
            ),
        )

        def transform(rows: Any) -> Any:
            return {"x": [changed(each.convert("RGB")) for each in rows["image"]], "y": rows["label"]}

        made = pictures.with_transform(transform)
    elif reading.case.name == "table":
        rows = datasets.load_dataset(
            "csv", data_files=str(reading.folder / "table.csv"), split="train", cache_dir=cache
        )
        made = rows.map(_encoded_rows, batched=True, remove_columns=rows.column_names).with_format("torch")
    else:
        texts = datasets.load_dataset(
            "csv", data_files=str(reading.folder / "texts.csv"), split="train", cache_dir=cache
        )
        tokenizer = padded_tokenizer(reading.folder)

        def encoded(rows: Any) -> Any:
            found = tokenizer.encode_batch(rows["text"])
            return {"x": [each.ids for each in found], "y": [int(label == "good") for label in rows["label"]]}

        made = texts.map(encoded, batched=True, remove_columns=texts.column_names).with_format("torch")
    read_all(reading, hugging_face_loader(reading, made))


def hugging_face_loader(reading: Reading, made: Any) -> DataLoader[Any]:
    """A DataLoader of pictures sample by sample; else in whole batches, as the documentation of datasets has it."""
    if reading.case.name == "pictures":
        return loader(reading, made, lambda rows: _pair(torch.utils.data.default_collate(rows)))
    batches = BatchSampler(Order(len(made)), reading.case.batch, drop_last=False)
    workers = reading.workers if reading.case.workers else 0
    return DataLoader(
        made, sampler=batches, batch_size=None, collate_fn=_pair, num_workers=workers, persistent_workers=workers > 0
    )


def _pair(rows: Any) -> Any:
    return rows["x"], rows["y"]


def _encoded_rows(rows: Any) -> Any:
    numbers = [np.array(rows[f"x{index}"], np.float32) for index in range(NUMBERS)]
    words = [
        (np.array(rows[name]) == value).astype(np.float32)
        for name, values in (("city", CITIES), ("kind", KINDS))
        for value in values
    ]
    return {"x": np.stack([*numbers, *words], 1), "y": rows["target"]}


CONTESTANTS: dict[str, Callable[[Reading], None]] = {
    "netspec": netspec,
    "Dataset, DataLoader": plain,
    "LightningDataModule": lightning,
    "Hugging Face": hugging_face,
}
NEEDS = {"LightningDataModule": "lightning", "Hugging Face": "datasets"}


def main() -> None:
    """Read as the command line says, and write what was measured."""
    case, name, folder, workers, epochs, result = sys.argv[1:]
    warnings.simplefilter("ignore")  # of few workers
    reading = Reading(CASES[case], Path(folder), int(workers), int(epochs))
    reading.variant = name
    CONTESTANTS.get(name, netspec)(reading)
    torch.save({"times": reading.times, "seen": reading.seen, "first": reading.first}, result)


if __name__ == "__main__":
    main()
