"""The headers of arrays against NumPy and safetensors, hostile ones, and what a check makes of them."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netspec.checker import check
from netspec.language.load import load
from netspec.lint.array_headers import LONGEST_NPY, array_headers

ARRAYS = {
    "a": np.zeros((5, 3), np.float32),
    "b": np.zeros(4, np.uint8),
    "c": np.zeros((2, 3, 4, 5), ">i8"),
    "d": np.array(["ab", "c"]),
}
SPEC = """netspec: 1
input: INPUT
layers: [Flatten, {Linear: 4}]
data: {Arrays: {path: PATH, x: x, y: y}}
train: {epochs: 1, loss: CrossEntropyLoss, optimizer: {SGD: {lr: 0.1}}}
"""


def save(path: Path, **arrays: np.ndarray) -> None:  # type: ignore[type-arg]
    """Arrays into a file, or into a folder of .npy files."""
    from safetensors.numpy import save_file

    if path.suffix == ".npz":
        np.savez_compressed(path, **arrays)
    elif path.suffix:
        save_file(arrays, path)
    else:
        path.mkdir()
        for name, array in arrays.items():
            np.save(path / f"{name}.npy", array)


@pytest.mark.parametrize("name", ["x.npz", "folder"])
def test_headers_are_numpys(tmp_path: Path, name: str) -> None:
    save(tmp_path / name, **ARRAYS)
    found = array_headers(tmp_path / name)
    assert {key: (each.shape, each.dtype) for key, each in found.items()} == {
        key: (array.shape, array.dtype.str[1:]) for key, array in ARRAYS.items()
    }


def test_headers_of_safetensors(tmp_path: Path) -> None:
    save(tmp_path / "x.safetensors", a=ARRAYS["a"], b=ARRAYS["b"])
    found = array_headers(tmp_path / "x.safetensors")
    assert found == {"a": ((5, 3), "f4"), "b": ((4,), "u1")}


@given(st.binary(max_size=300), st.sampled_from(["x.npz", "x.safetensors", "f"]))
def test_any_bytes_are_no_header_and_no_error(tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str) -> None:
    path = tmp_path_factory.mktemp("any") / name
    if name == "f":
        path.mkdir()
        (path / "x.npy").write_bytes(b"\x93NUMPY\x01\x00" + data)
    else:
        path.write_bytes(data)
    assert all(all(size >= 0 for size in each.shape) for each in array_headers(path).values())


@pytest.mark.parametrize(
    "header",
    [
        struct.pack("<I", 2**31) + b"{" * 100,
        struct.pack("<I", LONGEST_NPY + 1) + b"(" * LONGEST_NPY,
        struct.pack("<I", 9_000) + b"(" * 9_000,
        struct.pack("<I", 60) + b"{'descr': '<f4', 'shape': (-1, 3)}".ljust(60),
        struct.pack("<I", 60) + b"{'descr': '<f4', 'shape': ('a', 3)}".ljust(60),
    ],
)
def test_hostile_headers_are_none(tmp_path: Path, header: bytes) -> None:
    (tmp_path / "x.npy").write_bytes(b"\x93NUMPY\x02\x00" + header)
    assert array_headers(tmp_path) == {}
    (tmp_path / "y.safetensors").write_bytes(struct.pack("<Q", 2**62) + json.dumps({}).encode())
    assert array_headers(tmp_path / "y.safetensors") == {}


@pytest.mark.parametrize(
    ("x", "y", "input", "codes"),
    [
        (np.zeros((5, 3), np.float32), np.zeros(5, np.int64), "[3]", []),
        (np.zeros((5, 4), np.float32), np.zeros(5, np.int64), "[3]", ["NS602"]),
        (np.zeros(5, np.float32), np.zeros(5, np.int64), "[1]", []),
        (np.zeros((5, 8, 9, 3), np.uint8), np.zeros(5, np.int64), "[3, 8, 9]", []),
        (np.zeros((5, 8, 9), np.uint8), np.zeros(5, np.int64), "[1, 8, 9]", []),
        (np.zeros((5, 8, 9), np.uint8), np.zeros(5, np.int64), "[8, 9]", ["NS602"]),
        (np.zeros((5, 8, 9), np.float32), np.zeros(5, np.int64), "[8, 9]", []),
        (np.zeros((5, 3), np.float32), np.zeros(5, np.float32), "[3]", ["NS603"]),
        (np.zeros((5, 3), np.float32), np.array(["a"] * 5), "[3]", []),
        (np.zeros((5, 3), np.float32), np.zeros((5, 7), np.int64), "[3]", ["NS603"]),
    ],
)
@pytest.mark.parametrize("name", ["data.npz", "folder"])
def test_the_check_knows_the_shapes(
    tmp_path: Path,
    name: str,
    x: np.ndarray,
    y: np.ndarray,
    input: str,
    codes: list[str],  # type: ignore[type-arg]
) -> None:
    save(tmp_path / name, x=x, y=y)
    (tmp_path / "net.yaml").write_text(SPEC.replace("PATH", name).replace("INPUT", input), encoding="utf-8")
    errors = [item for item in check(load(str(tmp_path / "net.yaml"))).diagnostics if item.severity == "error"]
    assert [item.code for item in errors] == codes, errors
