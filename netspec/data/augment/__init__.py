"""Random transforms of whole batches, each sample with numbers of its own."""
