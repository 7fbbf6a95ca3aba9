"""TensorBoard events, read back with TensorBoard's own reader."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.plugins.graph.graph_util import merge_graph_defs
from tensorboard.plugins.hparams import metadata

from netspec.checker import require
from netspec.language.load import load
from netspec.reports.tensorboard import graph_def
from netspec.trainer.train import Run
from tests.runner.test_figures import DIGITS
from tests.spec_cases import ROOT

Start = Callable[..., Run]


@pytest.fixture
def events(run: Start) -> EventAccumulator:
    """The events of a short run on digits."""
    found = EventAccumulator(str(run(DIGITS, "train.epochs=2").folder))
    found.Reload()
    return found


@pytest.mark.usefixtures("real_pictures")
def test_the_events_of_a_run(events: EventAccumulator) -> None:
    assert set(events.Tags()["images"]) == {"confusion_matrix", "mistakes"}
    shown = events.Images("mistakes")[-1]
    with Image.open(io.BytesIO(shown.encoded_image_string)) as picture:
        assert picture.size == (shown.width, shown.height)
    assert [event.step for event in events.Scalars("loss/val")] == [1, 2]


def test_the_settings_of_a_run(events: EventAccumulator) -> None:
    content = events.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
    settings = metadata.parse_session_start_info_plugin_data(content).hparams
    assert settings["train.optimizer.SGD.lr"].number_value == 0.1
    assert settings["train.loss"].string_value == "CrossEntropyLoss"
    content = events.SummaryMetadata(metadata.SESSION_END_INFO_TAG).plugin_data.content
    assert metadata.parse_session_end_info_plugin_data(content).status == 1  # api.proto: STATUS_SUCCESS


def test_the_graph_of_a_run(events: EventAccumulator) -> None:
    nodes = {node.name: node for node in events.Graph().node}
    assert list(nodes["1"].input) == ["0"]
    assert nodes["1"].op == "Linear"
    assert [dim.size for dim in nodes["1"].attr["_output_shapes"].list.shape[0].dim] == [-1, 10]


@pytest.mark.parametrize("name", ["googlenet", "lstm_classifier", "shufflenet_v2_x1_0", "vit_b_16"])
def test_the_graph_is_whole(name: str) -> None:
    report = require(load(ROOT / "specs" / f"{name}.yaml"))
    graph = GraphDef.FromString(graph_def(report).SerializeToString())
    names = [node.name for node in graph.node]
    assert len(names) == len(set(names))
    sources = {source.partition(":")[0] for node in graph.node for source in node.input}
    assert sources <= set(names)
    unread = set(names) - sources
    assert {node.op for node in graph.node if node.name in unread} == {"Output"}  # every layer's value is used
    modules = [node for node in graph.node if node.op not in ("Input", "Output")]
    assert sum(int(node.attr["parameters"].s) for node in modules) == report.parameters
    assert len(merge_graph_defs([graph, graph]).node) == 2 * len(names)  # as the graph page shows runs together
