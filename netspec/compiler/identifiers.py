"""Names that generated source imports or uses itself."""

MODULES = {"ops": "from torchvision import ops", "convnext": "from torchvision.models import convnext"}
UTILITIES = {"parametrizations": "from torch.nn.utils import parametrizations"}
_OWN = {"self", "torch", "nn", "F", "Tensor", "OrderedDict", "x", "super", "getattr", "tuple", "model", "tensor"}
RESERVED = {*_OWN, *MODULES, *UTILITIES}
