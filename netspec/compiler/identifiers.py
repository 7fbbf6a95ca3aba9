"""Names that generated source imports or uses itself."""

MODULES = {"ops": "from torchvision import ops", "convnext": "from torchvision.models import convnext"}
RESERVED = {"self", "torch", "nn", "F", "Tensor", "OrderedDict", "x", "super", "getattr", "tuple", *MODULES}
