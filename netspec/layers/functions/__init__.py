"""Functions of tensors (torch.add, torch.reshape, …): a family a file, a record a function."""
