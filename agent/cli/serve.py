"""`handeye serve`: a vLLM for a checkpoint, for as long as the command runs."""

from __future__ import annotations

import os
import signal
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from handeye.agent.cli.console import Json, note_console, print_json, report_errors
from handeye.tools.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

NOTHING: dict[str, Any] = {"url": None, "model": None, "pid": None, "log": None}


def serve(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A checkpoint's folder or Hugging Face id.")],
    extra: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- VLLM-FLAGS]",
            help="Flags of vLLM's own, after two dashes; else those in HANDEYE_VLLM_FLAGS.",
            show_default=False,
        ),
    ] = None,
    vllm: Annotated[
        str,
        typer.Option(
            envvar="HANDEYE_VLLM",
            metavar="PATH",
            help="vLLM's executable, a python that has it, or the folder of its environment.",
            show_default="this environment's, else the one on PATH",
        ),
    ] = "",
    port: Annotated[int, typer.Option(envvar="HANDEYE_PORT", min=0, max=65535, help="0 takes a free one.")] = 0,
    max_tiles: Annotated[
        int, typer.Option(envvar="HANDEYE_MAX_TILES", min=1, max=40, help="Tiles a screenshot is cut into.")
    ] = 12,
    images: Annotated[int, typer.Option(envvar="HANDEYE_IMAGES", min=1, help="Most pictures of one question.")] = 4,
    max_model_len: Annotated[
        int,
        typer.Option(
            envvar="HANDEYE_MAX_MODEL_LEN",
            min=0,
            help="Most tokens of a question and its answer.",
            show_default="room for a screenshot and a history",
        ),
    ] = 0,
    dtype: Annotated[
        str, typer.Option(envvar="HANDEYE_DTYPE", metavar="auto|bf16|fp16|fp32", help="Number format of the weights.")
    ] = "auto",
    quantize: Annotated[
        str,
        typer.Option(
            envvar="HANDEYE_QUANTIZE", metavar="none|8bit|4bit", help="Smaller weights: fp8, or bitsandbytes."
        ),
    ] = "none",
    revision: Annotated[
        str | None, typer.Option(envvar="HANDEYE_REVISION", help="A checkpoint's revision on the Hugging Face hub.")
    ] = None,
    tensor_parallel: Annotated[
        int,
        typer.Option(
            envvar="HANDEYE_TENSOR_PARALLEL",
            min=0,
            help="GPUs that share one copy of the model.",
            show_default="as few as hold it",
        ),
    ] = 0,
    data_parallel: Annotated[
        int,
        typer.Option(
            envvar="HANDEYE_DATA_PARALLEL",
            min=0,
            help="Copies of the model.",
            show_default="as many as the GPUs hold",
        ),
    ] = 0,
    trust_remote_code: Annotated[
        bool,
        typer.Option(
            "--trust-remote-code",
            envvar="HANDEYE_TRUST_REMOTE_CODE",
            help="Run the code that a checkpoint in InternVL's original format brings; without this you are asked.",
        ),
    ] = False,
    start_seconds: Annotated[
        float, typer.Option(envvar="HANDEYE_START_SECONDS", min=1, help="How long it may take until it answers.")
    ] = 3600.0,
    log: Annotated[
        Path | None,
        typer.Option(envvar="HANDEYE_LOG", help="Where vLLM's log goes.", show_default="the user's log folder"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Start vLLM for a model with the right flags, say how to use it, and end it with Ctrl-C.

    It listens on this machine only, and ends when this command ends, however that ends.

    [b]Example[/b]: handeye serve OpenGVLab/InternVL3-8B-hf --max-tiles 24
    """
    from handeye.perception.engines.serving.vllm_plan import ServeOptions
    from handeye.perception.engines.serving.vllm_server import VllmServer, extra_flags, plan_server

    console = note_console()
    with _terminable():
        with report_errors(as_json, **NOTHING):
            wishes = ServeOptions(
                trust_remote_code=trust_remote_code,
                images=images,
                max_model_len=max_model_len,
                tensor_parallel=tensor_parallel,
                data_parallel=data_parallel,
                extra=tuple(extra or ()) or extra_flags(),
            )
            options = _options(max_tiles=max_tiles, dtype=dtype, quantize=quantize, revision=revision)
            order = plan_server(model, options, wishes, vllm=vllm, port=port, log=log, trust=_asked(console))
            what = f"starting vLLM with {escape(order.name)}"
            with console.status(what) as status:
                server = VllmServer.start(
                    order, lambda line: status.update(f"{what}: [dim]{escape(line)}[/]"), start_seconds
                )
        with report_errors(), closing(server):
            _show(server, console, as_json)
            try:
                server.wait()
            except KeyboardInterrupt:
                console.print("stopping")
            else:
                raise ModelError(f"vLLM ended: {server.trouble()}")


def _show(server: Any, console: Console, as_json: bool) -> None:
    order = server.order
    for note in server.notes:
        console.print(f"[dim]{escape(note)}[/]")
    if as_json:
        print_json({"url": order.url, "model": order.name, "pid": os.getpid(), "log": str(order.log)})
        return
    tiles = f" --max-tiles {order.options.max_tiles}" if order.options.max_tiles != 12 else ""
    console.print(f"[green]ready[/]: {escape(order.name)} at {order.url}   [dim]log: {escape(str(order.log))}[/]")
    console.print(f"use it:   handeye run GOAL --model {order.url}{tiles}", highlight=False, soft_wrap=True)
    console.print("[dim]Ctrl-C ends it[/]")


def _options(**chosen: Any) -> Any:
    from pydantic import ValidationError

    from handeye.perception.engines.options import EngineOptions
    from handeye.tools.errors import UsageError

    try:
        return EngineOptions.model_validate(chosen)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"--{first['loc'][0]} {first['input']!r}: {first['msg'].lower()}") from error


def _asked(console: Console) -> Any:
    """Ask at the terminal whether a model's own code may run; no without one."""

    def ask(model: str) -> bool:
        import sys

        if not sys.stdin.isatty():
            return False
        console.print(f"[yellow]{escape(model)} brings Python code of its own, which vLLM would run.[/]")
        return typer.confirm("Run it?", default=False, err=True)

    return ask


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM ends the server as Ctrl-C does."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
