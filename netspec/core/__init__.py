"""What every room stands on: diagnostics and their codes, shapes, expressions, names, the located tree, files."""
