"""Packaging: every folder with code is shipped, the wheel is complete, and importing the agent is light."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture import FLOORS

ROOT = Path(__file__).parent.parent


def project() -> dict[str, object]:
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text()))


def test_every_folder_with_code_is_a_package_and_is_shipped() -> None:
    folders = {
        "handeye." + ".".join(path.parent.relative_to(ROOT).parts)
        for floor in FLOORS
        for path in (ROOT / floor).rglob("__init__.py")
    }
    with_code = {
        "handeye." + ".".join(path.parent.relative_to(ROOT).parts)
        for floor in FLOORS
        for path in (ROOT / floor).rglob("*.py")
    }
    packages = project()["tool"]["setuptools"]["packages"]  # type: ignore[index]
    assert folders == set(packages)
    assert with_code == set(packages)


def test_importing_the_agent_is_quick_and_light() -> None:
    heavy = ["torch", "transformers", "playwright", "pyautogui", "mss", "rapidocr", "onnxruntime", "langgraph", "Xlib"]
    heavy += ["numpy", "PIL", "mcp", "jsonschema"]
    code = (
        "import sys, time; began = time.process_time(); import handeye.agent; seconds = time.process_time() - began; "
        f"import handeye.tools, handeye.agent.cli; print(seconds, [n for n in {heavy} if n in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    seconds, _, loaded = out.strip().partition(" ")
    assert loaded == "[]"
    assert float(seconds) < 0.5  # of the processor: others may be at work on the machine


@pytest.mark.long
@pytest.mark.timeout(300)
def test_the_wheel_made_from_the_source_archive_holds_everything_and_passes_tests(tmp_path: Path) -> None:
    from zipfile import ZipFile

    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    names = set(ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    wanted = {
        f"handeye/{path.relative_to(ROOT)}"
        for floor in FLOORS
        for path in (ROOT / floor).rglob("*")
        if path.is_file() and path.suffix in {".py", ".js", ".css", ".html", ".j2", ".png", ".svg", ".typed", ".json"}
    }
    assert wanted <= names
    assert not {name for name in names if name.startswith("tests/")}

    site = tmp_path / "site"
    with ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    code = "import handeye.agent.report.run_page as found; print(found.__file__)"
    kept = os.environ | {"PYTHONPATH": str(site)}
    where = subprocess.run(
        [sys.executable, "-c", code], env=kept, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert where.stdout.startswith(str(site))
    # These read files that must be in the wheel: the report's templates, the shop's pages.
    tests = ["tests/tools/test_actions.py", "tests/agent/report/test_report.py", "tests/scenarios/demo/test_shop.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not model", *tests]
    done = subprocess.run(command, env=kept, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
