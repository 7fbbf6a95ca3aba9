"""A spec → a Run: train, keep, stop, resume."""
