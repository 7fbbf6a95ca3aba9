"""The sections `data`, `train` and `expect`: the tables of their keys, and the check of a document against them.

Input: the located tree of a document.
Output: diagnostics about its sections, and the tables: keys, their JSON Schemas, losses, metrics, datasets.
Public: validate.check_sections, train_keys.TRAIN_KEYS, data_keys.DATA_KEYS, datasets.DATASETS,
    expect_keys.EXPECT_KEYS, keys.Key, losses.kind_of, losses.written_losses, metrics.columns.
"""
