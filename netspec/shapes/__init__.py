"""Graph → Graph with shapes: inference, recovery behind an error, where a value comes from."""
