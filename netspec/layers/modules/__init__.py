"""The layers of torch.nn and torchvision: a family a file, a record a layer."""
