"""Functions of tensors, as torch.add and torch.reshape: a file for each family, a record for each function.

Input: the arguments of a function and the sample shapes of its inputs.
Output: the records of each family, as its LAYERS; a function makes no submodule.
Public: arithmetic.broadcast, arithmetic.LAYERS, einsum.LAYERS, elementwise.LAYERS, joining.LAYERS,
rearranging.LAYERS, reductions.LAYERS, slicing.LAYERS.
"""
