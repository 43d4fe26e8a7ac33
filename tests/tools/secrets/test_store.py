"""Secrets come from a file, the environment or the keyring, and are used only where they belong."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
import typer
from pydantic import BaseModel, Field, JsonValue

from handeye.agent.cli.console import report_errors
from handeye.tools.actions import parse_action
from handeye.tools.errors import ActionFailed, ActionRefused, UsageError
from handeye.tools.secrets.device_output import redacts_secrets
from handeye.tools.secrets.store import Destination, Secret, Secrets, refuse_elsewhere, without_secrets

SHOP = Destination("a field of http://shop.example", url="http://shop.example/login", own=True)
PAY = Destination("a field of https://pay.example", url="https://www.pay.example:8443/")
EDITOR = Destination("the program mousepad", program="mousepad")


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_a_toml_file_has_values_and_what_they_are_bound_to(tmp_path: Path) -> None:
    file = write(
        tmp_path / "my.toml",
        'shop = "open sesame"\n[bank]\nvalue = "1234"\nfor = ["pay.example", "app:Mousepad"]\n'
        '[only-bound]\nfor = "x.y"\n',
    )
    secrets = Secrets.read(file, {})
    assert secrets.use("shop", SHOP) == "open sesame"
    assert secrets.use("bank", PAY) == secrets.use("bank", EDITOR) == "1234"
    assert secrets.notes == []
    assert secrets.given == {"shop", "bank"}


def test_a_dotenv_file_does_too(tmp_path: Path) -> None:
    file = write(
        tmp_path / ".env",
        '# mine\nSHOP=open # sesame\nexport BANK = "a \\"b\\" #c" # d\n'
        "BANK_FOR=pay.example, app:mousepad\nRAW='$x \\n'\n",
    )
    secrets = Secrets.read(file, {})
    assert secrets.use("shop", SHOP) == "open"
    assert secrets.use("bank", PAY) == 'a "b" #c'
    assert secrets.use("RAW", SHOP) == "$x \\n"


def test_the_file_comes_before_the_environment_and_both_before_the_keyring(tmp_path: Path) -> None:
    environ = {
        "HANDEYE_SECRET_SHOP": "from outside",
        "HANDEYE_SECRET_MY_PIN": "9876",
        "HANDEYE_SECRET_MY_PIN_FOR": "pay.example",
    }
    secrets = Secrets.read(write(tmp_path / "my.toml", 'shop = "from the file"'), environ)
    assert secrets.use("shop", SHOP) == "from the file"
    assert secrets.use("my.pin", PAY) == "9876"
    assert secrets.redact("9876") == "{{secret:my.pin}}"
    assert without_secrets(environ | {"PATH": "/bin"}) == {"PATH": "/bin"}


@pytest.fixture
def keyring_of() -> Iterator[dict[tuple[str, str], str]]:
    """The real library with a keyring that lives in memory."""
    import keyring
    from keyring.backend import KeyringBackend

    stored: dict[tuple[str, str], str] = {}
    questions: list[tuple[str, str]] = []

    class InMemory(KeyringBackend):
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            questions.append((service, username))
            return stored.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            stored[service, username] = password

    before = keyring.get_keyring()
    keyring.set_keyring(InMemory())  # type: ignore[no-untyped-call]
    yield stored
    keyring.set_keyring(before)


def test_the_keyring_is_queried_for_used_names_and_its_service_may_name_the_place(
    keyring_of: dict[tuple[str, str], str], tmp_path: Path
) -> None:
    import keyring

    keyring.set_password("handeye", "shop", "open sesame")
    keyring.set_password("handeye:pay.example", "bank", "12345")
    secrets = Secrets.read(write(tmp_path / "my.toml", '[bank]\nfor = ["pay.example"]'), {})
    assert secrets.redact("open sesame 12345") == "open sesame 12345", "nobody has asked yet"
    secrets.check("log in with {{secret:shop}} and {{secret:bank}}")
    assert secrets.redact("open sesame 12345") == "{{secret:shop}} {{secret:bank}}"
    assert secrets.use("bank", PAY) == "12345"
    with pytest.raises(ActionRefused, match="bank"):
        secrets.use("bank", SHOP)
    with pytest.raises(UsageError, match="keyring set handeye other"):
        secrets.check("{{secret:other}}")


def test_a_secret_is_refused_where_it_does_not_belong() -> None:
    secrets = Secrets(
        [Secret("shop", "open sesame"), Secret("bank", "12345", ("pay.example",)), Secret("x", "abcde", ("app:kate",))]
    )
    evil = Destination("a field of http://pay.example.evil.example", url="http://pay.example.evil.example/")
    for name, place in (
        ("bank", SHOP),
        ("bank", evil),
        ("shop", PAY),
        ("shop", EDITOR),
        ("x", EDITOR),
        ("bank", EDITOR),
    ):
        with pytest.raises(ActionRefused, match=r"is bound to .* and is not typed into") as refused:
            secrets.use(name, place)
        assert "sesame" not in str(refused.value)
    assert secrets.given == set()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.toml", "shop = sesame", "not valid TOML .line 1."),
        ("a.toml", "shop = 5", "shop is no secret"),
        ("a.toml", '[shop]\nvalu = "sesame"', "no setting valu"),
        ("a.toml", '[shop]\nvalue = ["sesame"]', "must be a text"),
        ("a.toml", '"sh op" = "sesame"', "cannot be a secret's name"),
        ("a.toml", '[shop]\nvalue = "sesame"\nfor = ["not a domain"]', "shop"),
        (".env", "SHOP sesame", "line 1: write NAME=value"),
        (".env", '\nSHOP="sesame', "line 2: the value of SHOP has no closing quote"),
        (".env", "SHOP=", "SHOP has no value"),
    ],
)
def test_an_unusable_file_is_reported_without_its_contents(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as reported:
        Secrets.read(write(tmp_path / name, text), {})
    assert "sesame" not in str(reported.value)
    assert reported.value.__cause__ is None


def test_a_missing_file_and_a_world_readable_one_are_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be read .No such file"):
        Secrets.read(tmp_path / "none.toml", {})
    file = write(tmp_path / "my.toml", 'shop = "abc"')
    file.chmod(0o644)
    open_to_all, short = Secrets.read(file, {}).notes
    assert "others on this machine can read" in open_to_all
    assert "chmod 600" in open_to_all
    assert "shop has fewer than 4 characters" in short


def test_a_secret_is_never_written_down() -> None:
    secrets = Secrets([Secret("shop", "open sesame")])
    assert "sesame" not in f"{secrets!r} {secrets.get('shop')!r}"
    for thing in (secrets, secrets.get("shop")):
        with pytest.raises(TypeError, match="not written down"):
            pickle.dumps(thing)


def test_secrets_go_into_fields_and_lists_alone() -> None:
    refuse_elsewhere(parse_action({"kind": "type", "text": "{{secret:a}}"}))
    refuse_elsewhere(parse_action({"kind": "select", "target": "x", "option": "{{secret:a}}"}))
    refuse_elsewhere(parse_action({"kind": "click", "target": "{{secret:a}}"}))  # as a label on the screen says
    for action in (
        {"kind": "navigate", "url": "http://x.example/?q={{secret:a}}"},
        {"kind": "key", "keys": "{{secret:a}}"},
        {"kind": "upload", "target": "x", "paths": ["/{{secret:a}}"]},
    ):
        with pytest.raises(ActionRefused, match=r"\{\{secret:a\}\} is only typed into fields"):
            refuse_elsewhere(parse_action(action))


class Line(BaseModel):
    """A record as files have them."""

    kind: Literal["note", "click"]
    at: str
    screen: str
    text: str
    n: int = 2026
    role: str = ""
    inside: tuple[Line, ...] = ()
    more: dict[str, JsonValue] = Field(default_factory=dict)
    path: Path = Path()


def test_a_record_keeps_its_digests_and_times() -> None:
    secrets = Secrets([Secret("pin", "2026")])
    line = Line(kind="note", at="2026-11-21T13:00:00.000+00:00", screen="2026" + "a" * 60, text="pin 2026")
    assert secrets.redact_record(line) == line.model_copy(update={"text": "pin {{secret:pin}}"})


@pytest.mark.parametrize("word", ["click", "note", "kind", "text", "inside", "button", "secret"])
def test_a_secret_that_is_a_word_of_our_files_leaves_them_readable(word: str) -> None:
    secrets = Secrets([Secret("shop", word), Secret(word, word.upper())])
    inner = Line(kind="click", at="", screen="", text=f"the {word}", role="button", path=Path("a") / word)
    line = Line(kind="note", at="", screen="", text=f"say {word}", inside=(inner,), more={"kind": [{"text": word}]})
    redacted = secrets.redact_record(line)
    again = Line.model_validate_json(redacted.model_dump_json())
    assert again == redacted
    assert (again.kind, again.inside[0].kind, again.inside[0].role) == ("note", "click", "button")
    assert word not in again.text.replace("{{secret:shop}}", "").replace(f"{{{{secret:{word}}}}}", "")
    assert str(again.inside[0].path) != str(inner.path)
    assert secrets.redact_record(again) == again, "names are not taken for values"
    assert secrets.redact_record(Line(kind="note", at="", screen="", text="other")).text == "other"


def test_an_error_of_a_command_is_printed_without_the_values_that_the_process_has_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    secrets = Secrets([Secret("shop", "tulip-91")])
    for error, code in ((UsageError("tulip-91 is no address"), 2), (RuntimeError("tulip-91"), 3)):
        with pytest.raises(typer.Exit) as left, report_errors(as_json=True, status=None):
            raise error
        assert left.value.exit_code == code
        message = capsys.readouterr()
        assert "tulip" not in message.out + message.err
        assert message.out.count("{{secret:shop}}") == message.err.count("{{secret:shop}}") == 1
    assert secrets.names == ["shop"]


def test_an_error_that_quotes_a_value_is_raised_anew_without_it_and_others_stay() -> None:
    @redacts_secrets
    class Clumsy:
        secrets = Secrets([Secret("shop", "open sesame")])

        def perform(self, words: str) -> str:
            try:
                raise ValueError(f"fill({words!r})")
            except ValueError as error:
                raise ActionFailed("it did not work") from error

    with pytest.raises(ActionFailed) as other:
        Clumsy().perform("hello")
    assert isinstance(other.value.__cause__, ValueError)
    with pytest.raises(ActionFailed, match="it did not work") as cleaned:
        Clumsy().perform("open sesame")
    assert cleaned.value.__cause__ is None
    assert cleaned.value.__context__ is None
