"""`handeye serve`: run vLLM for a checkpoint until the command ends."""

from __future__ import annotations

import os
import signal
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from handeye.agent.cli.console import note_console, print_json, report_errors
from handeye.agent.cli.flags import GivenOptions, Json, with_options
from handeye.tools.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

#: The JSON of a server that did not start.
NO_SERVER: dict[str, Any] = {"url": None, "model": None, "pid": None, "log": None}


ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="A checkpoint's folder or Hugging Face id.")]
ExtraArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[-- VLLM-FLAGS]",
        help="Flags of vLLM itself, after two dashes. Without them, those in HANDEYE_VLLM_FLAGS.",
        show_default=False,
    ),
]
VllmFlag = Annotated[
    str,
    typer.Option(
        envvar="HANDEYE_VLLM",
        metavar="PATH",
        help="Executable of vLLM, a Python that has it, or the folder of its virtual environment.",
        show_default="this environment's, else the one on PATH",
    ),
]
PortFlag = Annotated[
    int, typer.Option(envvar="HANDEYE_PORT", min=0, max=65535, help="Port on 127.0.0.1. 0 uses a free port.")
]
ImagesFlag = Annotated[
    int, typer.Option(envvar="HANDEYE_IMAGES", min=1, help="Largest number of images in one request.")
]
MaxModelLenFlag = Annotated[
    int,
    typer.Option(
        envvar="HANDEYE_MAX_MODEL_LEN",
        min=0,
        help="Largest number of tokens of a request and its answer.",
        show_default="room for a screenshot and a history",
    ),
]
TensorParallelFlag = Annotated[
    int,
    typer.Option(
        envvar="HANDEYE_TENSOR_PARALLEL",
        min=0,
        help="Number of GPUs that share one copy of the model.",
        show_default="as few as hold it",
    ),
]
DataParallelFlag = Annotated[
    int,
    typer.Option(
        envvar="HANDEYE_DATA_PARALLEL",
        min=0,
        help="Number of copies of the model.",
        show_default="as many as the GPUs hold",
    ),
]
TrustRemoteCodeFlag = Annotated[
    bool,
    typer.Option(
        "--trust-remote-code",
        envvar="HANDEYE_TRUST_REMOTE_CODE",
        help="Run the Python code of a checkpoint in InternVL's original format. Without this flag handeye asks you.",
    ),
]
StartSecondsFlag = Annotated[
    float, typer.Option(envvar="HANDEYE_START_SECONDS", min=1, help="Timeout in seconds for the start.")
]
LogFlag = Annotated[
    Path | None,
    typer.Option(
        envvar="HANDEYE_LOG", metavar="FILE", help="File of vLLM's log.", show_default="the user's log folder"
    ),
]


@with_options("max_tiles", "dtype", "quantize", "revision")
def serve(
    model: ModelArgument,
    options: GivenOptions,
    extra: ExtraArgument = None,
    vllm: VllmFlag = "",
    port: PortFlag = 0,
    images: ImagesFlag = 4,
    max_model_len: MaxModelLenFlag = 0,
    tensor_parallel: TensorParallelFlag = 0,
    data_parallel: DataParallelFlag = 0,
    trust_remote_code: TrustRemoteCodeFlag = False,
    start_seconds: StartSecondsFlag = 3600.0,
    log: LogFlag = None,
    as_json: Json = False,
) -> None:
    """Start vLLM for a model with the right flags. Ctrl-C ends it.

    It listens on this machine only, and ends with this command in any case.

    [b]Example[/b]: handeye serve OpenGVLab/InternVL3-8B-hf --max-tiles 24
    """
    from handeye.perception.engines.serving.vllm_plan import ServeOptions
    from handeye.perception.engines.serving.vllm_server import VllmServer, extra_flags, plan_server

    console = note_console()
    with _interrupt_on_sigterm():
        with report_errors(as_json, **NO_SERVER):
            wishes = ServeOptions(
                trust_remote_code=trust_remote_code,
                images=images,
                max_model_len=max_model_len,
                tensor_parallel=tensor_parallel,
                data_parallel=data_parallel,
                extra=tuple(extra or ()) or extra_flags(),
            )
            order = plan_server(
                model, options.checked().options, wishes, vllm=vllm, port=port, log=log, trust=_trust_prompt(console)
            )
            what = f"starting vLLM with {escape(order.name)}"
            with console.status(what) as status:
                server = VllmServer.start(
                    order, lambda line: status.update(f"{what}: [dim]{escape(line)}[/]"), start_seconds
                )
        with report_errors(), closing(server):
            _print_address(server, console, as_json)
            try:
                server.wait()
            except KeyboardInterrupt:
                console.print("stopping")
            else:
                raise ModelError(f"vLLM ended: {server.trouble()}")


def _print_address(server: Any, console: Console, as_json: bool) -> None:
    order = server.order
    for note in server.notes:
        console.print(f"[dim]{escape(note)}[/]")
    if as_json:
        print_json({"url": order.url, "model": order.name, "pid": os.getpid(), "log": str(order.log)})
        return
    tiles = f" --max-tiles {order.options.max_tiles}" if order.options.max_tiles != 12 else ""
    console.print(f"[green]ready[/]: {escape(order.name)} at {order.url}   [dim]log: {escape(str(order.log))}[/]")
    console.print(f"use it:   handeye run GOAL --model {order.url}{tiles}", highlight=False, soft_wrap=True)
    console.print("[dim]Ctrl-C stops the server[/]")


def _trust_prompt(console: Console) -> Any:
    """A function that asks at the terminal whether the code of a model may run. Without a terminal the answer is no."""

    def ask(model: str) -> bool:
        import sys

        if not sys.stdin.isatty():
            return False
        console.print(f"[yellow]{escape(model)} contains Python code, which vLLM would run.[/]")
        return typer.confirm("Run it?", default=False, err=True)

    return ask


@contextmanager
def _interrupt_on_sigterm() -> Iterator[None]:
    """Let SIGTERM end the server like Ctrl-C."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
