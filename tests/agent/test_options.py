"""One model of options: its flags, variables, keys and errors, and which of several values counts."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from handeye.agent import Agent
from handeye.agent.cli import app
from handeye.agent.cli.flags import GivenOptions, with_options
from handeye.agent.options import ENGINE, GROUPS, OPTIONS, RunOptions
from handeye.agent.run_folder import RunConfig
from handeye.perception.embedded import EmbeddedPerception
from handeye.perception.engines.options import EngineOptions
from handeye.policies.guard.guard_policy import GuardPolicy
from handeye.policies.plain_english import PlainEnglish
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def test_every_setting_is_an_option_with_a_help_text_in_one_group() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted({*RunOptions.model_fields, *EngineOptions.model_fields} - {"options"})
    assert [name for name, option in OPTIONS.items() if not option.help.endswith(".")] == []
    assert OPTIONS["allow_domains"].flag == "--allow-domain"
    assert OPTIONS["max_steps"].variable == "HANDEYE_MAX_STEPS"
    assert len({option.flag for option in OPTIONS.values()}) == len(OPTIONS)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"max_steps": "0"}, "max-steps must be at least 1, got 0"),
        ({"max_steps": "many"}, "max-steps must be a whole number, got 'many'"),
        ({"samples": 65}, "samples must be between 1 and 64, got 65"),
        ({"budget_seconds": 0}, "budget-seconds must be more than 0, got 0"),
        ({"budget_seconds": "inf"}, "budget-seconds must be a finite number, got inf"),
        ({"approve": "maybe"}, "approve must be one of never, risky, always, got 'maybe'"),
        ({"viewport": "100x900"}, "viewport must be WIDTHxHEIGHT, 200 to 8000 each, such as 1344x896, got '100x900'"),
        ({"v2pe": "1/0"}, "v2pe must be a number such as 1, 1/4 or 1/64, got '1/0'"),
        ({"v2pe": "2"}, "v2pe must be more than 0 and at most 1, got 2.0"),
        ({"fast": "maybe"}, "fast must be true or false, got 'maybe'"),
        ({"tools": 3}, "tools must be a list, got 3"),
        ({"max_step": 3}, "there is no setting called 'max_step'; did you mean max-steps?"),
    ],
)
def test_a_wrong_value_is_named_with_its_limit(setting: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as error:
        RunOptions.of(setting)
    assert str(error.value) == message


def test_values_of_a_command_line_are_read() -> None:
    given = {"viewport": "800x600", "v2pe": "1/4", "max_steps": "9", "allow_domains": "a.test", "quantize": "8bit"}
    options = RunOptions.of(given)
    assert (options.viewport, options.max_steps, options.allow_domains) == ((800, 600), 9, ("a.test",))
    assert options.options == EngineOptions(v2pe=0.25, quantize="8bit")


def test_a_run_stores_whole_paths_and_the_rules_instead_of_their_file(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("[guard]\nshell = true\n")
    options = RunOptions(secrets="keys.toml", tools_from=("mine.py", "package.tools"), guard=str(rules))
    config = RunConfig.from_options(options, "click x")
    assert config.rules.shell
    assert config.secrets.endswith("/keys.toml")
    assert [each.startswith("/") for each in (config.secrets, *config.tools_from)] == [True, True, False]
    stored = config.model_dump(mode="json")
    assert "guard" not in stored
    assert RunConfig.model_validate(stored) == config


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command that prints its options, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    @with_options("max_steps", "headed", "tools", "tools_from", "max_tiles", defaults={"max_steps": 30})
    def command(options: GivenOptions) -> None:
        from handeye.agent.cli.console import report_errors

        with report_errors():
            chosen = options.checked()
            displayed = chosen.model_dump(include={"max_steps", "headed", "tools", "tools_from"})
            typer.echo(json.dumps(displayed | {"max_tiles": chosen.options.max_tiles}))

    own = typer.Typer()
    own.command("show")(command)
    own.callback()(app.registered_callback.callback)  # type: ignore[union-attr,type-var]

    def run(*arguments: str, **environment: str) -> Any:
        return CliRunner().invoke(own, ["show", *arguments], env=environment)

    return run


def test_flag_before_variable_before_file_before_default(show: Any, tmp_path: Path) -> None:
    assert json.loads(show().stdout) == {
        "max_steps": 30,
        "headed": False,
        "tools": [],
        "tools_from": [],
        "max_tiles": 12,
    }
    (tmp_path / "handeye.toml").write_text('max-steps = 7\nheaded = true\nmax-tiles = 3\ntools = "stock"\n')
    displayed = json.loads(show(HANDEYE_MAX_STEPS="8").stdout)
    assert displayed == {"max_steps": 8, "headed": True, "tools": ["stock"], "tools_from": [], "max_tiles": 3}
    displayed = json.loads(show("--max-steps", "9", "--no-headed", HANDEYE_MAX_STEPS="8").stdout)
    assert (displayed["max_steps"], displayed["headed"], displayed["max_tiles"]) == (9, False, 3)


def test_an_error_names_the_source_of_the_wrong_value(show: Any, tmp_path: Path) -> None:
    done = show("--max-steps", "0")
    assert (done.exit_code, done.stderr) == (2, "handeye: --max-steps must be at least 1, got 0\n")
    done = show(HANDEYE_MAX_TILES="41")
    assert (done.exit_code, done.stderr) == (
        2,
        "handeye: HANDEYE_MAX_TILES: max-tiles must be between 1 and 40, got 41\n",
    )
    (tmp_path / "handeye.toml").write_text("max-steps = 0\n")
    done = show()
    assert done.exit_code == 2
    assert done.stderr == f"handeye: {tmp_path / 'handeye.toml'}: max-steps must be at least 1, got 0\n"


def test_a_renamed_flag_and_its_variable_still_work_with_a_note(show: Any) -> None:
    for done in (show("--tools", "mine.py"), show(HANDEYE_TOOLS="mine.py")):
        assert json.loads(done.stdout)["tools_from"] == ["mine.py"]
        assert done.stderr.startswith("note: --tools is called --tools-from now")
    assert show("--tools-from", "mine.py").stderr == ""


class Screen:
    """A device with a name and nothing else."""

    name = "a screen"


def test_an_agent_takes_options_and_the_keywords_of_0_1_with_a_warning() -> None:
    parts: dict[str, Any] = {"perception": EmbeddedPerception(), "policy": PlainEnglish()}
    screen: Any = Screen()
    agent = Agent(screen, options=RunOptions(max_steps=7, samples=2), **parts)
    assert (agent.config.max_steps, agent.config.samples, agent.config.on) == (7, 2, "a screen")
    config = RunConfig(goal="", on="a screen", policy=PlainEnglish.name, max_steps=5, allow_domains=("a.test",))
    assert Agent(screen, "embedded", options=RunOptions(max_steps=5, allow_domains=("a.test",)), **parts).config == (
        config
    )
    assert Agent(screen, "other", options=config, **parts).config == config.model_copy(update={"model": "other"})
    rules = GuardPolicy(refuse_words=("transfer",))
    for former, new in (
        ({"max_steps": 5}, "options=RunOptions(max_steps=…)"),
        ({"max_tiles": 4}, "options=RunOptions.of({'max_tiles': …})"),
        ({"config": config}, "options=…"),
        ({"rules": rules}, "options=RunConfig.from_options(options, rules=…)"),
    ):
        name = next(iter(former))
        message = re.escape(f"Agent({name}=…) works until 0.3; use Agent({new})")
        with pytest.warns(DeprecationWarning, match=f"^{message}$") as warned:
            made = Agent(screen, **parts, **former).config
        assert warned[0].filename == __file__
        flat = made.model_dump() | made.options.model_dump() | {"config": made, "rules": made.rules}
        assert flat[name] == former[name]
    with (
        pytest.raises(UsageError, match="max-steps must be at least 1, got 0"),
        pytest.warns(DeprecationWarning, match="until 0.3"),
    ):
        Agent(screen, max_steps=0, **parts)
    with pytest.raises(UsageError, match="no setting called 'max_step'; did you mean max-steps"):
        Agent(screen, max_step=3, **parts)
    with (
        pytest.raises(UsageError, match="samples is also part of the RunConfig"),
        pytest.warns(DeprecationWarning, match="until"),
    ):
        Agent(screen, options=config, samples=2, **parts)


def test_each_engine_option_is_a_flag_of_every_command_that_opens_a_model() -> None:
    group: Any = typer.main.get_command(app)
    context = group.make_context("handeye", [], resilient_parsing=True)
    for name in ("run", "ground", "calibrate", "doctor", "mcp", "test", "bench", "eval"):
        flags = {each.name for each in group.get_command(context, name).params}
        assert {"model", *ENGINE} <= flags, name
