"""Candidate fixes: rules that propose edits for a problem. `stages.fix` keeps what a full re-check confirms."""
