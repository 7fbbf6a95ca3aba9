"""docs/cluster: the files' commands, run with torchrun, srun and netspec that note how they are called; their shape."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.spec_cases import ROOT

FILES = ROOT / "docs" / "cluster"
NOTES = """#!/bin/bash
printf '%s\\n' "$(basename "$0")" "$@" > {file}
if [ "$(basename "$0")" = srun ]; then shift; exec "$@"; fi
"""


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a script in a folder, with programs that note their arguments; gives those of torchrun, or of netspec."""
    bin = tmp_path / "bin"
    bin.mkdir()
    for name in ("torchrun", "srun", "netspec"):
        (bin / name).write_text(NOTES.format(file=tmp_path / f"{name}.txt"))
        (bin / name).chmod(0o755)
    (bin / "scontrol").write_text("#!/bin/bash\n[ \"$1 $2\" = 'show hostnames' ] && printf 'node7\\nnode8\\n'\n")
    (bin / "scontrol").chmod(0o755)

    def run(*command: str, program: str = "torchrun", **environment: str) -> list[str]:
        env = {"PATH": f"{bin}:/usr/bin:/bin", **environment}
        subprocess.run(command, cwd=tmp_path, env=env, check=True)
        return (tmp_path / f"{program}.txt").read_text().splitlines()[1:]

    return run


SLURM = {"SLURM_JOB_NODELIST": "node[7-8]", "SLURM_NNODES": "2", "SLURM_GPUS_ON_NODE": "4", "SLURM_JOB_ID": "31"}


def test_a_slurm_job_starts_torchrun_on_each_machine(call: Any, tmp_path: Path) -> None:
    script = str(FILES / "train.sbatch")
    told = call("bash", script, "net.yaml", "runs/big", **SLURM)
    options = dict(zip(told[:10:2], told[1:10:2], strict=True))
    assert options == {
        "--nnodes": "2",
        "--nproc-per-node": "4",
        "--rdzv-id": "31",
        "--rdzv-backend": "c10d",
        "--rdzv-endpoint": "node7:29500",
    }
    assert told[10:] == ["-m", "netspec", "train", "net.yaml", "--out", "runs/big"]
    (tmp_path / "runs" / "big").mkdir(parents=True)
    (tmp_path / "runs" / "big" / "run.json").write_text("{}")
    assert call("bash", script, "net.yaml", "runs/big", **SLURM)[10:] == [
        "-m",
        "netspec",
        "train",
        "--resume",
        "runs/big",
    ]


def test_torchrun_has_these_options() -> None:
    from torch.distributed.run import get_args_parser

    options = {option for action in get_args_parser()._actions for option in action.option_strings}
    assert {"--nnodes", "--nproc-per-node", "--rdzv-id", "--rdzv-backend", "--rdzv-endpoint", "-m"} <= options


def test_a_task_of_an_array_searches(call: Any) -> None:
    told = call("bash", str(FILES / "tune.sbatch"), "net.yaml", "200", program="netspec", SLURM_ARRAY_TASK_ID="3")
    assert told == ["tune", "net.yaml", "--trials", "200", "--storage", "search.journal", "--out", "runs/search-3"]
    from netspec.cli.tune import command

    options = {option for parameter in command.params for option in parameter.opts}
    assert {"--trials", "--storage", "--out"} <= options


@pytest.mark.parametrize("name", ["train.sbatch", "tune.sbatch"])
def test_slurms_options_stand_before_all_commands(name: str) -> None:
    """sbatch reads them up to the first line that is no comment."""
    lines = (FILES / name).read_text().splitlines()
    assert lines[0] == "#!/bin/bash"
    first = next(number for number, line in enumerate(lines) if line and not line.startswith("#"))
    assert all(number < first for number, line in enumerate(lines) if line.startswith("#SBATCH "))
    assert any(line.startswith("#SBATCH --time=") for line in lines)


def test_the_pytorchjob_is_one(call: Any, tmp_path: Path) -> None:
    job = yaml.safe_load((FILES / "pytorchjob.yaml").read_text())
    assert (job["apiVersion"], job["kind"]) == ("kubeflow.org/v1", "PyTorchJob")
    spec, worker = job["spec"], job["spec"]["pytorchReplicaSpecs"]["Worker"]
    policy = spec["elasticPolicy"]
    assert policy["minReplicas"] == policy["maxReplicas"] == worker["replicas"]
    assert policy["rdzvBackend"] == "c10d"
    assert worker["restartPolicy"] in ("Always", "OnFailure", "Never", "ExitCode")
    pod = worker["template"]["spec"]
    (container,) = pod["containers"]
    assert container["name"] == "pytorch"
    assert str(container["resources"]["limits"]["nvidia.com/gpu"]) == spec["nprocPerNode"]
    assert {each["name"] for each in container["volumeMounts"]} == {each["name"] for each in pod["volumes"]}
    env = {each["name"]: each["value"] for each in container["env"]}
    assert all(isinstance(value, str) for value in env.values())
    env["RUN"] = str(tmp_path / "run")
    told = call(*container["command"], *container["args"], **env)
    assert told == ["-m", "netspec", "train", "/spec/net.yaml", "--out", env["RUN"]]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text(json.dumps({}))
    assert call(*container["command"], *container["args"], **env)[2:] == ["train", "--resume", env["RUN"]]


def test_the_page_names_the_files() -> None:
    page = (ROOT / "docs" / "cluster.md").read_text()
    assert [file.name for file in FILES.iterdir() if f"docs/cluster/{file.name}" not in page] == []
