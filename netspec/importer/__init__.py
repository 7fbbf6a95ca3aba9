"""nn.Module → Spec: the module is run once, its calls become items, equal parts become blocks and repeats.

Input: an nn.Module and the shapes of one sample of its inputs, or the text that names a module.
Output: a Spec whose network has the same weights by the same names and gives the same outputs; or an error that names
what cannot be said.
Public: build.import_module, failure.ImportFailure, inputs.declared, targets.load_target.
"""
