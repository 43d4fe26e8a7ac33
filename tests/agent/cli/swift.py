"""The command line in processes of its own that need not import everything anew: a server that forks.

What runs is `handeye.agent.cli.main` with its own arguments, environment, folder and files, as after `python -m
handeye.agent`; only the imports are done already. Imports themselves are tested elsewhere.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from pathlib import Path

SERVER = """
import json, os, sys
import handeye.agent.agent, handeye.agent.cli, handeye.agent.live, handeye.agent.report
import handeye.perception.embedded, handeye.policies.plain_english, handeye.tools
from handeye.tools import Browser, Virtual

def become(order):
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    for number, path, flags in ((0, os.devnull, os.O_RDONLY), (1, order["out"], os.O_WRONLY | os.O_CREAT),
                                (2, order["err"], os.O_WRONLY | os.O_CREAT)):
        os.dup2(os.open(path, flags, 0o600), number)
    sys.argv = ["handeye", *order["arguments"]]

print("ready", flush=True)
while line := sys.stdin.readline():
    order = json.loads(line)
    pid = os.fork()
    if pid == 0:
        become(order)
        handeye.agent.cli.main()
        sys.exit()
    _, status = os.waitpid(pid, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


class Swift:
    """Runs one command after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._server = subprocess.Popen(
            [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        assert self._heard(100) == "ready"

    def run(
        self, arguments: list[str], cwd: Path, env: dict[str, str], seconds: float = 110
    ) -> subprocess.CompletedProcess[str]:
        """One command, to its end."""
        self._count += 1
        out, err = (self._folder / f"{self._count}.{name}" for name in ("out", "err"))
        order = {"arguments": arguments, "cwd": str(cwd), "env": env, "out": str(out), "err": str(err)}
        assert self._server.stdin
        self._server.stdin.write(json.dumps(order) + "\n")
        code = int(self._heard(seconds))
        return subprocess.CompletedProcess(arguments, code, out.read_text(), err.read_text())

    def close(self) -> None:
        """No more commands."""
        self._server.communicate(timeout=20)

    def _heard(self, seconds: float) -> str:
        assert self._server.stdout
        assert select.select([self._server.stdout], [], [], seconds)[0], f"nothing within {seconds} s"
        return os.fsdecode(self._server.stdout.readline()).strip()
