"""Names that people know from other code and libraries → netspec's: `view`, `F.max_pool2d`, `Dense`, `filters`.

Each name leads to those that it may stand for, the likeliest first; a check then shows which is right.
"""

from __future__ import annotations

from collections.abc import Collection

from netspec.core.diagnostics import Edit, Fix
from netspec.core.tree import Node, Scalar, Sequence

_PREFIXES = (
    *("torch.nn.functional.", "nn.functional.", "torch.nn.", "torch.linalg.", "torch.special.", "torch.Tensor."),
    *("torch.", "nn.", "F.", "tf.keras.layers.", "keras.layers.", "tf.nn.", "tf.math.", "tf.", "layers.", "jax.nn."),
    *("jnp.", "np.", "flax.linen.", "ops.", "torchvision.ops.", "Tensor."),
)
_RANKED = ("1d", "2d", "3d")
_TYPES: dict[str, tuple[str, ...]] = {
    # torch's other names of functions
    "view": ("reshape",),
    "cat": ("concat",),
    "concatenate": ("concat",),
    "hstack": ("concat",),
    "clip": ("clamp",),
    "absolute": ("abs",),
    "negative": ("neg",),
    "multiply": ("mul",),
    "subtract": ("sub",),
    "divide": ("div",),
    "true_divide": ("div",),
    "truediv": ("div",),
    "greater": ("gt",),
    "greater_equal": ("ge",),
    "less": ("lt",),
    "less_equal": ("le",),
    "equal": ("eq",),
    "not_equal": ("ne",),
    "mm": ("matmul", "bmm"),
    "dot": ("matmul",),
    "t": ("transpose",),
    "swapdims": ("swapaxes",),
    "movedim": ("moveaxis",),
    "rearrange": ("permute", "reshape"),
    "norm": ("vector_norm",),
    "type": ("to",),
    "astype": ("to",),
    "cast": ("to",),
    "invert": ("logical_not",),
    "upsample": ("interpolate",),
    "resize": ("interpolate",),
    "take": ("index_select",),
    "max_along": ("amax",),
    "reduce_mean": ("mean",),
    "reduce_sum": ("sum",),
    "reduce_max": ("amax",),
    "expand_dims": ("unsqueeze",),
    "repeat": ("tile",),
    "one_hot_encoding": ("one_hot",),
    "swish": ("silu",),
    "identity": ("Identity",),
    "register_buffer": ("buffer",),
    "Parameter": ("parameter",),
    # functions of torch.nn.functional that a layer stands for
    "multi_head_attention_forward": ("MultiheadAttention",),
    **{
        f"{name}{rank}": (f"{layer}{rank}",)
        for rank in _RANKED
        for name, layer in {
            "max_pool": "MaxPool",
            "avg_pool": "AvgPool",
            "lp_pool": "LPPool",
            "adaptive_avg_pool": "AdaptiveAvgPool",
            "adaptive_max_pool": "AdaptiveMaxPool",
            "max_unpool": "MaxUnpool",
        }.items()
    },
    # Keras
    "Dense": ("Linear",),
    "Concatenate": ("concat",),
    "Add": ("add",),
    "Multiply": ("mul",),
    "Subtract": ("sub",),
    "Average": ("mean",),
    "Maximum": ("maximum",),
    "Minimum": ("minimum",),
    "Dot": ("matmul",),
    "Reshape": ("reshape",),
    "Permute": ("permute",),
    "Cropping1D": ("slice",),
    "BatchNormalization": ("BatchNorm2d", "BatchNorm1d", "BatchNorm3d"),
    "LayerNormalization": ("LayerNorm",),
    "GroupNormalization": ("GroupNorm",),
    "MultiHeadAttention": ("MultiheadAttention",),
    "SpatialDropout1D": ("Dropout1d",),
    "SpatialDropout2D": ("Dropout2d",),
    "SpatialDropout3D": ("Dropout3d",),
    "Swish": ("SiLU",),
    "LeakyRelu": ("LeakyReLU",),
    **{
        f"{name}{rank.upper()}": (f"{layer}{rank}",)
        for rank in _RANKED
        for name, layer in {
            "Conv": "Conv",
            "Convolution": "Conv",
            "MaxPooling": "MaxPool",
            "AveragePooling": "AvgPool",
            "ZeroPadding": "ZeroPad",
            "GlobalAveragePooling": "AdaptiveAvgPool",
            "GlobalMaxPooling": "AdaptiveMaxPool",
        }.items()
    },
    **{f"Conv{rank.upper()}Transpose": (f"ConvTranspose{rank}",) for rank in _RANKED},
    **{f"UpSampling{rank.upper()}": ("Upsample",) for rank in _RANKED},
}
# Functions that take their weights, and the layers that have such weights of their own.
_WITH_WEIGHTS: dict[str, tuple[str, ...]] = {
    "linear": ("Linear",),
    "bilinear": ("Bilinear",),
    "embedding": ("Embedding",),
    "layer_norm": ("LayerNorm",),
    "group_norm": ("GroupNorm",),
    "rms_norm": ("RMSNorm",),
    "batch_norm": ("BatchNorm2d", "BatchNorm1d", "BatchNorm3d"),
    "instance_norm": ("InstanceNorm2d", "InstanceNorm1d", "InstanceNorm3d"),
    "prelu": ("PReLU",),
    **{f"conv{rank}": (f"Conv{rank}",) for rank in _RANKED},
    **{f"conv_transpose{rank}": (f"ConvTranspose{rank}",) for rank in _RANKED},
}
_WITH_BATCH = frozenset({"view", "repeat"})  # which torch gives the batch too
_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "filters": ("out_channels",),
    "num_filters": ("out_channels",),
    "features": ("out_features", "out_channels"),
    "units": ("out_features", "hidden_size"),
    "kernel": ("kernel_size",),
    "pool_size": ("kernel_size",),
    "strides": ("stride",),
    "dilation_rate": ("dilation",),
    "use_bias": ("bias",),
    "rate": ("p",),
    "prob": ("p",),
    "dropout_rate": ("dropout", "p"),
    "axis": ("dim",),
    "axes": ("dims", "dim"),
    "perm": ("dims",),
    "keepdims": ("keepdim",),
    "epsilon": ("eps",),
    "alpha": ("negative_slope",),
    "input_dim": ("num_embeddings", "in_features"),
    "vocab_size": ("num_embeddings",),
    "output_dim": ("embedding_dim", "out_features"),
    "key_dim": ("embed_dim",),
    "heads": ("num_heads", "nhead"),
    "n_heads": ("num_heads", "nhead"),
    "num_heads": ("nhead",),
    "target_shape": ("shape",),
    "repetitions": ("dims",),
    "repeats": ("dims",),
    "ddof": ("correction",),
    "depth": ("num_classes",),
    "exp": ("exponent",),
}


