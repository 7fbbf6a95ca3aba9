"""For which input sizes a network is right: found by inferring it at each, never by guessing."""
