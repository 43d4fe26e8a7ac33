"""However an address or a path is written, it is one thing for the guard and for the device."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from handeye.perception.observation import Observation
from handeye.policies.guard.guard import Guard
from handeye.policies.guard.guard_policy import GuardPolicy
from handeye.tools.actions import parse_action
from handeye.tools.address import local_path, meant, names_path
from handeye.tools.errors import UsageError
from handeye.tools.screenshot import Screenshot

NOWHERE = Observation(Screenshot(Image.new("RGB", (10, 10))))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `open` that is allowed, a page `secret.html` that is not, and a link out of the folder."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "a b.html").write_text("a")
    (tmp_path / "secret.html").write_text("s")
    (tmp_path / "open" / "link.html").symlink_to(tmp_path / "secret.html")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path / "open")
    return tmp_path


SPELLINGS = [
    "{0}/secret.html", "file://{0}/secret.html", "FILE://{0}/secret.html", "file:{0}/secret.html",
    "file://localhost{0}/secret.html", "file://LOCALHOST{0}/secret.html", " file://{0}/secret.html", "fi\tle://{0}/secret.html",
    "\n\t file://{0}/secret.html", "file://{0}/open/../secret.html", "file://{0}/open/%2e%2e/secret.html",
    "../secret.html",
    "file://{0}/open/link.html", "{0}/open/link.html", "link.html", "~/secret.html", "file:///{0}//secret.html?x=1#y",
    "file:\\\\\\{0}\\secret.html", "file://{0}/%73ecret.html", "{0}/open/./../secret.html\n", "view-source:file://{0}/secret.html",
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("approve", ["never", "risky"])
def test_no_spelling_of_a_path_leads_out_of_the_folder(place: Path, spelling: str, approve: str) -> None:
    guard = Guard(approve, files=place / "open")  # type: ignore[arg-type]
    action = parse_action({"kind": "navigate", "url": spelling.format(place)})
    assert guard.judge(action, NOWHERE, "read what is there and note it in ./notes.txt").kind == "deny"


def test_the_checked_address_is_the_opened_address(place: Path) -> None:
    for spelling in SPELLINGS[:-1]:
        (url,) = meant(spelling.format(place))
        assert local_path(url) == place / "secret.html", spelling
    assert meant("a b.html") == [(place / "open" / "a b.html").as_uri()]
    assert meant(f"file://{place}/open/a%20b.html?q=1#top") == [(place / "open" / "a b.html").as_uri() + "?q=1#top"]


@pytest.mark.parametrize(
    "text", ["file://server/share/x.html", "\\\\server\\share\\x.html", "file:////server/x", "file:///a%00b"]
)
def test_files_of_other_machines_are_none(text: str) -> None:
    guard = Guard("never", files=Path("/nowhere"))
    if text.count("/") != 5:  # four slashes are a path of this machine
        with pytest.raises(UsageError, match=r"of another machine|is no path"):
            meant(text)
    if text.startswith("file:"):
        assert guard.judge(parse_action({"kind": "navigate", "url": text}), NOWHERE, "x").kind == "deny"


def test_what_a_goal_names(place: Path) -> None:
    secret = place / "secret.html"
    for goal in (f"open {secret}.", f'open "{secret}"', f"open ({secret})", "open ~/secret.html, then stop",
                 f"open {secret.as_uri()}",
                 "open ../secret.html", f"look into {place}/"):  # fmt: skip
        assert names_path(goal, secret), goal
    for goal in (
        f"open {secret}x",
        "open secret",
        f"read {place}/open",
        "go to http://x/secret.html",
        "open /",
        "and/or",
        "open ..",
    ):
        assert not names_path(goal, secret), goal


def test_files_are_given_away_only_from_named_folders(place: Path) -> None:
    def upload(path: str, goal: str, **rules: object) -> str:
        guard = Guard(files=place / "open", policy=GuardPolicy(**rules))  # type: ignore[arg-type]
        action = parse_action({"kind": "upload", "target": [5, 5], "paths": [path]})
        return guard.judge(action, NOWHERE, goal).kind

    assert upload("a b.html", "send it") == "ask"
    assert upload("link.html", "send it") == "deny"
    assert upload("~/secret.html", "send it") == "deny"
    assert upload("~/secret.html", "send ~/secret.html") == "ask"
    assert upload("~/secret.html", "send it", allow_folders=(str(place),)) == "ask"
    assert upload("/etc/hostname", "send it", allow_folders=(str(place),)) == "deny"
