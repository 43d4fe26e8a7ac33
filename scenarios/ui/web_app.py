"""The web application of `handeye ui`: its pages, event streams and commands."""

from __future__ import annotations

import asyncio
import json
from importlib.resources import files
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from handeye.agent.approval import ALLOW_THIS, waiting_question_id
from handeye.agent.report.pages import environment, stylesheet
from handeye.agent.report.run_page import render_run_page
from handeye.agent.run_view import RUN_LABELS
from handeye.scenarios.ui.access import TokenAccess
from handeye.scenarios.ui.form import MODEL, config_of, form_fields, secret_names
from handeye.scenarios.ui.run_index import (
    RunIndex,
    file_signature,
    process_state,
    read_run_json,
    resumable,
    run_state,
)
from handeye.scenarios.ui.run_process import RunProcesses
from handeye.tools.errors import HandeyeError, UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp

FOLDER = Path(str(files(__package__)))
#: Seconds between two reads of the files for an event stream.
POLL_SECONDS = 0.25
#: The pages that handeye writes. Other HTML files, such as downloads of a run, are never displayed as a page.
PAGES = frozenset({"report.html"})
PICTURES = frozenset({".webp", ".png", ".jpg", ".jpeg", ".gif"})
#: A report has its own, stricter policy in it, with the hashes of its style and script.
REPORT_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
#: Tones of states that are not the status of a run: those of working runs and of attempts.
TONES = {"running": "work", "starting": "work", "waiting for you": "warn", "paused": "warn"}
TONES |= {"passed": "good", "error": "bad"}


