"""`netspec train --nproc N`: N processes of the same command by torchrun's launcher, and a word on how they ended."""

from __future__ import annotations

import signal
import sys
import uuid
from collections.abc import Sequence


def launch(arguments: Sequence[str], processes: int, restarts: int = 0) -> int:
    """Run `python -m netspec ARGUMENTS` in several processes of this machine, as torchrun does.

    Args:
        arguments: of the command, without those about processes.
        processes: how many.
        restarts: how often all of them are started again after one of them died.

    Returns:
        The exit code: that of the process that failed first, 128 + n where a signal n ended it; 0 where none did.
    """
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=restarts,
        monitor_interval=0.1,
    )
    try:
        elastic_launch(config, sys.executable)("-m", "netspec", *arguments)
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        code = failure.exitcode
        if code < 0:
            name = signal.Signals(-code).name
            print(
                f"netspec: process {rank} of {processes} was ended by {name}; the others were stopped", file=sys.stderr
            )
            return 128 - code
        return code
    except SignalException as error:
        return 128 + error.sigval
    return 0
