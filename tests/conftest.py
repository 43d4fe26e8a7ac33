"""For every test: a small InternVL checkpoint, and a real vLLM that serves it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

from tests.vllm_env import ENVIRONMENT

# A shell has what it starts in the background ignore Ctrl-C, and so do its children: tests that press it would wait.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

HERE = Path(__file__).resolve().parent
#: A model of 1 MB is up in half a minute on two cores, in minutes where they are busy; more than this is a failure.
START_SECONDS = 900
#: Exact numbers, and no compiler.
VLLM_FLAGS = ("--dtype", "float32", "--enforce-eager")


def cannot(reason: str) -> NoReturn:
    """Skip aloud, or fail where the real thing is required."""
    if os.environ.get("HANDEYE_REQUIRE_VLLM") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The file whose server takes longest to start comes first, so that it does not end last."""
    items.sort(key=lambda item: item.get_closest_marker("vllm") is None)


@pytest.fixture(autouse=True)
def _same_dice_every_time() -> None:
    """Sampled answers are drawn by torch's own dice: the same ones in every run, whatever ran before."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(7)


@pytest.fixture(scope="session")
def small_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random InternVL checkpoint; not to be changed."""
    try:
        import torch  # noqa: F401
        import transformers  # noqa: F401
    except ImportError:
        cannot("a small checkpoint needs: pip install 'handeye[transformers]'")
    from handeye.perception.engines.in_process.small_checkpoint import build_small_checkpoint

    return build_small_checkpoint(tmp_path_factory.mktemp("models") / "small-internvl")


@pytest.fixture(scope="session")
def vllm_python() -> str:
    """The Python of an environment with a vLLM for the CPU; `vllm_env.ENVIRONMENT` is what it needs to run."""
    try:
        built = subprocess.run(
            [sys.executable, str(HERE / "vllm_env.py")], check=True, capture_output=True, text=True, timeout=1500
        )
    except (subprocess.SubprocessError, OSError) as error:
        said = getattr(error, "stderr", "") or str(error)
        cannot(f"vLLM's environment could not be built: {str(said)[-600:]}")
    return built.stdout.strip()


@pytest.fixture(scope="session")
def vllm_server(small_checkpoint: Path, vllm_python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real vLLM on the CPU that `handeye serve` runs; its model is called `small-internvl`."""
    words = ["serve", str(small_checkpoint), "--vllm", vllm_python, "--json", "--images", "2"]
    words += ["--log", str(tmp_path_factory.mktemp("vllm") / "vllm.log"), "--start-seconds", str(START_SECONDS)]
    words += ["--max-model-len", "8192", "--", *VLLM_FLAGS]
    server = subprocess.Popen(
        [sys.executable, "-m", "handeye.agent", *words],
        env=os.environ | ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    with server:
        assert server.stdout
        said = json.loads(server.stdout.readline() or "{}")
        if not said.get("url"):
            cannot(f"vLLM did not start: {said}")
        try:
            yield said["url"]
        finally:
            server.terminate()
    assert server.returncode == 0


# How long an example takes depends on what else the machine does; it says nothing about the code.
settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")