def short_name(name: str) -> str:
    """A name without the module that it is in and without brackets: `relu` of `F.relu()`."""
    bare = name.removesuffix("()")
    prefix = next((prefix for prefix in _PREFIXES if bare.startswith(prefix)), "")
    return bare.removeprefix(prefix)


def known_types(name: str, types: Collection[str]) -> list[str]:
    """The types that a name from other code stands for.

    Args:
        name: as written.
        types: those that a spec may use.
    """
    short = short_name(name)
    found = [short] if short != name and short in types else []
    return found + [each for each in (*_TYPES.get(short, ()), *_WITH_WEIGHTS.get(short, ())) if each in types]


def layers_with_weights(function: str, types: Collection[str]) -> list[str]:
    """The layers that do what a function does with weights of their own.

    Args:
        function: its name.
        types: those that a spec may use.
    """
    return [each for each in _WITH_WEIGHTS.get(function, ()) if each in types]


def known_arguments(name: str, names: Collection[str]) -> list[str]:
    """The arguments that a name from other code stands for.

    Args:
        name: as written.
        names: those of the layer.
    """
    return [each for each in _ARGUMENTS.get(name, ()) if each in names]


def renamings_from_other_code(key: Scalar, value: Node | None, name: str) -> list[Fix]:
    """The fixes that write a type's name here; a shape that began with the batch loses it.

    Args:
        key: the type as written.
        value: the node after it.
        name: the type.
    """
    rename = Edit(key.span, name)
    items = value.items if isinstance(value, Sequence) else ()
    texts = [item.text for item in items if isinstance(item, Scalar)]
    batch = short_name(key.text) in _WITH_BATCH and len(texts) == len(items) > 1 and value is not None
    if not batch or value is None:
        return [Fix(name, (rename,), safe=True)]
    rest = f"[{', '.join(texts[1:])}]"
    return [Fix(f"{name}: {rest}", (rename, Edit(value.span, rest))), Fix(name, (rename,))]
