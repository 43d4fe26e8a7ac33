"""A small page of todos, a suite about it, and a way to run it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from handeye.scenarios.loading import load_scenarios
from handeye.scenarios.runner import Settings
from handeye.scenarios.suite_run import run_all
from tests.scenarios.drawn_pictures import WORDS, Drawn, draw
from tests.scenarios.suite_process import MINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.scenarios.reporters import Reporter
    from handeye.scenarios.results import ScenarioResult

PAGE = """<!doctype html><meta charset=utf-8><title>Todos</title><h1>Todos</h1>
<label>New <input id=n></label><ul id=l></ul><p id=c>0 items</p>
<script>
n.onkeydown = (e) => {
  if (e.key !== "Enter" || !n.value) return
  const [li, label, tick] = ["li", "label", "input"].map((name) => document.createElement(name))
  tick.type = "checkbox"
  label.append(tick, " " + n.value)
  li.append(label)
  l.append(li)
  n.value = ""
  c.textContent = l.children.length + " items"
}
</script>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A suite's folder, with the page in `pages`."""
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "index.html").write_text(PAGE, encoding="utf-8")
    return tmp_path


class Run(Protocol):
    def __call__(
        self, scenarios: str, *, workers: int = 1, reporters: Sequence[Reporter] = (), max_failures: int = 0
    ) -> list[ScenarioResult]: ...


@pytest.fixture
def run(folder: Path) -> Run:
    """Run a suite of these scenarios on the page."""

    def work(
        scenarios: str, *, workers: int = 1, reporters: Sequence[Reporter] = (), max_failures: int = 0
    ) -> list[ScenarioResult]:
        file = folder / "todos.yaml"
        file.write_text(f"serve: {{folder: pages}}\n{scenarios}", encoding="utf-8")
        return run_all(load_scenarios(file), Settings(output=folder / "out"), workers, max_failures, reporters)

    return work


@pytest.fixture
def mine(folder: Path) -> Path:
    (folder / "mine.py").write_text(MINE)
    return folder


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> list[Drawn]:
    """Six pictures; not to be changed."""
    folder = tmp_path_factory.mktemp("drawn")
    return [draw(folder / f"{number}.png", word, number) for number, word in enumerate(WORDS)]
