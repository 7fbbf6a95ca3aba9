"""Data: datasets and tables, transforms, their checks against the network, batches on the device.

Input: the section `data` of a spec, the report of its network, the losses.
Output: Data (training and validation Splits), a Pipeline of transforms, Feeds of batches, SpecErrors.
Public: section.load_data, split.Data, transforms.read_pipeline, transforms.Pipeline, checks.check_data,
    loading.make_feed, loading.LoaderOptions, batches.Feed, batches.Batch, batches.epoch_order.
"""
