"""Exported runs: each file repeats the run, and fails on a broken page."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from handeye.agent import Agent
from handeye.agent.cli import app
from handeye.agent.run_folder import RunConfig
from handeye.perception.embedded import EmbeddedPerception
from handeye.policies.plain_english import clauses as c
from handeye.policies.plain_english.parsing import parse
from handeye.policies.scripted import Scripted
from handeye.scenarios.environment import serve_suite
from handeye.scenarios.export.draft import DraftLine, SuiteDraft, is_expressible
from handeye.scenarios.export.english import english_step
from handeye.scenarios.export.playwright import text_expression, to_playwright
from handeye.scenarios.export.suite_writer import python_literal, to_pytest, to_yaml
from handeye.scenarios.export.transcript import read_transcript
from handeye.scenarios.loading import load_scenarios
from handeye.scenarios.runner import Settings
from handeye.scenarios.suite.schema import Serve
from handeye.scenarios.suite_run import run_all
from handeye.tools import Browser, Virtual
from handeye.tools.actions import Click, Key, Target, Type
from handeye.tools.browser.launch import need_chromium
from handeye.tools.geometry import Point

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.timeout(300)

PAGE = """<!doctype html><meta charset=utf-8><title>Staff</title><h1>Staff</h1>
<form id=f><label>User <input name=user></label> <label>Password <input type=password name=pw></label>
<label><input type=checkbox name=keep> Keep me here</label>
<label>Team <select name=team><option>Red<option>Blue "sky"</select></label><button>Log in</button></form>
<label>Picture <input type=file onchange="given.textContent = files[0].name + ' it is'"></label><p id=given></p>
<main hidden id=m><p id=who></p>
<table><tr><td>Ada<td><button>Delete</button><tr><td>Bob<td><button>Delete</button></table>
<canvas width=200 height=80 id=c style="border:1px solid"></canvas><button id=d>Ask</button><p id=said></p>
<iframe name=help srcdoc="<button onclick='this.textContent=`Helped`'>Help</button>" height=50></iframe></main>
<script>
f.onsubmit = (e) => { e.preventDefault(); f.hidden = true; m.hidden = false
  who.textContent = `Welcome ${f.user.value} of ${f.team.value}, ${f.keep.checked}, ${f.pw.value.length}` }
for (const b of document.querySelectorAll("td button")) b.onclick = () => b.closest("tr").remove()
c.onclick = (e) => said.textContent = `drawn in the ${e.offsetX > 100 ? "right" : "left"} half`
d.onclick = () => said.textContent = confirm("Really?") ? "agreed" : "declined"
</script>"""
GOAL = ", ".join(
    [
        'upload "note.txt" to Picture',
        'check that the page shows "note.txt it is"',
        'type "ada" into User',
        "type {{secret:shop}} into Password",
        'tick "Keep me here"',
        'choose “Blue "sky"” from Team',
        'click "Log in"',
        'check that the page shows "true, 7"',
        'click "Delete" in the row with "Bob"',
        'check that the page does not show "Bob"',
        'click "Help"',
        'click "Ask"',
        'click "Cancel"',
        'check that the page shows "declined"',
    ]
)


class Done(NamedTuple):
    """Runs on a page that is still there, and the folder that it is served from."""

    folder: Path
    explicit: Path
    scripted: Path


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    """One run of explicit steps, and one whose policy has other ways to say what it wants, as a model's has."""
    folder = tmp_path_factory.mktemp("export")
    (folder / "pages").mkdir()
    (folder / "pages" / "index.html").write_text(PAGE, encoding="utf-8")
    (folder / "given").mkdir()
    (folder / "given" / "note.txt").touch()
    with pytest.MonkeyPatch.context() as patch, serve_suite(Serve(folder="pages"), folder) as url:
        patch.setenv("HANDEYE_SECRET_SHOP", "sesame7")
        with Browser(url) as browser:
            config = RunConfig(goal=GOAL, on=url, approve="never", folder=str(folder / "given"))
            run = Agent(browser, options=config, run_dir=folder / "explicit").run(GOAL)
            assert run.status == "succeeded", run.reason
        with Browser(url) as browser:
            found = {each.name: each for each in browser.elements() if each.acts}
            canvas: list[Click | Type | Key] = [
                Type(
                    text='it\'s "x"',
                    target=Target(phrase="his name", point=found["User"].box.centre, element=found["User"].id),
                ),
                Key(keys="enter"),
            ]
            config = RunConfig(goal="Log in, then draw something.", on=url, approve="never", model="a model")
            perception = EmbeddedPerception()
            later = Later(browser, canvas)
            run = Agent(browser, perception=perception, policy=later, options=config, run_dir=folder / "scripted").run(
                config.goal
            )
            assert run.status == "succeeded", run.reason
        yield Done(folder, folder / "explicit", folder / "scripted")


class Later(Scripted):
    """Goes on with what is there only after the first actions: the second Delete, and a place in a canvas."""

    def __init__(self, browser: Browser, actions: list[Click | Type | Key]) -> None:
        super().__init__(actions)
        self.browser = browser

    def choose(self, task, perception):  # type: ignore[no-untyped-def]
        if task.memo.get("place") == 2:
            second = [each for each in task.observation.elements if (each.role, each.name) == ("button", "Delete")][1]
            drawn = next(each for each in task.observation.elements if each.role == "img")
            right = Point(drawn.box.left + 150, drawn.box.top + 40)
            self.actions += [Click(target=Target(phrase="that one", point=second.box.centre, element=second.id))]
            self.actions += [Click(target=Target(point=right))]
        return super().choose(task, perception)


def _python(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "CHROMIUM": str(need_chromium(headed=False)), "HANDEYE_SECRET_SHOP": "sesame7"}
    return subprocess.run([sys.executable, *words], cwd=cwd, env=env, capture_output=True, text=True, timeout=200)


