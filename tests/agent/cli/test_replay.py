"""`handeye replay RUN`, as a person calls it: on a real page, from nothing but the run's own folder."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PAGE = """<title>Notes</title><h1>Notes</h1><input placeholder=Note>
<button onclick="s.textContent='Saved ' + document.querySelector('input').value">Save</button><p id=s></p>"""


def handeye(*words: str, cwd: Path) -> tuple[int, dict[str, Any], str]:
    command = [sys.executable, "-m", "handeye.agent", *words, "--json"]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=100, check=False)
    return done.returncode, json.loads(done.stdout), done.stderr


def test_a_run_is_done_again_and_says_what_has_drifted(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(PAGE)
    texts = [
        {"kind": "type", "text": "milk", "target": [50, 90]},
        {"kind": "click", "target": "Save"},
        {"kind": "done"},
    ]
    answers = [f"So.\n<tool_call>\n{json.dumps(each)}\n</tool_call>" for each in texts]
    answers.insert(2, "<box>[[140, 80, 170, 100]]</box>")
    (tmp_path / "answers.json").write_text(json.dumps(answers))
    model = ("--model", "scripted:answers.json", "--samples", "1", "--approve", "never")
    code, reported, _ = handeye("run", "save milk", "--on", str(page), *model, cwd=tmp_path)
    assert (code, reported["status"], reported["model_calls"]) == (0, "succeeded", 4), reported

    (tmp_path / "answers.json").write_text('["nothing that can be used"]')
    code, reported, _ = handeye("replay", "latest", cwd=tmp_path)
    assert (code, reported["status"], reported["model_calls"]) == (0, "succeeded", 0), reported

    page.write_text(PAGE.replace(">Save<", ">Discard<"))
    code, reported, _ = handeye("replay", "latest", "--no-model", cwd=tmp_path)
    assert (code, reported["status"]) == (1, "failed")
    assert "click “Save”: nothing of “Save” is there" in reported["reason"]

    code, reported, message = handeye("replay", "latest", cwd=tmp_path)
    assert code == 2
    assert "ended as failed; replay one that succeeded" in message
