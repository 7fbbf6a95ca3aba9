"""The table of layers and functions of torch: a family a file, a record a layer."""
