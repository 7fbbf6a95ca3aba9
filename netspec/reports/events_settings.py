"""A run's settings for TensorBoard's HPARAMS page, which puts runs side by side."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from netspec.core.flat import Plain


def settings_begin(settings: Mapping[str, Plain]) -> Any:
    """The summary that a run's events begin with: its settings by their dotted paths.

    Which settings and measures there are, TensorBoard gathers from all runs that it shows.
    """
    from google.protobuf.struct_pb2 import Value  # type: ignore[import-untyped]  # has no types
    from tensorboard.plugins.hparams import metadata  # type: ignore[import-untyped]  # has no types
    from tensorboard.plugins.hparams.plugin_data_pb2 import (  # type: ignore[import-untyped]  # has no types
        HParamsPluginData,
        SessionStartInfo,
    )

    values = {}
    for key, value in settings.items():
        if isinstance(value, bool):
            values[key] = Value(bool_value=value)
        elif isinstance(value, int | float):
            values[key] = Value(number_value=value)
        else:
            values[key] = Value(string_value=str(value))
    start = SessionStartInfo(hparams=values, start_time_secs=time.time())
    return _summary(metadata.SESSION_START_INFO_TAG, HParamsPluginData(session_start_info=start))


def settings_end(status: str) -> Any:
    """The summary that tells how a run ended."""
    from tensorboard.plugins.hparams import api_pb2, metadata
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionEndInfo

    code = api_pb2.STATUS_FAILURE if status == "failed" else api_pb2.STATUS_SUCCESS
    end = SessionEndInfo(status=code, end_time_secs=time.time())
    return _summary(metadata.SESSION_END_INFO_TAG, HParamsPluginData(session_end_info=end))


def _summary(tag: str, content: Any) -> Any:
    from tensorboard.compat.proto.summary_pb2 import (  # type: ignore[import-untyped]  # has no types
        Summary,
        SummaryMetadata,
    )
    from tensorboard.plugins.hparams import metadata

    content.version = metadata.PLUGIN_DATA_VERSION
    plugin = SummaryMetadata.PluginData(plugin_name=metadata.PLUGIN_NAME, content=content.SerializeToString())
    described = SummaryMetadata(plugin_data=plugin)
    return Summary(value=[Summary.Value(tag=tag, metadata=described, tensor=metadata.NULL_TENSOR)])
