"""For which input sizes a network is right: found by inferring it at each, never by guessing.

`walk` infers at one size, `search` over ranges of them, `words` says what was found; `question` asks for a spec's own
axes, `ranges` and `symbolic` check the sizes that a spec promises, `nearby` looks for the next size that is right.
"""
