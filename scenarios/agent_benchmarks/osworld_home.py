"""The folder that replaces OSWorld's `/home/user`, and the operations that put files into it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import httpx

from handeye.tools.allow_list import AllowList
from handeye.tools.errors import SetupError, UsageError
from handeye.tools.secrets.store import without_secrets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handeye.policies.guard.guard_policy import GuardPolicy

#: The home folder in task files.
HOME = "/home/user"
#: The largest size of a download in bytes, and its timeout in seconds.
MOST_BYTES, PATIENCE = 200_000_000, 60.0
#: The timeout of a task file's command in seconds.
COMMAND_SECONDS = 120.0
USUAL = ("Desktop", "Documents", "Downloads", "Pictures")


class Home:
    """The home folder of one task, created when the task starts."""

    def __init__(self, folder: Path, source_folder: Path, rules: GuardPolicy) -> None:
        self.folder, self.source_folder = folder.resolve(), source_folder.resolve()
        self.rules = rules
        self._domains = AllowList(rules.allow_domains, rules.deny_domains)
        try:
            shutil.rmtree(self.folder, ignore_errors=True)  # of an attempt that was stopped
            for name in USUAL:
                (self.folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(f"{folder} cannot be created ({error.strerror}); name another --output") from error

    def path(self, name: str) -> Path:
        """Return the path of a task's file, whose name `check_path` has accepted."""
        return self.folder / PurePosixPath(name).relative_to(HOME)

    def local(self, text: str) -> str:
        """Return a text with this folder in place of `/home/user`."""
        return text.replace(HOME, str(self.folder))

    def theirs(self, text: str) -> str:
        """Return a text with `/home/user` in place of this folder."""
        return text.replace(str(self.folder), HOME)

    def copy(self, name: str, to: str) -> None:
        """Copy a file next to the task file into the home. Raises SetupError when it cannot be read."""
        source, target = self.source_folder / name, self.path(to)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        except OSError as error:
            raise SetupError(f"{source} cannot be copied to {target} ({error.strerror})") from error

    def fetch(self, url: str, target: Path) -> None:
        """Download a file. Raises SetupError when it fails, when the file is too large, and for a denied domain."""
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with (
                httpx.Client(timeout=PATIENCE, event_hooks={"request": [self._allowed]}) as client,
                client.stream("GET", url, follow_redirects=True) as answer,
            ):
                answer.raise_for_status()
                self._keep(answer, target)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SetupError(f"{url} cannot be downloaded ({str(error) or type(error).__name__})") from error
        except OSError as error:
            raise SetupError(f"{target} cannot be written ({error.strerror})") from error

    def run(self, command: str | Sequence[str], display: str, *, shell: bool) -> str:
        """Return the output of a task file's command, which runs with the rights of the user.

        Raises SetupError when it cannot be started or does not end in time.
        """
        words: str | list[str] = self.local(command) if isinstance(command, str) else [self.local(w) for w in command]
        env = without_secrets(os.environ) | {"HOME": str(self.folder), "DISPLAY": display}
        try:
            done = subprocess.run(
                words,
                shell=shell,
                cwd=self.folder,
                env=env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=COMMAND_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SetupError(f"{command!r} has not ended within {COMMAND_SECONDS:g} s") from error
        except (OSError, ValueError) as error:
            raise SetupError(f"{command!r} cannot be started ({error})") from error
        return self.theirs(done.stdout.decode("utf-8", "replace"))

    def _allowed(self, request: httpx.Request) -> None:
        if not self._domains.allow(str(request.url)):
            raise SetupError(f"{request.url} is outside the allowed domains ({self._domains}); allow its domain too")

    def _keep(self, answer: httpx.Response, target: Path) -> None:
        size = 0
        with target.open("wb") as file:
            for part in answer.iter_bytes():
                size += len(part)
                if size > MOST_BYTES:
                    raise SetupError(f"{answer.url} is larger than {MOST_BYTES // 1_000_000} MB and was not downloaded")
                file.write(part)


def check_path(name: object, key: str) -> str:
    """Return the name of a file below the home. Raises UsageError for any other."""
    path = PurePosixPath(name) if isinstance(name, str) else PurePosixPath()
    if not path.is_relative_to(HOME) or ".." in path.parts or path == PurePosixPath(HOME):
        raise UsageError(f"{key} is {name!r}, which is not a file below {HOME}; use a path below it")
    return str(path)


def check_source(name: object, folder: Path, key: str) -> str:
    """Return the path of a file next to the task file, or below. Raises UsageError for any other."""
    if not isinstance(name, str) or not (folder / name).resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{key} is {name!r}, which is not next to the task file; put it there")
    if not (folder / name).is_file():
        raise UsageError(f"{key}: there is no file {folder / name}; put it there")
    return name


def check_url(url: object, key: str) -> str:
    """Return the web address. Raises UsageError for any other text."""
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise UsageError(f"{key} is {url!r}; give an address with http:// or https://")
    return url
