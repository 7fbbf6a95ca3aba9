"""The layers of torch.nn and torchvision: a file for each family, a record for each layer.

Input: the arguments of a layer and the sample shapes of its inputs.
Output: the records of each family, as its LAYERS.
Public: convolution.LAYERS, pooling.LAYERS, normalization.LAYERS, activation.POINTWISE, attention.LAYERS,
transformer.LAYERS, parameter.LAYERS.
"""
