"""A network leaves as a file that others read: ONNX, torch.export's programs, TorchScript, Python, safetensors.

Input: a Spec, a run, or a weights file of one.
Output: a file that its own runtime has loaded and that computes what the network computes, and the Exported.
Public: export.export, export.Exported, export.ExportError, targets.TARGETS, network.Network.
"""
