"""text → Spec: the located tree, includes and settings, sections and keys, blocks and items; and back to text."""
