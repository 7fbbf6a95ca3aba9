"""The `data` section → batches on the device: datasets, transforms, checks against the network, loading."""
