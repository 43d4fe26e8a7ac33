"""A step of the loop without a model, on a page with one button; against browser-use with a model that answers at once.

Both drive the system's Chromium with their own settings as they come, look at every step with a screenshot, and keep
their own books. browser-use (MIT) lives in an environment of its own, which is made at the first time.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from benchmarks.measuring import Row
from benchmarks.pages import served
from handeye.agent import Agent
from handeye.agent.event_log import AnyEvent, Observed, Performed
from handeye.perception.embedded import EmbeddedPerception
from handeye.policies.scripted import Scripted
from handeye.tools import Browser
from handeye.tools.actions import parse_action
from handeye.tools.browser.launch import need_chromium

if TYPE_CHECKING:
    from benchmarks.lab import Lab

PAGE = (
    "<!doctype html><title>One button</title><h1>One button</h1>"
    "<button onclick='n.textContent = 1 + +n.textContent'>Count</button><p>counted <b id=n>0</b> times</p>"
)
STEPS, TURNS = 20, 3
#: Nothing of it leaves the machine.
QUIET = {
    "ANONYMIZED_TELEMETRY": "false",
    "BROWSER_USE_CLOUD_SYNC": "false",
    "BROWSER_USE_VERSION_CHECK": "false",
    "BROWSER_USE_LOGGING_LEVEL": "result",
}


def measure(lab: Lab) -> Row:
    """In turns, so that what else runs disturbs both; the best turn of each counts."""
    python = environment(lab)
    ours, theirs = [], []
    with served(PAGE) as url:
        for turn in range(TURNS):
            theirs.append(their_step(python, url))
            ours.append(our_step(url))
            lab.say(f"turn {turn + 1} of {TURNS}: handeye {ours[-1]:.0f} ms a step, browser-use {theirs[-1]:.0f} ms")
    version = subprocess.run(
        [python, "-c", "from importlib.metadata import version; print(version('browser-use'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    what = f"a step of the loop on a page with one button, no model; against browser-use {version} with an instant one"
    details = tuple(
        f"- {name}: {', '.join(f'{each:.0f}' for each in taken)} ms a step over {STEPS} clicks, from the first look "
        "to the end of the last click."
        for name, taken in (("handeye", ours), ("browser-use", theirs))
    )
    return Row(min(ours), min(theirs), "ms", what, 2.0, details)


def our_step(url: str) -> float:
    """Milliseconds from the first look to the end of the last click, a step."""
    times: list[float] = []

    def listen(event: AnyEvent) -> None:
        if isinstance(event, (Observed, Performed)):
            times.append(time.perf_counter())
            if isinstance(event, Observed) and len(times) == 1:
                times[0] -= event.seconds

    clicks = [parse_action({"kind": "click", "target": "Count"})] * STEPS
    with TemporaryDirectory() as folder, Browser(url) as browser:
        run = Agent(
            browser,
            perception=EmbeddedPerception(),
            policy=Scripted(clicks),
            run_dir=Path(folder) / "run",
            listen=listen,
        ).run("count")
        seen = " ".join(element.name for element in browser.elements())
    assert run.status == "succeeded", run.reason
    assert f"counted {STEPS} times" in seen, seen
    return (times[2 * STEPS - 1] - times[0]) * 1000 / STEPS


def their_step(python: Path, url: str) -> float:
    """The same of browser-use."""
    script = Path(__file__).with_name("browser_use_side.py")
    with (
        TemporaryDirectory() as folder,
        subprocess.Popen(
            [python, script, url, str(need_chromium(headed=False)), str(STEPS)],
            env=os.environ | QUIET | {"BROWSER_USE_CONFIG_DIR": folder},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as started,
    ):
        try:
            said, errors = started.communicate(timeout=300)
        finally:  # it leaves its Chromium running
            with suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)
    if started.returncode:
        raise RuntimeError(f"browser-use did not do it: {errors[-800:]}")
    return float(json.loads(said.splitlines()[-1])["whole"]) * 1000 / STEPS


def environment(lab: Lab) -> Path:
    """The Python of an environment that holds browser-use."""
    folder = user_cache_path("handeye") / "browser-use-env"
    python = folder / "bin" / "python"
    there = python.exists() and not subprocess.run([python, "-c", "import browser_use"], check=False).returncode
    if not there:
        lab.say(f"installing browser-use into {folder}")
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "browser-use>=0.13"]
        subprocess.run(pip, check=True, env=os.environ | {"PYTHONWARNINGS": "ignore"})
    return python
