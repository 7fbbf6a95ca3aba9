"""`netspec train --nproc N`: N processes of one command by torchrun's launcher → the exit code of all."""

from __future__ import annotations

import logging
import os
import signal
import sys
import uuid
from collections.abc import Sequence


def launch(arguments: Sequence[str], processes: int, restarts: int = 0) -> int:
    """Run `python -m netspec ARGUMENTS` in several processes of this machine, as torchrun does.

    Args:
        arguments: of the command, without those about processes.
        processes: their number.
        restarts: how often all of them are started again after one has died.

    Returns:
        The exit code of the process that failed first, 128 + n where signal n ended it; 0 where none failed.
    """
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.api import DefaultLogsSpecs
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)  # _exit_code prints what matters
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=restarts,
        monitor_interval=0.1,
        logs_specs=DefaultLogsSpecs(log_dir=os.devnull),  # else a folder stays in /tmp
    )
    try:
        elastic_launch(config, sys.executable)("-m", "netspec", *arguments)
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        return _exit_code(rank, failure.exitcode, processes)
    except SignalException as error:
        return 128 + int(error.sigval)
    return 0


def _exit_code(rank: int, exitcode: int, processes: int) -> int:
    """The exit code of the process that failed first; prints which signal ended it, which it could not do itself."""
    if exitcode >= 0:
        return exitcode
    name = signal.Signals(-exitcode).name
    print(f"netspec: process {rank} of {processes} (from 0) was ended by {name}; so the others end", file=sys.stderr)
    return 128 - exitcode
