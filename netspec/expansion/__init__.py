"""Spec → Graph: blocks, groups, repeats, branches and references become a flat list of calls."""
