"""The layers of torch.nn and torchvision: a file for each family, a record for each layer.

Enters: the arguments of a layer and the sample shapes of its inputs.
Leaves: the records of each family, as its LAYERS.
Public: convolution.LAYERS, pooling.LAYERS, normalization.LAYERS, activation.POINTWISE, attention.LAYERS,
transformer.LAYERS, parameter.LAYERS.
"""
