"""A run of 1,000 steps on a real browser: does it grow slower, fatter, or fill the disk?

The page is another one after every click (a ledger that grows a line, and is begun anew when it is full), a fact is
kept every 50 steps, and the policy is a list, so that the time is the loop's own. Memory is that of the run's process,
after collecting what is unused.
"""

from __future__ import annotations

import gc
import os
import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from benchmarks.pages import served
from benchmarks.reliability.telling import Figure, say
from handeye.agent import Agent, RunOptions
from handeye.agent.event_log import AnyEvent, Performed
from handeye.perception.embedded import EmbeddedPerception
from handeye.policies.scripted import Scripted
from handeye.tools import Browser
from handeye.tools.actions import parse_action

if TYPE_CHECKING:
    from handeye.tools.actions import Action

STEPS = 1000
PAGE = """<!doctype html><title>Ledger</title><style>body { font: 15px sans-serif } li { height: 22px }</style>
<h1>Ledger</h1><button onclick="add()">Add</button> <b id=n>0</b> lines<ol id=list></ol>
<script>let n = 0
function add() {
  n++; document.getElementById("n").textContent = n
  const list = document.getElementById("list"), line = document.createElement("li")
  line.textContent = "Entry " + n + ": " + (n * 7919 % 10007) + " units, checked " + (n * 104729 % 997) + " times"
  line.style.background = "hsl(" + n * 47 % 360 + " 60% 85%)"
  list.append(line)
  if (list.children.length > 24) list.replaceChildren(line)
}</script>"""


def measure() -> dict[str, Any]:
    """Memory, step time and files over the run."""
    ends: list[float] = []
    memory: dict[int, float] = {}

    def listen(event: AnyEvent) -> None:
        if not isinstance(event, Performed):
            return
        ends.append(time.monotonic())
        if event.step % 100 == 0:
            gc.collect()
            memory[event.step] = resident()
            say(f"step {event.step}: {memory[event.step]:.0f} MB, {pace(ends[-100:]) * 1000:.0f} ms a step")

    with TemporaryDirectory() as name, served(PAGE) as url, Browser(url) as browser:
        folder = Path(name) / "run"
        policy = Scripted(actions(STEPS))
        agent = Agent(
            browser,
            perception=EmbeddedPerception(),
            policy=policy,
            options=RunOptions(max_steps=STEPS + 10),
            run_dir=folder,
            listen=listen,
        )
        run = agent.run("keep the ledger")
        seen = " ".join(element.name for element in browser.elements())
        files = {
            each: size_of(folder / each) for each in ("screens", "trace.jsonl", "journal.jsonl", "checkpoint.sqlite")
        }
        whole = size_of(folder)
    clicks = STEPS - STEPS // 50
    assert run.status == "succeeded", run.reason
    assert f"{clicks} lines" in seen, seen[:200]
    grown = 100 * (memory[STEPS] / memory[100] - 1)
    slower = pace(ends[-100:]) / pace(ends[:100])
    told = ", ".join(f"{each} {size / 1e6:.1f} MB" for each, size in files.items())
    return {
        "what": f"a run of {STEPS} steps in a real browser, whose page is another one after each",
        "seeds": [],
        "figures": {
            "memory": Figure(round(grown, 1), "% more at the end than after 100 steps", "at most 10", grown <= 10),
            "step_time": Figure(round(slower, 2), "times the median of the first 100 steps in the last 100",
                                "at most 1.25", slower <= 1.25),
            "files": Figure(round(whole / 1e6, 1), "MB", "below 100", whole < 100e6),
        },
        "details": [
            f"- {memory[100]:.0f} MB after 100 steps, {memory[STEPS]:.0f} MB after {STEPS}.",
            f"- {pace(ends[:100]) * 1000:.0f} ms a step at first, {pace(ends[-100:]) * 1000:.0f} ms at last (medians).",
            f"- {told}.",
            "",
        ],
    }  # fmt: skip


def actions(steps: int) -> list[Action]:
    """Clicks, and now and then a fact to be kept."""
    click = parse_action({"kind": "click", "target": "Add"})
    marks = (
        parse_action({"kind": "remember", "name": f"mark {each}", "text": f"line {each}"}) for each in range(steps)
    )
    return [mark if number % 50 == 49 else click for number, mark in enumerate(marks)]


def pace(ends: list[float]) -> float:
    """The median of the seconds between these moments."""
    return median(later - earlier for earlier, later in pairwise(ends))


def resident() -> float:
    """MB of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    files = [path] if path.is_file() else path.rglob("*")
    return sum(each.stat().st_size for each in files if each.is_file())
