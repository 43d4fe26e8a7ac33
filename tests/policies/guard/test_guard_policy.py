"""The person's rules are read from a table that says plainly what is wrong with it, and can only be tightened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handeye.agent.config import defaults, rules_here
from handeye.policies.guard.guard_policy import GuardPolicy, program, rules_file
from handeye.tools.allow_list import AllowList, canonical
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

FILE = """
model = "embedded"
[guard]
allow-domains = ["https://Shop.example/x"]
deny_domains = ["*.ads.shop.example"]
allow-apps = ["/usr/bin/Mousepad"]
refuse-words = ["Close  Account"]
ask-actions = ["upload"]
tools = ["convert"]
"""


def test_the_table_guard_holds_the_rules_and_is_no_commands(tmp_path: Path) -> None:
    (tmp_path / "handeye.toml").write_text(FILE)
    rules = rules_here(tmp_path)
    assert rules == rules_file(tmp_path / "handeye.toml")
    assert rules == GuardPolicy(
        allow_domains=("shop.example",),
        deny_domains=("ads.shop.example",),
        allow_apps=("mousepad",),
        refuse_words=("close account",),
        ask_actions=("upload",),
        tools=("convert",),
    )
    assert defaults({"run": {"model"}}, tmp_path) == {"run": {"model": "embedded"}}
    (tmp_path / "pyproject.toml").write_text("[tool.handeye.guard]\nshell = true\n")
    (tmp_path / "handeye.toml").unlink()
    assert rules_here(tmp_path) == GuardPolicy(shell=True)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("alow-domains = []", r"must have known keys, got 'alow-domains': did you mean allow-domains\?"),
        ('deny-domains = "a.test"', r"deny-domains must be a list, got 'a.test': write deny-domains = \["),
        (
            'allow-domains = ["a b"]',
            "allow-domains: a domain must be a host such as .*, got 'a b'",
        ),
        ('refuse-actions = ["clik"]', r"refuse-actions must be kinds of action, got 'clik': did you mean click\?"),
        ('ask-words = [""]', "ask-words must be words of buttons, such as transfer, got an empty text: remove it"),
        ('shell = "yes"', "shell must be true or false, got 'yes': correct the value"),
        ("tools = [1]", "tools must be a list of texts, got 1: correct the value"),
    ],
)
def test_a_wrong_rule_is_named_with_its_file_its_key_and_the_remedy(line: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "handeye.toml").write_text(f"[guard]\n{line}\n")
    with pytest.raises(UsageError, match=message) as caught:
        rules_here(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'handeye.toml'}: [guard]")


def test_rules_can_be_tightened_and_never_widened_by_others() -> None:
    stored = GuardPolicy(
        allow_domains=("shop.example", "cdn.example"), refuse_words=("transfer",), tools=("a", "b"), shell=True
    )
    now = GuardPolicy(allow_domains=("pay.shop.example", "evil.example"), ask_words=("archive",), tools=("b", "c"))
    both = stored.tightened(now)
    assert both == GuardPolicy(
        allow_domains=("pay.shop.example",), refuse_words=("transfer",), ask_words=("archive",), tools=("b",)
    )
    assert stored.tightened(stored) == stored
    with pytest.raises(
        UsageError, match="must allow one of the run's apps a, got b: name a file with other rules by --guard FILE"
    ):
        GuardPolicy(allow_apps=("a",)).tightened(GuardPolicy(allow_apps=("b",)))


def test_programs_are_known_by_the_name_of_their_file() -> None:
    named = ["/usr/bin/Mousepad -o x", "MOUSEPAD.EXE", r"C:\Tools\mousepad.exe", "mousepad"]
    assert {program(each) for each in named} == {"mousepad"}
    assert GuardPolicy(deny_apps=("mousepad",)).starts("/usr/bin/mousepad x.txt")
    assert not GuardPolicy().starts("xterm")
    assert GuardPolicy().drives("XTerm")
    assert not GuardPolicy(shell=True).drives("XTerm")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("EXAMPLE.com.", "example.com"),
        ("0x7f.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0177.0.0.01", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("[::FFFF:7f00:1]", "127.0.0.1"),
        ("[0:0::1]", "::1"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("ｅxample。com", "example.com"),
        ("exam\u00adple.com", "example.com"),
        ("%65xample.com", "example.com"),
        ("еxample.com", "xn--xample-2of.com"),
    ],
)
def test_a_host_has_one_form_however_it_is_spelled(written: str, meant: str) -> None:
    assert canonical(written) == meant
    assert AllowList([], [meant if ":" not in meant else f"[{meant}]"]).allow(f"http://{written}/") is False


def test_what_is_denied_is_denied_within_what_is_allowed() -> None:
    domains = AllowList(["shop.example"], ["ads.shop.example", "shop.example:8080"])
    assert domains.allow("https://shop.example/")
    assert not domains.allow("https://x.ads.shop.example/")
    assert not domains.allow("http://shop.example:8080/")
    assert not domains.allow("http://evil.example\\@shop.example/")  # a backslash ends the host
    assert not domains.allow("http://shop.example@evil.example/")
