"""Warnings: what torch accepts and learns badly or in vain from."""

from __future__ import annotations

from netspec.ground.diagnostics import Diagnostic
from netspec.ground.shapes import Shape
from netspec.runner.byname import Choice
from netspec.runner.data import Data
from netspec.runner.places import output_size
from netspec.runner.problems import problem
from netspec.runner.targets import kind_of
from netspec.stages.spec import Report

_TWICE = {
    (
        "CrossEntropyLoss",
        "Softmax",
    ): "CrossEntropyLoss has a softmax in it: drop the last layer, or it is applied twice",
    ("CrossEntropyLoss", "LogSoftmax"): "CrossEntropyLoss has a log-softmax in it: drop the last layer, "
    "or take NLLLoss",
    ("CrossEntropyLoss", "Sigmoid"): "CrossEntropyLoss has a softmax in it: drop the Sigmoid before it",
    ("BCEWithLogitsLoss", "Sigmoid"): "BCEWithLogitsLoss has a sigmoid in it: drop the last layer, or take BCELoss",
    ("NLLLoss", "Linear"): "NLLLoss takes log-probabilities: add LogSoftmax, or take CrossEntropyLoss",
    ("NLLLoss", "Softmax"): "NLLLoss takes log-probabilities: make the last layer LogSoftmax",
}
_SHARES = {"Softmax": 1, "Softmin": 1, "softmax": 1, "LogSoftmax": 0}  # and what each gives for a single number


def advice_on_loss(loss: Choice, last: str, output: Shape) -> str | None:
    """A warning for pairs that torch accepts and that learn badly."""
    if last in _SHARES and output == (1,):
        advice = "make the last layer Sigmoid" if loss.name == "BCELoss" else "drop the last layer"
        return f"{last} of one number is always {_SHARES[last]}, so that nothing is learnt: {advice}"
    return _TWICE.get((loss.name, last))


def spare_outputs(report: Report, data: Data, loss: Choice, output: Shape) -> Diagnostic | None:
    """The warning that there are more outputs than classes: what is beyond them is never right."""
    classes = len(data.source.classes)
    if not classes or kind_of(loss.name) != "classes" or len(output) != 1 or output[0] <= classes:
        return None
    written = output_size(report)
    what = f"{data.node.value} has {classes} classes, the network gives {output[0]} outputs"
    advice = ("fix", f"out_features: {classes}" if written is not None else f"let the last layer give {classes}")
    (found,) = problem("NS904", what, written or data.node, advice).diagnostics
    return found
