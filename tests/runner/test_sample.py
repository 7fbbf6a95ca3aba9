"""New samples that a variational autoencoder draws from noise, on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from netspec.core.diagnostics import SpecError
from netspec.inference.loaded_run import load_run
from netspec.inference.sample import make_sampler
from netspec.trainer.train import Run

Start, Command = Callable[..., Run], Callable[..., tuple[int, str, str]]
NET = """netspec: 1
name: vae
input: [1, 8, 8]
layers:
  - Flatten
  - {name: code, Linear: 4}
  - {name: halves, chunk: {chunks: 2, dim: 1}}
  - {name: decoder, from: halves.0, layers: [{Linear: 64}, {reshape: [1, 8, 8]}]}
outputs: [decoder, code]
data: {sklearn: digits, target: input}
train:
  steps: 2
  batch_size: 8
  loss: {decoder: BCEWithLogitsLoss, code: KLDivergence}
  optimizer: {SGD: {lr: 0.1}}
"""


def test_samples_are_what_the_decoder_makes_of_noise(run: Start, netspec: Command, tmp_path: Path) -> None:
    done = run(NET)
    code, out, _ = netspec("predict", str(done.folder), "--sample", "3", "--seed", "7", "--pictures", "drawn")
    assert (code, len(out.splitlines())) == (0, 3)
    noise = torch.randn(3, 2, generator=torch.Generator().manual_seed(7))
    with torch.inference_mode():
        expected = load_run(done.folder).model().get_submodule("decoder")(noise).sigmoid()
    for row in range(3):
        picture = np.array(Image.open(tmp_path / f"drawn/sample_{row + 1}.png"))
        assert np.abs(picture - 255 * expected[row, 0].numpy()).max() <= 0.5 + 1e-3
    numbers = [*make_sampler(load_run(done.folder)).stream(3, 7)]
    assert torch.allclose(torch.tensor([one.values for one in numbers]), expected.flatten(1), atol=1e-6)
    assert [*make_sampler(load_run(done.folder)).stream(3, 8)] != numbers


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((", code: KLDivergence", ""), "no output of this run has KLDivergence"),
        (("from: halves.0, layers: [{Linear: 64}", "from: code, layers: [{Linear: 64}"), "what enters decoder is 4"),
        (("{name: decoder, from: halves.0, layers: [{Linear: 64}, {reshape: [1, 8, 8]}]}",
          "{from: halves.0, Linear: 64}\n  - {name: decoder, reshape: [1, 8, 8]}"), "what enters decoder is nothing"),
    ],
)  # fmt: skip
def test_other_runs_say_why_not(run: Start, change: tuple[str, str], words: str) -> None:
    assert change[0] in NET
    done = run(NET.replace(*change))
    with pytest.raises(SpecError) as caught:
        make_sampler(load_run(done.folder))
    assert words in caught.value.diagnostics[0].message


def test_files_or_a_count_but_not_both(run: Start, netspec: Command) -> None:
    code, _, said = netspec("predict", str(run(NET).folder), "a.png", "--sample", "3")
    assert (code, "or --sample COUNT" in said) == (2, True)
