"""`handeye replay`: what a run did, done again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from handeye.agent.cli.console import Json, report_errors
from handeye.agent.cli.run import NOTHING, approval_setting, leave, work
from handeye.agent.resources import EMBEDDED
from handeye.agent.run_folder import RunFolder, find_run
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from PIL import Image

    from handeye.policies.decision import Policy
    from handeye.policies.replay.anchors import RunAnchors


def replay(
    name: Annotated[str, typer.Argument(metavar="RUN", help="A run's folder, its name, or [b]latest[/b].")] = "latest",
    on: Annotated[
        str,
        typer.Option(
            envvar="HANDEYE_ON", metavar="URL|app:COMMAND|…", help="Elsewhere.", show_default="as the run was"
        ),
    ] = "",
    no_model: Annotated[
        bool,
        typer.Option(
            "--no-model", envvar="HANDEYE_NO_MODEL", help="Fail where a step has drifted, instead of asking the model."
        ),
    ] = False,
    approve: Annotated[
        str | None, typer.Option(envvar="HANDEYE_APPROVE", metavar="never|risky|always", help="Ask differently now.")
    ] = None,
    headed: Annotated[bool, typer.Option(envvar="HANDEYE_HEADED", help="Show the browser or program.")] = False,
    run_dir: Annotated[
        Path | None,
        typer.Option(envvar="HANDEYE_RUN_DIR", help="This run's own folder.", show_default="runs/<when>-<goal>"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Do again what a run did, without a model: each step where at least two signals agree on the place.

    A step that has drifted is the policy's again: the run's model, or plain English.

    [b]Example[/b]: handeye replay latest --no-model
    """
    with report_errors(as_json, **NOTHING):
        from handeye.agent.anchors_from_run import anchors_from_run

        path = find_run(name)
        folder = RunFolder(path)
        status, config = folder.read().get("status"), folder.config
        if status != "succeeded":
            raise UsageError(f"{path} {f'ended as {status}' if status else 'has no end'}; replay one that succeeded")
        found = anchors_from_run(path)
        if not found.anchors:
            raise UsageError(f"{path} holds no steps to be done again; start a new run")
        config = config.model_copy(
            update={
                "on": on or config.on,
                "headed": headed or config.headed,
                "model": EMBEDDED if no_model else config.model,
                "policy": "auto" if no_model else config.policy,
                "best_of": 1 if no_model else config.best_of,
                "critic": "" if no_model else config.critic,
                "approve": approval_setting(approve) if approve else config.approve,
            }
        )
        result = work(config, None, run_dir, None, lambda policy: _again(policy, found, no_model))
    leave(result, as_json)


def _again(policy: Policy, found: RunAnchors, no_model: bool) -> Policy:
    """The run's steps in front of its policy; of nobody, where the model that made them is not to be asked."""
    from handeye.policies.plain_english import PlainEnglish
    from handeye.policies.replay.policy import NoPolicy, ReplayPolicy
    from handeye.tools.screenshot import decode_image

    def picture(digest: str) -> Image.Image | None:
        return decode_image(found.patches[digest]) if digest in found.patches else None

    clauses = any(each.clause is not None for each in found.anchors)
    if isinstance(policy, PlainEnglish) and not clauses:
        policy = NoPolicy()
    return ReplayPolicy(policy, found.anchors, picture, ask=not no_model and not isinstance(policy, NoPolicy))
