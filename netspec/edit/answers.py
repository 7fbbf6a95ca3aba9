"""Routes whose exceptions are answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from netspec.core.files import ReadError
from netspec.core.installed import MissingPackageError
from netspec.edit.bodies import BadRequest
from netspec.edit.files import Changed, Refused

Handler = Callable[[Request], Awaitable[Response]]


def route(method: str, path: str, handler: Handler) -> Route:
    """A route.

    Args:
        method: of HTTP.
        path: as Starlette has it.
        handler: answers. Its exceptions are answers too: 400 what the page does not send, 403 a place outside the
            folder, 409 a file that has changed, 422 what cannot be read, written or done.
    """

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except BadRequest as error:
            return _fault(400, error)
        except Refused as error:
            return _fault(403, error)
        except Changed as changed:
            return JSONResponse({"error": str(changed), "now": changed.now.json()}, 409)
        except (ReadError, MissingPackageError) as error:
            return _fault(422, error)

    return Route(path, answer, methods=[method])


def _fault(status: int, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status)
