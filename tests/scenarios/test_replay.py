"""Scenarios done again by their anchors, on a real browser and a real display: what that costs, heals and refuses."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from handeye.agent.options import RunOptions
from handeye.scenarios.loading import load_scenarios
from handeye.scenarios.replay import ScenarioReplay, anchor_file_name
from handeye.scenarios.runner import Settings
from handeye.scenarios.suite_run import run_all
from tests.scenarios.conftest import PAGE

if TYPE_CHECKING:
    from handeye.scenarios.results import Attempt

pytestmark = pytest.mark.timeout(300)

#: The page, with a button that empties the list.
CLEARED = PAGE.replace("<p id=c>", "<button onclick=\"l.innerHTML='';c.textContent='0 items'\">Clear</button><p id=c>")
OTHER_CLOTHES = "<style>body{font:24px serif;margin:60px 250px} button{padding:20px 40px;float:right}</style>"


def attempt(folder: Path, model: str = "embedded", **settings: Any) -> Attempt:
    """Run the suite's only scenario once."""
    all_settings = Settings(folder / "out", RunOptions(model=model), **settings)
    [result] = run_all(load_scenarios(folder / "todos.yaml"), all_settings, 1, 0, [])
    return result.attempts[-1]


def write(folder: Path, scenario: str, page: str = CLEARED) -> None:
    (folder / "todos.yaml").write_text(f"serve: {{folder: pages}}\n{scenario}", encoding="utf-8")
    (folder / "pages" / "index.html").write_text(page, encoding="utf-8")


def script(folder: Path, *answers: dict[str, Any]) -> str:
    """A model that gives these answers, and is used up then."""
    texts = [f"So.\n<tool_call>\n{json.dumps(each)}\n</tool_call>" for each in answers]
    (folder / "script.json").write_text(json.dumps(texts))
    return f"scripted:{folder / 'script.json'}"


def test_plain_english_is_done_again_and_what_it_checks_is_checked_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDEYE_SECRET_WORD", "open sesame")
    write(
        folder,
        """setup: [type "buy milk" into New, press Enter]
scenarios:
  - name: adds ${word} [1]
    steps:
      - type "${word}" into New
      - press Enter
      - check that the page shows "2 items"
      - tick "walk"
      - type {{secret:word}} into New
    unchecked: true
    variables: {word: walk}
""",
    )
    first = attempt(folder)
    assert (first.status, first.replayed) == ("passed", 0)
    [file] = (folder / "todos.anchors").glob("*.yaml")
    assert file.stem.startswith("adds-word-1-")
    kept = file.read_text(encoding="utf-8")
    assert "open sesame" not in kept
    assert "127.0.0.1" not in kept
    patches = set(yaml.safe_load(kept)["run"][0]["targets"]["target"]["patch"].split())
    assert patches <= {each.stem for each in (folder / "todos.anchors" / "patches").iterdir()}

    def learnt(_: int) -> str:
        anchors = ScenarioReplay(load_scenarios(folder / "todos.yaml")[0], served)
        anchors.store.stored = None
        return anchors.update(next((folder / "out" / "attempts").iterdir()), update=False).note

    served = json.loads((Path(first.run) / "run.json").read_text())["config"]["on"]
    with ThreadPoolExecutor(4) as pool:  # as workers that end together
        assert all("written" in told for told in pool.map(learnt, range(8)))
    assert file.read_text(encoding="utf-8") == kept
    assert {each.suffix for each in (folder / "todos.anchors").rglob("*.*")} == {".yaml", ".png"}

    again = attempt(folder)
    assert (again.status, again.replayed, again.healed, again.anchors) == ("passed", 6, (), "")
    assert file.read_text(encoding="utf-8") == kept

    write(folder, (folder / "todos.yaml").read_text().partition("\n")[2], CLEARED.replace('" items"', '" things"'))
    broken = attempt(folder)
    assert broken.status == "failed"
    assert "2 items" in broken.reason


MODELS = 'scenarios: [{name: clears, goal: add milk and clear the list, ensures: [the page shows "0 items"]}]\n'


def test_a_model_is_queried_the_first_time_and_then_only_for_what_has_drifted(folder: Path) -> None:
    def place(name: str, page: str) -> dict[str, Any]:
        """Where a thing is, as a model says it."""
        from handeye.tools import Browser

        (folder / "pages" / "index.html").write_text(page, encoding="utf-8")
        with Browser(str(folder / "pages" / "index.html")) as browser:
            box = next(each.box for each in browser.elements() if each.name == name and each.acts)
            return {"target": [round(box.centre.x * 1000 / 1344), round(box.centre.y * 1000 / 896)]}

    steps = [{"kind": "type", "text": "milk"} | place("New", CLEARED), {"kind": "key", "keys": "enter"}]
    clear = {"kind": "click", "target": [0, 0]} | place("Clear", CLEARED.replace("<ul id=l>", "<ul id=l><li>x"))
    write(folder, MODELS)
    first = attempt(folder, model=script(folder, *steps, clear, {"kind": "done"}))
    assert (first.status, first.model_calls) == ("passed", 4)
    nobody = script(folder, {"kind": "done", "success": False})

    again = attempt(folder, model=nobody)
    assert (again.status, again.model_calls, again.replayed) == ("passed", 0, 4)
    write(folder, MODELS, OTHER_CLOTHES + CLEARED)
    assert attempt(folder, no_model=True).status == "passed"

    renamed = CLEARED.replace(">Clear<", ">Empty it<")
    write(folder, MODELS, renamed)
    gone = attempt(folder, no_model=True)
    assert gone.status == "failed"
    assert "step 3, click “Clear”: nothing of “Clear” is there" in gone.reason

    file = folder / "todos.anchors" / "clears.yaml"
    kept = file.read_text(encoding="utf-8")
    healed = attempt(folder, model=script(folder, clear))
    assert (healed.status, healed.model_calls, healed.replayed, len(healed.healed)) == ("passed", 1, 3, 1)
    assert "-      name: Clear" in healed.anchors
    assert "+      name: Empty it" in healed.anchors
    assert file.read_text(encoding="utf-8") == kept
    assert attempt(folder, model=script(folder, clear), update_anchors=True).healed
    assert "name: Empty it" in file.read_text(encoding="utf-8")
    assert attempt(folder, no_model=True).status == "passed"

    write(folder, MODELS.replace("add milk", "add tea"))
    stale = attempt(folder, model=nobody, no_model=True)
    assert stale.status == "failed"
    assert "is out of date" in stale.reason


def test_a_program_on_a_display_is_done_again_by_what_is_read_and_seen(folder: Path) -> None:
    suite = """device: virtual
on: xmessage -geometry 400x200+100+100 -buttons Keep:0,Erase:1 -fn 10x20 Erase_it?
scenarios:
  - name: keeps it
    steps: click "Keep"
    ensures: {process: {name: xmessage, running: false}}
"""
    (folder / "todos.yaml").write_text(suite, encoding="utf-8")
    assert attempt(folder).status == "passed"
    [anchor, _] = yaml.safe_load((folder / "todos.anchors" / "keeps-it.yaml").read_text())["run"]
    assert anchor["targets"]["target"]["text"] == "Keep"
    again = attempt(folder)
    assert (again.status, again.replayed) == ("passed", 1), again.reason


def test_names_that_look_alike_as_files_get_files_of_their_own() -> None:
    names = ["a b", "A b", "a-b", "a b #2", "a b [x=1]", "ä b", "a" * 90, "a" * 91]
    assert anchor_file_name("a b") == "a-b"
    assert len({anchor_file_name(name) for name in names}) == len(names)
