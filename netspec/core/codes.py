"""The table of diagnostic codes: stable identifiers, their severity and what they mean.

NS1xx the text, NS2xx the language, NS3xx references, NS4xx shapes, NS5xx budgets, NS6xx data and training,
NS7xx plugins, NS9xx a reviewer's warnings. A code is never reused for another meaning; its wording may change.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding: `what` is wrong and `why` it matters, a sentence or two each."""

    id: str
    severity: str
    what: str
    why: str


_ERRORS = (
    ("NS100", "The text is not YAML.", "Nothing can be read from it until it parses."),
    ("NS101", "A key stands twice in one mapping.", "YAML readers silently keep one of the two; which one, differs."),
    (
        "NS102",
        "A YAML tag, directive or second document.",
        "netspec's language has none; tags could construct objects.",
    ),
    (
        "NS103",
        "The text breaks a limit on size, depth or aliases.",
        "A spec is untrusted input and is read in bounded memory and time.",
    ),
    (
        "NS104",
        "An alias names no anchor, or the anchor it stands in.",
        "There is nothing, or something endless, to insert.",
    ),
    (
        "NS200",
        "The file is not a netspec of a version this netspec reads.",
        "A spec is a mapping that starts with `netspec: 1`.",
    ),
    (
        "NS201",
        "A key that the language does not have there.",
        "An ignored key is a setting that silently does nothing.",
    ),
    ("NS202", "A value of the wrong type.", "torch would refuse it, or accept it and mean something else."),
    ("NS203", "Something required is missing.", "Without it the layer, block or file has no meaning."),
    (
        "NS204",
        "No such layer, function or block.",
        "Types are torch.nn class names, torch functions in lower case, and the spec's blocks.",
    ),
    ("NS205", "The layer has no such argument.", "Arguments are torch's keyword names."),
    (
        "NS206",
        "An expression that cannot be evaluated.",
        "Numbers may be integer expressions over parameters: + - * // % **.",
    ),
    ("NS207", "A name that cannot name a submodule.", "Names become Python attributes and keys of the state_dict."),
    (
        "NS208",
        "A name that torch.nn.Module already uses.",
        "A submodule of that name would hide a method such as `train` or `forward`.",
    ),
    (
        "NS209",
        "Two items of one scope have the same name.",
        "The second would replace the first in the module and its state_dict.",
    ),
    ("NS210", "No such parameter.", "A misspelt parameter would silently leave the default in force."),
    ("NS211", "The spec expands beyond a limit.", "Blocks and repeats multiply; the limit bounds memory and time."),
    ("NS212", "A file that cannot be included.", "Files are taken from below the spec's own folder only."),
    ("NS213", "Files include each other in a circle.", "The inclusion would never end."),
    ("NS214", "A block uses itself.", "The expansion would never end."),
    ("NS215", "The lists of a repeat differ in length.", "They are zipped: each turn takes one value of every list."),
    (
        "NS216",
        "A value that the argument does not allow.",
        "torch would refuse it when the layer is made or first used.",
    ),
    (
        "NS217",
        "The keys of an item contradict each other.",
        "An item is one layer, one block use, one group or one set of branches.",
    ),
    (
        "NS218",
        "An ignore comment that names no warning.",
        "It would silently ignore nothing; errors cannot be ignored, only mended.",
    ),
    (
        "NS219",
        "A layer, an argument or a setting that torch does not have yet.",
        "It came with a later version than the one that is installed, or that `--torch` asks for.",
    ),
    ("NS301", "A reference to nothing.", "`from` sees the earlier items of its own scope, and `input`."),
    (
        "NS302",
        "A reference to a later item, or a circle.",
        "Values flow down the file; a layer cannot take what is not computed yet.",
    ),
    ("NS303", "The wrong number of inputs.", "The layer's forward takes another number of tensors."),
    ("NS304", "No such output.", "`name.0` picks one of several outputs."),
    (
        "NS305",
        "`share` names something without weights of its own kind.",
        "Only a layer or block of the same scope can be used again.",
    ),
    (
        "NS401",
        "A size that is written differs from the size that arrives.",
        "What is written is a claim, checked and not trusted.",
    ),
    (
        "NS402",
        "The `shape` that is claimed differs from the shape that is computed.",
        "The claim or a layer before it is wrong.",
    ),
    (
        "NS403",
        "The wrong number of axes.",
        "For one sample Conv2d and pooling take C×H×W; a Linear works on the last axis.",
    ),
    (
        "NS404",
        "The sizes do not work out.",
        "A window does not fit into its picture, or a size does not divide as it must.",
    ),
    (
        "NS405",
        "Tensors that do not fit together.",
        "concat needs equal sizes outside its axis, add and mul equal or broadcastable shapes.",
    ),
    ("NS406", "The operation would mix samples.", "Dim 0 is the batch; a network treats each sample on its own."),
    ("NS407", "Arguments that contradict each other.", "torch refuses the layer when it is made."),
    ("NS408", "The wrong kind of number.", "An Embedding takes integers, a convolution takes floating point."),
    (
        "NS409",
        "Weights whose size varies with the input.",
        "One network has one set of weights; what they meet must have one size for every size of the input.",
    ),
    ("NS501", "The network misses its `expect.output`.", "`expect` is a promise that check enforces."),
    ("NS502", "More parameters than `expect.max_params`.", "`expect` is a promise that check enforces."),
    ("NS503", "More multiply-accumulates than `expect.max_macs`.", "`expect` is a promise that check enforces."),
    (
        "NS504",
        "More activation memory than `expect.max_activation_memory`.",
        "What the layers give has to be kept for the backward pass, once for each sample of a batch.",
    ),
    (
        "NS505",
        "A receptive field smaller than `expect.min_receptive_field`.",
        "What is larger than the receptive field cannot be seen as a whole.",
    ),
    ("NS506", "More layers than `expect.max_layers`.", "`expect` is a promise that check enforces."),
    ("NS601", "The data cannot be read.", "Training needs its dataset before the first batch."),
    (
        "NS602",
        "The data do not fit the network's input.",
        "The first batch would fail, or train on something else than was meant.",
    ),
    (
        "NS603",
        "The targets or the loss do not fit the network's output.",
        "The first batch would fail, or broadcast to a wrong loss.",
    ),
    (
        "NS604",
        "torch has no such loss, optimizer, scheduler, transform or dataset.",
        "They are found by torch's own names.",
    ),
    ("NS605", "Arguments that torch's class refuses.", "They are tried before the run starts."),
    ("NS606", "The device is not there.", "Asking for a device means it; netspec does not silently use another."),
    ("NS607", "The run's folder cannot be used.", "Nothing that is there is overwritten."),
    ("NS608", "The weights cannot be loaded.", "A model that silently keeps random weights would be worse."),
    ("NS609", "The training cannot go on.", "What was reached is kept in the run's folder."),
    (
        "NS610",
        "A loss over classes, and one output.",
        "The one class always has probability 1: the loss is 0 from the start and nothing is learned.",
    ),
    (
        "NS611",
        "BCELoss on outputs that are no probabilities.",
        "It takes the logarithm of the output and of 1 minus it; torch stops at what is not from 0 to 1.",
    ),
    (
        "NS612",
        "Outputs and targets of different shapes.",
        "torch would broadcast [N] against [N, K] and compare every sample with every other.",
    ),
    (
        "NS613",
        "BatchNorm gets one value a channel.",
        "With one sample of one value there is no variance; torch refuses it while training.",
    ),
    (
        "NS614",
        "NLLLoss on outputs that are no log-probabilities.",
        "It only picks the output of the right class, which then grows without bound.",
    ),
    (
        "NS615",
        "A pattern that matches no parameter.",
        "A part that was to be frozen, or to learn at another rate, would be trained like the rest.",
    ),
    (
        "NS616",
        "Keys of train that do not go together.",
        "One of them would silently have no effect, or fail after the first epoch.",
    ),
    (
        "NS617",
        "Losses that do not fit the network's outputs.",
        "Each output that is trained on has a loss of its own, by its name: one alone does not say which is meant.",
    ),
    (
        "NS701",
        "A plugin that you have not allowed.",
        "A plugin is Python code that does what it likes; a spec alone, which may come from anywhere, never runs one.",
    ),
    (
        "NS702",
        "A plugin that cannot be imported, or has no table of layers.",
        "Its layers are not known, and what they do to a shape cannot be told.",
    ),
    (
        "NS703",
        "A plugin's layer that is none, or whose name is taken.",
        "A layer is an nn.Module's class or a netspec.PluginLayer, under a name that nothing else has.",
    ),
    (
        "NS704",
        "A plugin's layer that fails.",
        "Its rule or its module does not give shapes: that is for the plugin to mend, not for the spec.",
    ),
)
_WARNINGS = (
    ("NS901", "A layer that nobody uses.", "It costs parameters and time and changes nothing."),
    ("NS902", "A parameter or block that nobody uses.", "Setting it would change nothing."),
    ("NS903", "A size of one is broadcast.", "torch repeats it silently; often an axis was forgotten."),
    (
        "NS904",
        "A loss that does not suit the last layer.",
        "torch accepts the pair, and the network learns badly or not at all.",
    ),
    (
        "NS905",
        "Two Linear layers with nothing between them.",
        "A linear function of a linear function is one linear function: the first layer adds cost and no ability.",
    ),
    (
        "NS906",
        "A bias before BatchNorm.",
        "BatchNorm subtracts the mean of each channel, and with it the bias; BatchNorm has a bias of its own.",
    ),
    (
        "NS907",
        "A window leaves out the last rows or columns.",
        "The size does not divide evenly, so that a part of the picture is never looked at.",
    ),
    (
        "NS908",
        "An activation at the end that the loss does not want.",
        "The loss wants scores of any size; the activation cuts some of them off, and their gradients with them.",
    ),
    (
        "NS909",
        "Dropout before BatchNorm.",
        "BatchNorm learns the variance with dropout on and uses it with dropout off, where it is another.",
    ),
    (
        "NS910",
        "A window larger than its picture.",
        "A part of the weights only ever meets padding and never learns: the picture is too small for the depth.",
    ),
    ("NS911", "An activation that changes nothing, or twice the same.", "One of the two is superfluous or mistaken."),
    (
        "NS912",
        "An activation in place of a value that something else needs.",
        "The other layer would see the changed value, or the backward pass would fail.",
    ),
    (
        "NS913",
        "A Linear on a picture.",
        "It works on the last axis alone, each row by itself; mostly a Flatten is missing.",
    ),
    (
        "NS914",
        "More outputs than the dataset has classes.",
        "The superfluous ones are trained to be never chosen; mostly the number is that of another dataset.",
    ),
    (
        "NS915",
        "Class numbers as amounts.",
        "A regression loss takes class 8 for twice class 4; classes have no such order.",
    ),
    (
        "NS920",
        "Not all of the promised sizes were checked.",
        "The network is too large for so many sizes; what lies beyond those that were checked is not proven.",
    ),
    ("NS916", "An ignore that ignores nothing.", "What it was for is gone, and it could hide the next one."),
    (
        "NS917",
        "A receptive field larger than the picture.",
        "Where each position already sees the whole picture, further windows bring nothing new: they cost as much as "
        "the others and add little. A larger picture, less striding or fewer layers serve better.",
    ),
    (
        "NS918",
        "A size that is wrong, in a layer that has no use for it.",
        "A norm without weights and without running statistics takes any number of channels, and torch does not look "
        "at the number that is written. With `affine: true` it would be an error.",
    ),
    (
        "NS919",
        "An output without a loss.",
        "The layers that only this output needs stay as they are at the start; what they give means nothing.",
    ),
    (
        "NS930",
        "A run goes on under other conditions.",
        "It ends well, but not with the very weights that it would have had; run.json keeps what was changed.",
    ),
    (
        "NS931",
        "The last checkpoint is damaged, and the one before it is used.",
        "What was trained since is trained again, with the same result; the disk may want a look.",
    ),
)

CODES: dict[str, Code] = {
    code.id: code
    for severity, rows in (("error", _ERRORS), ("warning", _WARNINGS))
    for code in (Code(id, severity, what, why) for id, what, why in rows)
}
