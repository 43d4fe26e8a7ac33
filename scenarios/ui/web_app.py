"""The pages of `handeye ui`, and what they ask for."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from importlib.resources import files
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from handeye.agent.approval import ALLOW_THIS, waiting_question_id
from handeye.agent.report.run_page import RUN_LABELS, render_run_page
from handeye.scenarios.ui.access import TokenAccess
from handeye.scenarios.ui.form import MODEL, config_of, form_fields, secret_names
from handeye.scenarios.ui.run_index import RunIndex, file_signature, read_run_json, resumable, run_state
from handeye.scenarios.ui.run_process import RunProcesses
from handeye.tools.errors import HandeyeError, UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp

HERE = Path(str(files(__package__)))
#: Seconds between two looks at the files.
PAUSE = 0.25
#: A page of ours by its name only: what pages have given to a run lies there as well, and is never shown as one.
PAGES = frozenset({"report.html"})
PICTURES = frozenset({".webp", ".png", ".jpg", ".jpeg", ".gif"})
#: Reports hold their own style and script, by digests that stand in them.
OF_REPORTS = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
#: How states are painted that are no verdicts.
PAINTS = {"at work": "work", "asks you": "warn", "held": "warn", "starts": "work"}


class WebApp:
    """The application."""

    def __init__(self, runs: Path, output: Path, secrets: Path | None = None) -> None:
        """`secrets`: the file that started runs have theirs from."""
        self.shelf, self.runs, self.secrets = RunIndex(runs, output), RunProcesses(runs), secrets
        self._templates = Environment(
            loader=FileSystemLoader(HERE),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["paint"] = paint

    def app(self, token: str, port: int) -> ASGIApp:
        """Behind a token."""
        at = "/{place}/{name:path}"
        routes = [
            Route("/", self.home),
            Route("/events", self.home_events),
            Route("/start", self.start, methods=["POST"]),
            Route(f"/run{at}", self.run),
            Route(f"/events{at}", self.run_events),
            Route(f"/do{at}", self.do, methods=["POST"]),
            Route(f"/screen{at}", self.screen),
            Route(f"/files{at}", self.file),
            Route("/ui.css", partial(_asset, "ui.css")),
            Route("/ui.js", partial(_asset, "ui.js")),
        ]
        return TokenAccess(Starlette(routes=routes, exception_handlers={HandeyeError: _told}), token, port)

    async def home(self, request: Request) -> Response:  # noqa: ARG002
        """All runs, and a form to start one."""
        return HTMLResponse(await run_in_threadpool(self._home))

    def _home(self) -> str:
        return self._templates.get_template("home.html.j2").render(
            runs=self.shelf.runs(self.runs),
            trials=self.shelf.trials(self.runs),
            tests=self.shelf.tests(),
            fields=form_fields(),
            model_fields=MODEL,
            secrets=secret_names(self.secrets),
        )

    async def home_events(self, request: Request) -> Response:
        """Tells when the lists are others."""
        return _stream(request, lambda: {"lists": hash(self._home())})

    async def start(self, request: Request) -> Response:
        """Start a run; answers with its page's address."""
        config = config_of(await _json(request), self.secrets)
        started = await run_in_threadpool(self.runs.start, config)
        return JSONResponse({"run": self.shelf.link(started.folder)})

    async def run(self, request: Request) -> Response:
        """One run's page: its report, and what can be done with it."""
        folder, at = self._folder(request), self._at(request)
        notes = read_run_json(folder)
        page = self._templates.get_template("run.html.j2").render(
            at=at,
            goal=(notes.get("config") or {}).get("goal", "a run that starts"),
            ours=self.runs.at(folder) is not None,
        )
        return HTMLResponse(page)

    async def run_events(self, request: Request) -> Response:
        """Tells how a run stands, whenever that changes."""
        folder = self._folder(request)
        return _stream(request, lambda: self._standing(folder))

    def _standing(self, folder: Path) -> dict[str, Any]:
        notes, ours = read_run_json(folder), self.runs.at(folder)
        led = ours is not None and not ours.over
        state, question, reason = run_state(folder, notes), "", str(notes.get("reason") or "")
        identity = waiting_question_id(notes)
        if ours and led:
            state = {"asks": "asks you", "held": "held", "starts": "starts"}.get(ours.state, "at work")
            question, identity, reason = ours.question, ours.question_id, ours.said
        elif state == "waiting":
            question, reason = reason, ""
        elif ours and not notes:
            state, reason = "broken", ours.reason
        return {
            "state": state,
            "paint": paint(state),
            "question": question,
            "question_id": identity,
            "allow": ALLOW_THIS in question,
            "reason": reason,
            "led": led,
            "holds": bool(ours and led and ours.holds),
            "resumable": not led and state != "at work" and resumable(notes),
            "has_page": bool(notes),
            "seen": str(file_signature(folder)),
            "screen": ours.turn if ours and led and ours.picture and ours.state in ("held", "asks") else 0,
        }

    async def do(self, request: Request) -> Response:
        """Lead a run: answer, hold, go, stop, hand; or resume one that has stopped."""
        folder, given = self._folder(request), await _json(request)
        ours = self.runs.at(folder)
        if given.get("do") in ("resume", "answer") and (ours is None or ours.over):
            if run_state(folder, read_run_json(folder)) == "at work":
                raise UsageError("the run is at work in another process, which asks at its terminal")
            if not resumable(read_run_json(folder)):
                raise UsageError("the run has ended and cannot be resumed; start a new one")
            answer = str(given["answer"]) if given["do"] == "answer" and "answer" in given else None
            question = str(given.get("question") or "") if answer is not None else ""
            if question and question != waiting_question_id(read_run_json(folder)):
                raise UsageError("the run asks another question by now; read it, and answer that one")
            await run_in_threadpool(self.runs.resume, folder, answer, question)
        elif ours is None:
            raise UsageError("the run was not started here; lead it where it was")
        else:
            ours.want(given)
        return JSONResponse({})

    async def screen(self, request: Request) -> Response:
        """The screen of a run that is held."""
        ours = self.runs.at(self._folder(request))
        if ours is None or not ours.picture:
            raise HTTPException(404)
        return Response(ours.picture, media_type="image/webp")

    async def file(self, request: Request) -> Response:
        """A file of a run: reports and pictures are shown, everything else is saved."""
        path = self.shelf.path(request.path_params["place"], request.path_params["name"])
        if path is None and Path(request.path_params["name"]).name in PAGES:
            path = self.shelf.path(request.path_params["place"], str(Path(request.path_params["name"]).parent))
            if path is not None and path.is_dir():
                return await self._report(path)
        if path is None or not path.is_file():
            raise HTTPException(404)
        if path.name in PAGES and "downloads" not in path.parts:
            if (path.parent / "run.json").exists():
                return await self._report(path.parent)
            return FileResponse(path, headers={"Content-Security-Policy": OF_REPORTS})
        if path.suffix in PICTURES:
            return FileResponse(path, media_type=guess_type(path.name)[0] or "image/webp")
        return FileResponse(path, media_type="application/octet-stream", filename=path.name)

    async def _report(self, folder: Path) -> Response:
        """The report as the run stands now, rendered anew while it has none of its own."""
        ended = read_run_json(folder).get("status") and run_state(folder, read_run_json(folder)) != "at work"
        headers = {"Content-Security-Policy": OF_REPORTS}
        if ended and (folder / "report.html").exists():
            return FileResponse(folder / "report.html", headers=headers)
        try:
            return HTMLResponse(await run_in_threadpool(render_run_page, folder), headers=headers)
        except UsageError:
            raise HTTPException(404) from None

    def _folder(self, request: Request) -> Path:
        path = self.shelf.path(request.path_params["place"], request.path_params["name"])
        if path is None or not path.is_dir():
            raise HTTPException(404, "there is no such run")
        return path

    def _at(self, request: Request) -> str:
        return f"{request.path_params['place']}/{request.path_params['name']}"


def paint(state: str) -> str:
    """The colour of a state."""
    return PAINTS.get(state) or RUN_LABELS.get(state.replace(" ", "_"), ("", "calm"))[1]


def _stream(request: Request, look: Callable[[], dict[str, Any]]) -> StreamingResponse:
    """What `look` says, whenever it says something else, as server-sent events."""

    async def events() -> AsyncIterator[str]:
        last: dict[str, Any] | None = None
        while not await request.is_disconnected():
            now = await run_in_threadpool(look)
            if now != last:
                yield f"data: {json.dumps(now)}\n\n"
                last = now
            await asyncio.sleep(PAUSE)

    return StreamingResponse(events(), media_type="text/event-stream")


async def _asset(name: str, request: Request) -> Response:  # noqa: ARG001
    return FileResponse(HERE / name)


async def _json(request: Request) -> dict[str, Any]:
    try:
        given = await request.json()
    except ValueError as error:
        raise UsageError("what was sent is no JSON") from error
    if not isinstance(given, dict):
        raise UsageError("what was sent is no JSON object")
    return given


async def _told(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return PlainTextResponse(str(error), 400)
