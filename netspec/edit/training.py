"""The routes of training: runs listed, started, stopped, resumed, followed, compared, scored, and asked."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from netspec.core.escapes import escaped_json
from netspec.core.files import ReadError
from netspec.core.installed import require_packages
from netspec.edit.answers import route
from netspec.edit.bodies import LARGEST_UPLOAD, BadRequest, body_of, fields_of, texts
from netspec.edit.files import Folder, Refused
from netspec.edit.networks import Networks
from netspec.edit.processes import Trainings
from netspec.edit.runs import Runs, entry_of

EVERY = 0.25  # seconds between looks at a run
MOST_COMPARED = 20
SUFFIXES = {
    *(".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".csv", ".tsv", ".txt", ".parquet"),
    *(".npy", ".npz", ".safetensors", ".pt", ".pth", ".xlsx", ".jsonl"),
}


class TrainingRoutes:
    """What the page asks about runs.

    Args:
        folder: of the specs, with `runs/` in it.
        options: that the commands get, such as `--allow-plugins`.
    """

    def __init__(self, folder: Folder, options: tuple[str, ...]) -> None:
        self.folder = folder
        self.runs = Runs(folder)
        self.trainings = Trainings(folder.root, options)
        self.networks = Networks(folder.root, options)
        self.ending = False

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            route("GET", "/runs", self.listed),
            route("POST", "/runs", self.start),
            route("POST", "/compare", self.compared),
            route("POST", "/runs/{name}/stop", self.stop),
            route("POST", "/runs/{name}/resume", self.resume),
            route("GET", "/runs/{name}/follow", self.follow),
            route("GET", "/runs/{name}/scores", self.scores),
            route("GET", "/runs/{name}/pictures/{file}", self.picture),
            route("POST", "/runs/{name}/predict", self.predict),
        ]

    async def end(self) -> None:
        """Stop what was started."""
        self.ending = True
        await self.networks.end()
        await self.trainings.end()

    async def listed(self, request: Request) -> Response:
        """GET: all runs with their epochs."""
        active = self.trainings.active
        return _json({"runs": await asyncio.to_thread(self.runs.listed, active), "active": sorted(active)})

    async def start(self, request: Request) -> Response:
        """POST: train a spec of the folder; the answer names the run."""
        require_packages("training")
        asked = await fields_of(request, spec=str, network=str, settings=list)
        spec, settings = self.folder.place(asked["spec"]), texts(asked["settings"])
        name = self.runs.free_name(asked["network"], self.trainings.active)
        where = self.runs.place(name).relative_to(self.folder.root)
        sets = [part for each in settings for part in ("--set", each)]
        arguments = ("--out", str(where), *sets, "--", str(spec.relative_to(self.folder.path)))
        await self.trainings.start(name, arguments)
        return _json({"name": name})

    async def resume(self, request: Request) -> Response:
        """POST: go on with a run, for more epochs where a setting says so."""
        require_packages("training")
        name = request.path_params["name"]
        settings = texts((await fields_of(request, settings=list))["settings"])
        where = self.runs.place(name).relative_to(self.folder.root)
        sets = [part for each in settings for part in ("--set", each)]
        await self.trainings.start(name, ("--resume", str(where), *sets))
        return _json({"name": name})

    async def stop(self, request: Request) -> Response:
        """POST: end a run as Ctrl-C does."""
        self.trainings.stop(request.path_params["name"])
        return _json({})

    async def follow(self, request: Request) -> Response:
        """GET: a run's epochs as they come, as server-sent events, until it is over."""
        name = request.path_params["name"]
        self.runs.place(name)
        return StreamingResponse(self._events(name), media_type="text/event-stream")

    async def _events(self, name: str) -> AsyncIterator[str]:
        told = None
        while not self.ending:
            training = self.trainings.started.get(name)
            active = training is not None and training.runs
            content: dict[str, Any] = {"name": name, "status": "starting" if active else "failed", "rows": []}
            with contextlib.suppress(ReadError, OSError):  # it has not begun yet, or never will
                content = entry_of(name, await asyncio.to_thread(self.runs.record, name), active)
            code = training.process.returncode if training is not None and not active else None
            content |= {
                "active": active,
                "code": code,
                "lines": [*training.lines][-40:] if training is not None else [],
            }
            text = escaped_json(json.dumps(content))
            if text != told:
                yield f"data: {text}\n\n"
            if not active:
                return
            told = text
            await asyncio.sleep(EVERY)

    async def compared(self, request: Request) -> Response:
        """POST: runs side by side."""
        names = texts((await fields_of(request, names=list))["names"], MOST_COMPARED)
        return _json(await asyncio.to_thread(self.runs.compared, [*names]))

    async def scores(self, request: Request) -> Response:
        """GET: what `netspec eval` says of a run, with its confusion matrix."""
        require_packages("scores")
        return _json(await self.networks.ask(self.runs.place(request.path_params["name"]), scores=True))

    async def picture(self, request: Request) -> Response:
        """GET: a picture that a run has drawn."""
        path = self.runs.picture(request.path_params["name"], request.path_params["file"])
        return Response(path.read_bytes(), media_type="image/png")

    async def predict(self, request: Request) -> Response:
        """POST: a file, which the run is asked about; `?file=` is its name."""
        require_packages("predictions")
        suffix = PurePosixPath(request.query_params.get("file", "")).suffix.lower()
        if suffix not in SUFFIXES:
            raise Refused(f"{suffix or 'a file without an ending'} is no picture, table or text")
        folder = self.runs.place(request.path_params["name"])
        content = await body_of(request, LARGEST_UPLOAD)
        if not content:
            raise BadRequest("an empty file")
        with tempfile.TemporaryDirectory(prefix="netspec-") as home:
            file = Path(home) / f"sample{suffix}"
            file.write_bytes(content)
            answer = await self.networks.ask(folder, file=str(file))
        shown = json.dumps(answer).replace(json.dumps(str(file))[1:-1], request.query_params["file"].replace('"', ""))
        return _json(json.loads(shown))


def _json(content: object) -> Response:
    return JSONResponse(content)
