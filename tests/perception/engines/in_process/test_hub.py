"""Checkpoints by their Hugging Face id, from a hub that says no in each of the ways it does."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from handeye.perception.engines import EngineOptions, open_engine
from handeye.perception.engines.in_process.checkpoint import translate_hub_errors
from handeye.tools.errors import ModelError, SetupError

pytestmark = pytest.mark.model


class Hub:
    """A hub that answers every request with one status and one of the hub's own error codes."""

    def __init__(self) -> None:
        self.status, self.code, self.body, self.asked = 404, "", b"", 0
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.asked += 1
                self.send_response(hub.status)
                self.send_header("Content-Length", str(len(hub.body)))
                if hub.code:
                    self.send_header("X-Error-Code", hub.code)
                    self.send_header("X-Error-Message", hub.code)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(hub.body)

            do_HEAD = do_GET  # noqa: N815 - named by the protocol

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """The hub that checkpoints come from, with an empty store on this side."""
    from huggingface_hub import constants

    made = Hub()
    monkeypatch.setattr(constants, "ENDPOINT", made.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", made.url + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "store"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    # It asks again for half a minute, and would rest between.
    monkeypatch.setattr("huggingface_hub.utils._http.time", SimpleNamespace(sleep=lambda _: None))
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield made
    made.close()


ANSWERS = {
    "gated": (403, "GatedRepo", "asks for consent to its terms; give it at https://huggingface.co/somebody/model"),
    "unknown": (404, "RepoNotFound", "the Hugging Face hub has no somebody/model, or it is private; check the name"),
    "revision": (404, "RevisionNotFound", "somebody/model has no such --revision"),
    "no such file": (
        404,
        "EntryNotFound",
        "somebody/model lacks a file that transformers needs; give a checkpoint in its format",
    ),
    "busy": (429, "", "the Hugging Face hub answered 429 for somebody/model; try again in a minute"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_a_hub_refuses_is_one_sentence_with_the_remedy(hub: Hub, name: str) -> None:
    hub.status, hub.code, message = ANSWERS[name]
    with pytest.raises(ModelError, match=message) as caught:
        open_engine("somebody/model", EngineOptions(revision="v9"))
    assert "\n" not in str(caught.value)
    assert hub.asked


def test_a_hub_that_cannot_be_reached_is_reported_and_what_to_look_at(hub: Hub) -> None:
    hub.close()
    with pytest.raises(ModelError, match="could not be reached for somebody/model, which is not stored here; check"):
        open_engine("somebody/model")


def test_offline_by_choice_is_reported_alike(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=r"could not be reached for somebody/model.*HF_HUB_OFFLINE"):
        open_engine("somebody/model")


def test_what_is_stored_here_is_loaded_by_its_id_without_the_hub(
    hub: Hub, small_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    stored = tmp_path / "store" / "models--OpenGVLab--InternVL3-1B-hf"
    (stored / "refs").mkdir(parents=True)
    (stored / "refs" / "main").write_text("0" * 40)
    shutil.copytree(small_checkpoint, stored / "snapshots" / ("0" * 40))
    engine = open_engine("OpenGVLab/InternVL3-1B")
    assert engine.name == "OpenGVLab/InternVL3-1B-hf"
    assert engine.profile.name == "internvl3"
    assert "OpenGVLab/InternVL3-1B is in the original format: using its twin OpenGVLab/InternVL3-1B-hf" in engine.notes
    assert hub.asked == 0


def _fail(error: Exception) -> None:
    with translate_hub_errors("a/b", "check"):
        try:
            raise error
        except Exception as cause:
            raise RuntimeError("loading failed\nin many\nlines") from cause


def test_a_missing_package_of_this_machine_is_reported_as_such() -> None:
    import torch

    with pytest.raises(SetupError, match="the disk is full: a/b could not be stored; free some room"):
        _fail(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    for error in (torch.OutOfMemoryError("CUDA out of memory"), MemoryError()):
        with pytest.raises(ModelError, match="the memory is too small for a/b; use a smaller model"):
            _fail(error)
    with pytest.raises(ModelError, match=r"^a/b could not be loaded \(RuntimeError: loading failed\); check$"):
        _fail(KeyError("anything"))
