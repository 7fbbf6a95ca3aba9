"""How good outputs are: metrics of classes and of numbers, and what is measured at evaluations."""
