"""Commands of other packages are listed and run; one that is broken says so and breaks nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with an installed package that brings three commands, of which one can be used."""
    folder = tmp_path / "site"
    info = folder / "guest-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: guest\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[handeye.commands]\nwave = guest:wave\nlost = guest:nowhere\nodd = guest:odd\nrun = guest:wave\n"
    )
    (folder / "guest.py").write_text(
        "import typer\n"
        "def wave(name: str, times: int = 1) -> None:\n"
        '    """Wave at somebody."""\n'
        "    typer.echo(f'waving at {name}' * times)\n"
        "odd = 5\n"
    )
    return folder


def handeye(*arguments: str, site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "handeye.agent", *arguments],
        env=os.environ | {"PYTHONPATH": str(site), "COLUMNS": "200"},
        cwd=site.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_command_of_another_package_is_one_of_handeyes(site: Path) -> None:
    listed = handeye("--help", site=site).stdout
    assert "Wave at somebody." in listed
    assert "Carry out a goal" in listed  # `run` is handeye's own, whatever else is called so
    assert "Measure how often" in listed
    (site.parent / "handeye.toml").write_text("[wave]\ntimes = 2\n")
    done = handeye("wave", "Ada", site=site)
    assert (done.returncode, done.stdout) == (0, "waving at Adawaving at Ada\n")


def test_a_broken_command_is_a_note_and_no_crash(site: Path) -> None:
    listed = handeye("--help", site=site).stdout
    assert "cannot be loaded: AttributeError" in listed
    assert "cannot be loaded: TypeError: guest:odd is no function" in listed
    done = handeye("lost", site=site)
    assert done.returncode == 3
    assert "the command lost of guest cannot be loaded" in done.stderr
    assert "Traceback" not in done.stderr
    assert handeye("actions", "--json", site=site).returncode == 0
