"""The keys of datasets that are pictures in files: pictures with masks, and tables with the paths of pictures."""

from __future__ import annotations

from typing import Any

from netspec.language.sections.keys import COLUMN, TEXT, Key, Schema, by_name
from netspec.language.sections.table_keys import TABLE_KEYS

IGNORED = 255  # of a mask, once it is read: a pixel that does not count
MOST_MASK_CLASSES = 255
_VALUE = r"^\d{1,5}$"
_CLASSES: Schema = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": MOST_MASK_CLASSES},
        {"type": "array", "items": {"type": ["string", "number"]}, "minItems": 1, "maxItems": MOST_MASK_CLASSES},
        {
            "type": "object",
            "minProperties": 1,
            "maxProperties": MOST_MASK_CLASSES,
            "patternProperties": {_VALUE: TEXT},
            "additionalProperties": False,
        },
    ]
}

SEGMENTATION_KEYS = (
    Key("pictures", TEXT, "a path", "The folder of the pictures, also of folders in it.", "photos", required=True),
    Key(
        "masks",
        TEXT,
        "a path",
        "The folder of the masks, which have the names of their pictures, but for the suffix: photos/a.jpg and "
        "masks/a.png. A mask is grey or has a palette; its numbers are classes.",
        "masks",
        required=True,
    ),
    Key(
        "classes",
        _CLASSES,
        "names in the order of the numbers 0, 1, …, or {number: name}, or how many there are",
        "The classes; {0: ground, 255: road} where their numbers are others than 0, 1, …. Other numbers in a mask are "
        "an error.",
        ["ground", "road", "car"],
    ),
    Key(
        "ignore",
        {"type": "integer", "minimum": 0, "maximum": 65535},
        "an integer from 0 to 65535",
        "The number of pixels that do not count in loss and metrics, where it is not the number of a class.",
        255,
        255,
    ),
    Key(
        "names",
        TEXT,
        "a path",
        "A text file with the names of the pictures to take, without their suffixes, one a line.",
        "train.txt",
    ),
    Key("suffix", TEXT, "a text", "What the name of a mask has behind that of its picture.", "_mask"),
)

_OF_TABLE = {key.name: key for key in TABLE_KEYS}
PICTURES_KEYS = (
    Key(
        "path",
        TEXT,
        "a path",
        "The table of the pictures, of a format that CSV or Table reads.",
        "photos/labels.csv",
        required=True,
    ),
    Key(
        "files",
        by_name(COLUMN),
        "a column's name or index; of several inputs one each: {input: column}",
        "The column with the paths of the pictures, or those of each input by its name.",
        "file",
        0,
    ),
    Key("folder", TEXT, "a path", "From where these paths start; that of the table where left out.", "photos"),
    _OF_TABLE["target"],
    Key(
        "label_separator",
        {"type": "string", "minLength": 1, "maxLength": 8},
        "a text of 1 to 8 characters",
        "What stands between the labels of a cell, where a picture has several or none: beach;sun is two labels. The "
        "target is a row of 0 and 1 then.",
        ";",
    ),
    Key(
        "classes",
        {"type": "array", "items": {"type": ["string", "number"]}, "minItems": 1},
        "a list of labels",
        "The classes or labels in their order; alphabetical where left out. Others in the table are an error.",
        ["cat", "dog"],
    ),
    *(_OF_TABLE[name] for name in ("header", "separator", "missing")),
)


_MASKS = "Segmentation: {pictures: FOLDER, masks: FOLDER, classes: […]} reads pictures and their masks"
_SOUND = "netspec reads no files of sound; Arrays: FILE.npz takes samples [N, time] or spectrograms [N, 1, bands, time]"
_BOXES = "netspec trains on no boxes; Segmentation takes masks, Pictures a table of pictures with labels or numbers"
_FILES = "CSV: {path: FILE, target: COLUMN}, say, has its training samples; val and test are fractions, or datasets too"
# Datasets that netspec does not have by these names → what is said of them.
ELSEWHERE = {
    "VOCSegmentation": "Segmentation: {pictures: VOC2012/JPEGImages, masks: VOC2012/SegmentationClass, "
    "names: VOC2012/ImageSets/Segmentation/train.txt} reads it",
    **dict.fromkeys(
        ("SBDataset", "Cityscapes", "ADE20K", "CamVid", "Kitti", "Masks", "pictures", "images", "masks"), _MASKS
    ),
    **dict.fromkeys(("SPEECHCOMMANDS", "AudioFolder", "LIBRISPEECH", "audio", "Audio", "wav"), _SOUND),
    **dict.fromkeys(("VOCDetection", "CocoDetection", "CocoCaptions", "WIDERFace"), _BOXES),
    "CelebA": "Pictures: {path: TABLE, target: [a column for each attribute]} reads its pictures and its labels as CSV",
    **dict.fromkeys(("train", "training", "file", "path", "dataset_path", "x", "X", "y", "Y"), _FILES),
    "Excel": "Table: FILE.xlsx reads it",
    "JSON": "Table: FILE.jsonl reads it, with an object a line",
    **dict.fromkeys(("Parquet", "Arrow", "Feather"), "Table: FILE reads it"),
    **dict.fromkeys(("NPZ", "npy", "numpy", "safetensors"), "Arrays: FILE reads it"),
}


def mask_classes(written: Any) -> dict[int, str] | None:
    """The classes of masks by the numbers that stand for them; None where the spec does not say them.

    Args:
        written: the value of `classes`.
    """
    if isinstance(written, dict) and all(str(number).isdecimal() for number in written):
        return {int(number): str(name) for number, name in written.items()}
    if isinstance(written, list):
        return {index: str(name) for index, name in enumerate(written)}
    if isinstance(written, int) and not isinstance(written, bool):
        return {index: str(index) for index in range(min(written, MOST_MASK_CLASSES))}
    return None
