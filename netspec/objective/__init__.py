"""Losses, outputs and targets: what is minimised, for which output, and in what form a loss wants its target."""
