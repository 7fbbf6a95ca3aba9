"""Checked spec → Python source → nn.Module; its weights. Only the source is written without torch.

Input: a spec, or the Report of its check.
Output: the source of its network, or the network, with its weights loaded.
Public: module.compile_spec, python.python_source, code_file.Source, weights.load_weights, weights.read_tensors,
weights.from_file, weights.refuse.
"""
