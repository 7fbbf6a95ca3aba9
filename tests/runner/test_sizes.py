"""Training an input of any size on data of one of them."""

from __future__ import annotations

from pathlib import Path

import netspec

TEXT = """\
netspec: 1
input: [1, H, W]
sizes: {H: {min: 4, max: 16}, W: {min: 4, max: 16}}
layers: [{Conv2d: {out_channels: 4, kernel_size: 3}}, {AdaptiveAvgPool2d: 1}, Flatten, {Linear: 10}]
data: {sklearn: digits, val: 0.2}
train: {epochs: 1, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""


def test_the_digits_of_8_pixels_fit_an_input_of_4_to_16(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(TEXT)
    run = netspec.train(netspec.load(path), device="cpu", out=tmp_path / "run")
    assert (tmp_path / "run" / "last.safetensors").is_file()
    assert run is not None