@pytest.mark.long
def test_each_export_does_what_the_run_did_and_fails_where_the_page_is_broken(
    done: Done, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDEYE_SECRET_SHOP", "sesame7")
    story, folder = read_transcript(done.explicit), done.folder
    for name, export in (("suite.yaml", to_yaml), ("plain.py", to_playwright)):
        text = export(story, folder / name)
        assert "sesame7" not in text
        (folder / name).write_text(text, encoding="utf-8")
    script = (folder / "plain.py").read_text(encoding="utf-8")
    assert "import handeye" not in script
    assert (
        """page.frame_locator('[name="help"], [id="help"]').get_by_role("button", name="Help", exact=True)""" in script
    )

    def results() -> tuple[int, str]:
        script = _python("plain.py", cwd=folder)
        (result,) = run_all(
            load_scenarios(folder / "suite.yaml"), Settings(output=folder / "out", anchors=False), 1, 0, []
        )
        return script.returncode, result.status

    assert results() == (0, "passed")
    page = folder / "pages" / "index.html"
    page.write_text(PAGE.replace("f.keep.checked", '"never"'), encoding="utf-8")
    try:
        assert results() == (1, "failed")
    finally:
        page.write_text(PAGE, encoding="utf-8")


@pytest.mark.long
def test_actions_of_a_model_are_exported_with_the_names_of_their_targets(done: Done) -> None:
    story, folder = read_transcript(done.scripted), done.folder
    suite = to_yaml(story)
    assert """type “it's "x"” into the "User" field""" in suite
    assert "press Enter" in suite
    assert 'click "Delete" in the row with "Bob"' in suite
    assert "# a point in pixels: no element there has a name" in suite
    assert 'the title is "Staff"' in suite  # suggested, since nothing was checked
    (folder / "model.yaml").write_text(suite, encoding="utf-8")
    (result,) = run_all(load_scenarios(folder / "model.yaml"), Settings(output=folder / "out", anchors=False), 1, 0, [])
    assert result.status == "passed", result.reason

    script = to_playwright(story)
    assert "page.mouse.click(" in script
    assert "no element there has a role or a name: a point in pixels" in script
    (folder / "model.py").write_text(script + "\n", encoding="utf-8")
    ran = _python("model.py", cwd=folder)
    assert ran.returncode == 0, ran.stderr

    (folder / "test_model.py").write_text(to_pytest(story), encoding="utf-8")
    ran = _python("-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=.", "test_model.py", cwd=folder)
    assert "1 passed" in ran.stdout, ran.stdout


def test_a_desktops_run_becomes_a_suite_and_no_playwright_script(tmp_path: Path) -> None:
    goal = 'type "seven", check that the window title contains "Untitled"'
    with closing(Virtual("mousepad")) as virtual:
        config = RunConfig(goal=goal, on="app:mousepad", approve="never")
        run = Agent(virtual, options=config, run_dir=tmp_path / "run").run(goal)
        assert run.status == "succeeded", run.reason
    out = tmp_path / "notes.yaml"
    told = CliRunner().invoke(app, ["export", str(tmp_path / "run"), "--out", str(out)])
    assert told.exit_code == 0, told.output
    (scenario,) = load_scenarios(out)
    assert (scenario.suite.device, scenario.suite.on) == ("virtual", "mousepad")
    assert 'with Virtual("mousepad") as desktop:' in to_pytest(read_transcript(tmp_path / "run"))

    refused = CliRunner().invoke(app, ["export", str(tmp_path / "run"), "--to", "playwright"])
    assert refused.exit_code == 2
    assert "export it --to pytest or yaml" in " ".join(refused.output.split())
    kept = CliRunner().invoke(app, ["export", str(tmp_path / "run"), "--out", str(out)])
    assert kept.exit_code == 2
    assert "--force" in kept.output


@settings(max_examples=150, deadline=None)
@given(
    st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc"], include_characters="\n\t"), max_size=30)
)
@example('a "b" and “c”, then press Enter')
@example("${user} ${{HOME}} {{secret:x}} {{y}}")
@example("- x: #y\n'z'\"")
@example("”“«»「」")
@example("\u2028\x85")
def test_any_text_survives_in_a_suite_and_in_python(text: str) -> None:
    assert ast.literal_eval(python_literal(text)) == text
    assert eval(text_expression(text.replace("{{secret:", ""))) == text.replace("{{secret:", "")
    step = (
        english_step(Type(text=text), {})
        if not any(ord(letter) < 32 and letter not in "\n\t" for letter in text)
        else None
    )
    if step is None or not is_expressible(step):
        return  # said in a comment
    draft = SuiteDraft(
        name="any", on="http://127.0.0.1", steps=[DraftLine(step, text), DraftLine("press Enter")], unchecked=True
    )
    file = Path(os.environ["PYTEST_TEXTS"]) / "any.yaml"
    file.write_text(draft.render(), encoding="utf-8")
    (scenario,) = load_scenarios(file)
    typed, pressed = parse(scenario.spec.wanted)
    assert isinstance(typed, c.Write)
    assert typed.text == text
    assert isinstance(pressed, c.PressKeys)


@pytest.fixture(autouse=True, scope="module")
def _texts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_TEXTS", str(tmp_path_factory.mktemp("texts")))
        yield


def test_few_texts_cannot_be_quoted() -> None:
    """So that the test above does not pass by saying nothing."""
    for text in (
        "",
        "it's",
        'a "b"',
        "ends with “",
        "a, b and c",
        "{{x}} ${y}",
        "two\nlines",
        "press Enter, then",
        " x ",
    ):
        assert english_step(Type(text=text), {}) is not None, text