class WebApp:
    """The pages and commands of the UI."""

    def __init__(self, runs: Path, output: Path, secrets: Path | None = None) -> None:
        """`secrets` is the file with the secrets of runs that are started here."""
        self.index, self.processes, self.secrets = RunIndex(runs, output), RunProcesses(runs), secrets
        self._templates = environment(FOLDER)
        self._templates.filters["tone"] = tone

    def app(self, token: str, port: int) -> ASGIApp:
        """The ASGI application, which serves only requests with the token."""
        run = "/{folder}/{name:path}"
        routes = [
            Route("/", self.home),
            Route("/events", self.home_events),
            Route("/start", self.start, methods=["POST"]),
            Route(f"/run{run}", self.run),
            Route(f"/events{run}", self.run_events),
            Route(f"/do{run}", self.do, methods=["POST"]),
            Route(f"/screen{run}", self.screen),
            Route(f"/files{run}", self.file),
            Route("/ui.css", _style),
            Route("/ui.js", _script),
        ]
        return TokenAccess(Starlette(routes=routes, exception_handlers={HandeyeError: _error_response}), token, port)

    async def home(self, request: Request) -> Response:  # noqa: ARG002
        """The page with all runs, and a form to start one."""
        return HTMLResponse(await run_in_threadpool(self._home))

    def _home(self) -> str:
        return self._templates.get_template("home.html.j2").render(
            runs=self.index.runs(self.processes),
            suite_runs=self.index.suite_runs(self.processes),
            suite=self.index.suite_summary(),
            fields=form_fields(),
            model_fields=MODEL,
            secrets=secret_names(self.secrets),
            script="",
        )

    async def home_events(self, request: Request) -> Response:
        """A stream with an event whenever a list changes."""
        return _stream(request, lambda: {"lists": hash(self._home())})

    async def start(self, request: Request) -> Response:
        """Start a run; responds with the URL of its page."""
        config = config_of(await _json(request), self.secrets)
        process = await run_in_threadpool(self.processes.start, config)
        return JSONResponse({"run": self.index.link(process.folder)})

    async def run(self, request: Request) -> Response:
        """The page of one run: its report, and the commands that are possible."""
        folder = self._folder(request)
        record = read_run_json(folder)
        page = self._templates.get_template("run.html.j2").render(
            run=f"{request.path_params['folder']}/{request.path_params['name']}",
            goal=(record.get("config") or {}).get("goal", "a run that starts"),
            script="",
        )
        return HTMLResponse(page)

    async def run_events(self, request: Request) -> Response:
        """A stream with the state of a run, whenever it changes."""
        folder = self._folder(request)
        return _stream(request, lambda: self._state(folder))

    def _state(self, folder: Path) -> dict[str, Any]:
        """The state of a run, as `ui.js` expects it."""
        record, process = read_run_json(folder), self.processes.at(folder)
        state, question, reason = run_state(folder, record), "", str(record.get("reason") or "")
        identity = waiting_question_id(record)
        active = process if process and not process.ended else None
        if active:
            state = process_state(active)
            question, identity, reason = active.question, active.question_id, active.message
        elif state == "waiting":
            question, reason = reason, ""
        elif process and not record:
            state, reason = "broken", process.reason
        has_screen = active and active.picture and active.state in ("paused", "asking")
        return {
            "state": state,
            "tone": tone(state),
            "question": question,
            "question_id": identity,
            "is_approval": ALLOW_THIS in question,
            "reason": reason,
            "controlled": active is not None,
            "pauses": bool(active and active.pauses),
            "resumable": active is None and state != "running" and resumable(record),
            "has_report": bool(record),
            "version": str(file_signature(folder)),
            "screen": active.message_count if active and has_screen else 0,
        }

    async def do(self, request: Request) -> Response:
        """Control a run: answer, pause, continue, stop, act; or resume a run that was stopped."""
        folder, command = self._folder(request), await _json(request)
        process = self.processes.at(folder)
        if command.get("do") in ("resume", "answer") and (process is None or process.ended):
            await self._resume(folder, command)
        elif process is None:
            raise UsageError("the run was not started here; control it in the program that started it")
        else:
            process.command(command)
        return JSONResponse({})

    async def _resume(self, folder: Path, command: dict[str, Any]) -> None:
        record = read_run_json(folder)
        if run_state(folder, record) == "running":
            raise UsageError("the run works in another process, which asks at its terminal")
        if not resumable(record):
            raise UsageError("the run has ended and cannot be resumed; start a new one")
        answer = str(command["answer"]) if command["do"] == "answer" and "answer" in command else None
        question = str(command.get("question") or "") if answer is not None else ""
        if question and question != waiting_question_id(record):
            raise UsageError("the run asks another question now; read it, and answer that one")
        await run_in_threadpool(self.processes.resume, folder, answer, question)

    async def screen(self, request: Request) -> Response:
        """The screen of a run that is paused."""
        process = self.processes.at(self._folder(request))
        if process is None or not process.picture:
            raise HTTPException(404)
        return Response(process.picture, media_type="image/webp")

    async def file(self, request: Request) -> Response:
        """A file of a run: reports and pictures are displayed, other files are downloaded."""
        folder, name = request.path_params["folder"], Path(request.path_params["name"])
        path = self.index.path(folder, str(name))
        if path is None and name.name in PAGES:
            path = self.index.path(folder, str(name.parent))
            if path is not None and path.is_dir():
                return await self._report(path)
        if path is None or not path.is_file():
            raise HTTPException(404)
        if path.name in PAGES and "downloads" not in path.parts:
            if (path.parent / "run.json").exists():
                return await self._report(path.parent)
            return FileResponse(path, headers={"Content-Security-Policy": REPORT_POLICY})
        if path.suffix in PICTURES:
            return FileResponse(path, media_type=guess_type(path.name)[0] or "image/webp")
        return FileResponse(path, media_type="application/octet-stream", filename=path.name)

    async def _report(self, folder: Path) -> Response:
        """The report of a run; rendered from its current state until the run has written one."""
        record = read_run_json(folder)
        ended = record.get("status") and run_state(folder, record) != "running"
        headers = {"Content-Security-Policy": REPORT_POLICY}
        if ended and (folder / "report.html").exists():
            return FileResponse(folder / "report.html", headers=headers)
        try:
            return HTMLResponse(await run_in_threadpool(render_run_page, folder), headers=headers)
        except UsageError:
            raise HTTPException(404) from None

    def _folder(self, request: Request) -> Path:
        path = self.index.path(request.path_params["folder"], request.path_params["name"])
        if path is None or not path.is_dir():
            raise HTTPException(404, "this run does not exist")
        return path


def tone(state: str) -> str:
    """The class that sets the colours of a displayed state."""
    if state in TONES:
        return TONES[state]
    label = RUN_LABELS.get(state.replace(" ", "_"))
    return label.tone if label else "calm"


def _stream(request: Request, read: Callable[[], dict[str, Any]]) -> StreamingResponse:
    """Server-sent events with the result of `read`, whenever it changes."""

    async def events() -> AsyncIterator[str]:
        last: dict[str, Any] | None = None
        while not await request.is_disconnected():
            current = await run_in_threadpool(read)
            if current != last:
                yield f"data: {json.dumps(current)}\n\n"
                last = current
            await asyncio.sleep(POLL_SECONDS)

    return StreamingResponse(events(), media_type="text/event-stream")


async def _style(request: Request) -> Response:  # noqa: ARG001
    return Response(stylesheet(FOLDER, "ui.css"), media_type="text/css")


async def _script(request: Request) -> Response:  # noqa: ARG001
    return FileResponse(FOLDER / "ui.js")


async def _json(request: Request) -> dict[str, Any]:
    try:
        content = await request.json()
    except ValueError as error:
        raise UsageError("the request is not JSON") from error
    if not isinstance(content, dict):
        raise UsageError("the request is not a JSON object")
    return content


async def _error_response(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return PlainTextResponse(str(error), 400)
