"""The command line as a person meets it: what it prints, and the exit code it leaves with."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.agent.cli.swift import Swift

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GOALS = (
    'log in as "ada" with password "lovelace", search for "lamp", add the first result to the cart, check out, '
    'check that the page shows "{}"'
)


class Command(Protocol):
    """Runs the command as a user would; without a display unless one is given."""

    def __call__(self, *arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture(scope="module")
def handeye(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    stored = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    with closing(Swift(tmp_path_factory.mktemp("commands"))) as swift:
        yield lambda *arguments, cwd, **environment: swift.run([*arguments], cwd, stored | environment)


def reported(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """It left with this code and one clear sentence, without a traceback."""
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    for word in words:
        assert word in done.stderr


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Any]:
    from handeye.scenarios.demo.shop import Shop

    with Shop() as open_shop:
        yield open_shop


@pytest.mark.parametrize("command", ["run", "resume", "test", "ground", "actions", "doctor", "report", "serve"])
def test_every_command_has_a_help_text_with_an_example(handeye: Command, command: str, tmp_path: Path) -> None:
    done = handeye(command, "--help", cwd=tmp_path, COLUMNS="100")
    reported(done, 0)
    assert f"Example: handeye {command}" in done.stdout


def test_actions_prints_every_action(handeye: Command, tmp_path: Path) -> None:
    from handeye.tools.actions import KINDS

    done = handeye("actions", cwd=tmp_path, COLUMNS="120")
    reported(done, 0)
    assert [kind for kind in KINDS if f"{kind} " not in done.stdout] == []
    schema = json.loads(handeye("actions", "--json", cwd=tmp_path).stdout)
    assert schema["discriminator"]["propertyName"] == "kind"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", ""], ["the goal is empty"]),
        (["run", "   ", "--on", "virtual"], ["the goal is empty"]),
        (["run", 'click "x"', "--on", "nonsense"], ["'nonsense'", "app:COMMAND"]),
        (["run", 'click "x"', "--on", "app:"], ["names no program"]),
        (["run", 'click "x"', "--on", "virtual", "--approve", "maybe"], ["'maybe'", "never, risky, always"]),
        (["run", 'click "x"', "--on", "virtual", "--viewport", "big"], ["'big'", "1344x896"]),
        (["run", 'click "x"', "--on", "virtual", "--policy", "wishful"], ["'wishful'", "plain-english"]),
        (["resume", "nowhere"], ["RUN must be a folder here", "got 'nowhere'"]),
        (["resume"], ["got no run in"]),
        (["report", "nowhere"], ["RUN must be a folder here", "got 'nowhere'"]),
        (["ground", "nowhere.png", "Save"], ["there is no picture at nowhere.png"]),
    ],
)
def test_what_cannot_be_understood_is_a_usage_error(
    handeye: Command, arguments: list[str], words: list[str], tmp_path: Path
) -> None:
    reported(handeye(*arguments, cwd=tmp_path), 2, *words)


def test_a_picture_that_is_none_is_a_usage_error(handeye: Command, tmp_path: Path) -> None:
    (tmp_path / "shot.png").write_text("I am no picture")
    done = handeye("ground", "shot.png", "Save", "--json", cwd=tmp_path)
    reported(done, 2, "is not a picture")
    assert json.loads(done.stdout)["point"] is None


def test_a_wrong_key_in_the_settings_is_named(handeye: Command, tmp_path: Path) -> None:
    (tmp_path / "handeye.toml").write_text('modell = "embedded"\n')
    reported(handeye("actions", cwd=tmp_path), 2, "modell", "did you mean model?")


def test_a_goal_that_cannot_be_followed_is_refused_by_name(handeye: Command, tmp_path: Path, shop: Any) -> None:
    done = handeye("run", 'click "Lamps", then contemplate the void', "--on", shop.url, "--json", cwd=tmp_path)
    reported(done, 4, "contemplate the void")


def test_an_address_that_does_not_answer_is_an_infrastructure_error(handeye: Command, tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        done = handeye("run", 'click "x"', "--on", url, "--json", cwd=tmp_path)
    reported(done, 3, url)
    assert json.loads(done.stdout)["reason"]


def test_without_a_display_the_desktop_cannot_be_had(handeye: Command, tmp_path: Path) -> None:
    reported(handeye("run", 'click "x"', cwd=tmp_path), 3, "--on virtual")


def test_a_missing_browser_is_reported_with_its_remedy(handeye: Command, tmp_path: Path, shop: Any) -> None:
    nothing = str(tmp_path / "no-browser")
    reported(handeye("run", 'click "x"', "--on", shop.url, cwd=tmp_path, HANDEYE_CHROMIUM=nothing), 3, nothing)


def test_a_missing_program_is_reported(handeye: Command, tmp_path: Path) -> None:
    reported(handeye("run", 'click "x"', "--on", "app:no-such-program-here", cwd=tmp_path), 3, "no-such-program-here")


def test_the_shop_goal_succeeds_with_one_order_and_its_json(handeye: Command, tmp_path: Path, shop: Any) -> None:
    done = handeye("run", GOALS.format("Thank you"), "--on", shop.url, "--json", cwd=tmp_path)
    reported(done, 0)
    answer = json.loads(done.stdout)
    assert list(answer) == [
        "status", "verdict", "steps", "run", "report", "answer", "reason", "seconds", "model_calls", "tokens"
    ]  # fmt: skip
    assert answer["status"] == "succeeded"
    assert (tmp_path / answer["report"]).is_file()
    assert len(shop.orders) == 1


def test_a_log_in_is_carried_from_one_run_to_the_next(handeye: Command, tmp_path: Path, shop: Any) -> None:
    goal = 'log in as "ada" with password "lovelace"'
    with_state = ("--on", shop.url, "--storage-state", "kept.json", "--json")
    reported(handeye("run", goal, *with_state, cwd=tmp_path), 0)
    stored = tmp_path / "kept.json"
    assert stored.stat().st_mode & 0o777 == 0o600
    assert json.loads(stored.read_text())["cookies"]
    reported(handeye("run", 'check that the page shows "Log out"', *with_state, cwd=tmp_path), 0)
    reported(
        handeye("run", 'click "x"', "--on", "virtual", "--storage-state", "kept.json", cwd=tmp_path), 2, "web pages"
    )


def test_a_check_that_does_not_hold_fails_the_run(handeye: Command, tmp_path: Path, shop: Any) -> None:
    done = handeye("run", GOALS.format("Better luck next time"), "--on", shop.url, "--json", cwd=tmp_path)
    reported(done, 1)
    answer = json.loads(done.stdout)
    assert answer["status"] == "failed"
    assert "Better luck next time" in answer["reason"]


def test_ground_finds_the_label_on_a_picture_it_has_never_seen(handeye: Command, tmp_path: Path) -> None:
    image = Image.new("RGB", (900, 600), "#23262b")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=17)
    for left, label in ((30, "File"), (110, "Edit"), (190, "View")):
        draw.text((left, 14), label, "#d6d6d6", font=font)
    draw.rounded_rectangle((640, 520, 740, 560), 6, fill="#2f6fed")
    draw.text((668, 530), "Save", "white", font=font)
    draw.rounded_rectangle((760, 520, 860, 560), 6, fill="#444")
    draw.text((783, 530), "Cancel", "white", font=font)
    image.save(tmp_path / "shot.png")
    done = handeye("ground", "shot.png", "Save", "--json", "--all", "--out", "marked.png", cwd=tmp_path)
    reported(done, 0)
    found = json.loads(done.stdout)
    assert found["places"][0]["point"] == found["point"]
    assert all(each["confidence"] <= found["confidence"] for each in found["places"])
    x, y = found["point"]
    assert 664 <= x <= 712
    assert 526 <= y <= 554
    assert found["by"] == "ocr"
    with Image.open(tmp_path / "marked.png") as marked:
        assert marked.size == (900, 600)
    missing = handeye("ground", "shot.png", "Cancel it", "--min-confidence", "1", "--json", cwd=tmp_path)
    reported(missing, 1)
    assert json.loads(missing.stdout)["point"] is None


def test_ground_with_a_model_tells_its_answers_and_looks_twice_at_a_large_screen(
    handeye: Command, tmp_path: Path
) -> None:
    Image.new("RGB", (3840, 2160), "white").save(tmp_path / "shot.png")
    (tmp_path / "answers").write_text("\n".join(["[500, 500]"] * 4 + ["[990, 10]"] + ["[500, 500]"]))
    arguments = ["--model", "scripted:answers", "--json", "--out", "marked.png"]
    done = handeye("ground", "shot.png", "Save", *arguments, cwd=tmp_path, HANDEYE_SAMPLES="3")
    reported(done, 0)
    found = json.loads(done.stdout)
    assert list(found) == ["point", "box", "confidence", "by", "seconds", "samples", "votes", "notes"]
    assert (found["point"], found["box"], found["by"]) == ([1920, 1080], None, "internvl")
    assert found["samples"] == [[1920, 1080]] * 4 + [[2547, 727]] + [[1920, 1080]]
    assert (found["votes"], found["confidence"]) == (5, 0.714)
    assert "looked again at 1280x720" in found["notes"][0]
    with Image.open(tmp_path / "marked.png") as marked:
        assert marked.getpixel((2547, 727)) != (255, 255, 255)
    (tmp_path / "answers").write_text("[[-1, -1, -1, -1]]\n")
    missing = handeye("ground", "shot.png", "Save", "--model", "scripted:answers", "--samples", "1", cwd=tmp_path)
    reported(missing, 1, "is not on shot.png")


def test_doctor_says_what_is_there_and_what_is_missing(handeye: Command, tmp_path: Path) -> None:
    done = handeye("doctor", "--json", cwd=tmp_path)
    reported(done, 0)
    findings = {finding["what"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert findings["Chromium"]["ok"]
    assert not findings["your screen"]["ok"]
    assert findings["your screen"]["remedy"]
    reported(handeye("doctor", cwd=tmp_path), 0)


def test_doctor_fails_for_a_model_that_is_not_there(handeye: Command, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    done = handeye("doctor", "--model", str(tmp_path / "model"), "--json", cwd=tmp_path)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_a_model_folder_without_weights_is_reported(handeye: Command, tmp_path: Path, shop: Any) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text('{"model_type": "internvl"}')
    done = handeye("run", "buy a lamp", "--on", shop.url, "--model", "./model", "--json", cwd=tmp_path)
    reported(done, 3, "model")


@pytest.fixture(params=["garbage", "drops"])
def bad_server(request: pytest.FixtureRequest) -> Iterator[str]:
    class Bad(BaseHTTPRequestHandler):
        def answer(self) -> None:
            if request.param == "drops":
                self.connection.close()
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>I am a router's log-in page</html>")

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Bad)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def test_an_invalid_response_or_closed_connection_of_a_server_is_reported(
    handeye: Command, bad_server: str, tmp_path: Path, shop: Any
) -> None:
    done = handeye("run", "buy a lamp", "--on", shop.url, "--model", bad_server, "--json", cwd=tmp_path)
    reported(done, 3, bad_server.removesuffix("/v1"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """A file system of a few hundred kilobytes; needs root."""
    mounted: list[Path] = []

    def make(kilobytes: int) -> Path:
        folder = tmp_path / "disk"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("mounting a small file system is not allowed here")
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.mark.parametrize("kilobytes", [16, 200, 500])
def test_a_full_disk_is_reported_and_earlier_records_remain(
    handeye: Command, kilobytes: int, tmp_path: Path, shop: Any, small_disk: Callable[[int], Path]
) -> None:
    folder = small_disk(kilobytes) / "run"
    arguments = ["--on", shop.url, "--run-dir", str(folder), "--json"]
    done = handeye("run", GOALS.format("Thank you"), *arguments, cwd=tmp_path)
    reported(done, 3, "full")
    if kilobytes >= 200:
        from handeye.agent.event_log import read_events

        assert len(list(read_events(folder / "trace.jsonl"))) >= 1
