"""Plugins: whether one may run, its import, its table of layers, and the shapes that torch's meta device finds."""
