"""`Agent`: carries out goals on a device. It puts a run together; `RunDriver` drives it."""

from __future__ import annotations

import threading
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.agent.options import ENGINE, OPTIONS, RunOptions
from handeye.agent.recorder import RunRecorder
from handeye.agent.resources import open_perception_and_policy, page_folder
from handeye.agent.resume import check_files
from handeye.agent.run_context import RunContext
from handeye.agent.run_driver import ResumeAnswer, RunDriver
from handeye.agent.run_folder import RunConfig, RunFolder, disk, released
from handeye.policies.guard.guard import Guard
from handeye.policies.limits import Limits
from handeye.tools.custom_tools import Toolbox, as_tools
from handeye.tools.errors import UsageError
from handeye.tools.secrets.redact import names_in
from handeye.tools.secrets.store import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from handeye.agent.event_log import AnyEvent
    from handeye.agent.run_folder import RunResult
    from handeye.perception.perception import Perception
    from handeye.policies.decision import Policy
    from handeye.policies.guard.guard_policy import GuardPolicy
    from handeye.tools.device import Device


class Agent:
    """Carries out goals on a device.

        with Browser("http://localhost:8000") as browser:
            run = Agent(browser, model="embedded").run("search for lamp and open the second result")
        print(run.status, run.report)

    `options` are the settings of the runs: `Agent(browser, options=RunOptions(max_steps=20))`. Without `on` they name
    the device; a `RunConfig` is used as it is. `model` replaces the model of the options; `perception` and `policy`
    replace what the options name. `tools` are functions with `@tool` that a run may use. `ask` answers questions,
    approvals included; without it a question pauses the run with status `waiting`. `former` are the keywords of 0.1,
    which work until 0.3 with a DeprecationWarning. Raises UsageError for a wrong setting.
    """

    def __init__(
        self,
        device: Device,
        model: str = "",
        *,
        options: RunOptions | None = None,
        policy: str | Policy = "",
        perception: Perception | None = None,
        tools: Iterable[Any] | Toolbox = (),
        secrets: Secrets | None = None,
        run_dir: Path | None = None,
        ask: Callable[[str], str | None] | None = None,
        listen: Callable[[AnyEvent], None] | None = None,
        **former: Any,
    ) -> None:
        self.device = device
        self.tools = tools if isinstance(tools, Toolbox) else Toolbox(as_tools(tools))
        policy_name = policy if isinstance(policy, str) else policy.name
        given = {name: each for name, each in (("model", model), ("policy", policy_name)) if each}
        allowed = tuple(tool.name for tool in self.tools.tools)
        self.config = _run_config(options, {"on": device.name}, given | {"tools": allowed}, former)
        policy = policy or self.config.policy
        self.secrets = secrets or Secrets.read(Path(self.config.secrets) if self.config.secrets else None)
        self.run_dir = run_dir
        self.ask = ask
        self.listen = listen
        if perception is None or isinstance(policy, str):
            made = open_perception_and_policy(
                self.config.model,
                (isinstance(policy, str) and policy) or "auto",
                self.config.options,
                samples=self.config.samples,
                best_of=self.config.best_of,
                critic=self.config.critic,
            )
            self.perception, self.policy = perception or made[0], made[1] if isinstance(policy, str) else policy
        else:
            self.perception, self.policy = perception, policy
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ask the run to stop before its next action; it can be resumed."""
        self._stop.set()

    def run(self, goal: str) -> RunResult:
        """Carry out the goal in a new run. Raises UsageError for an empty goal; every other failure is a status."""
        if not goal.strip():
            raise UsageError("the goal is empty; say what to do, such as: click “Save”")
        self.secrets.check(goal)
        self.secrets.check(self.config.on, "place it begins at")
        config = self.config.model_copy(update={"goal": goal, "secret_names": tuple(names_in(goal))})
        folder = RunFolder.create(config, self.run_dir)
        self._connect_secrets(folder, resumed=False)
        return self._work(folder)

    def resume(self, folder: RunFolder, answer: str | None = None, question: str = "") -> RunResult:
        """Resume a run that stopped; `answer` is the answer to the question it waits for.

        `question` is that question's id (see `approval.question_id`): an answer to another one is not used. Without it
        the answer is for the question that the run ended with, and for none that is new.
        """
        with released(folder):
            check_files(folder)
        self._connect_secrets(folder, resumed=True)
        ended = folder.read()
        last_question = str(ended.get("reason", "")) if ended.get("status") == "waiting" else None
        given = None
        if answer is not None:
            used_answers = int(ended.get("answers") or 0)
            given = ResumeAnswer(self.secrets.redact(answer), question, last_question, used_answers)
        return self._work(folder, resumed=True, answer=given)

    def guard(self, *folders: Path) -> Guard:
        """The guard of this agent's runs; files in these `folders` may be opened as well."""
        names = tuple(tool.name for tool in self.tools.tools)
        safe = frozenset(tool.name for tool in self.tools.tools if tool.safe)
        policy = self.config.in_force.model_copy(update={"tools": names})
        start = page_folder(self.config.on)
        files = (*([start] if start else []), *folders)
        return Guard(self.config.approve, policy, files, safe, Path(self.config.folder) if self.config.folder else None)

    def _work(self, folder: RunFolder, *, resumed: bool = False, answer: ResumeAnswer | None = None) -> RunResult:
        """Drive the run to its end, with its files open meanwhile."""
        began = time.monotonic()
        with disk(folder.path), RunRecorder(folder, self.listen, self.config.options, self.secrets) as recorder:
            context = RunContext(
                device=self.device,
                perception=self.perception,
                policy=self.policy,
                guard=self.guard(folder.downloads),
                limits=Limits(steps=self.config.max_steps, seconds=self.config.budget_seconds),
                folder=folder,
                journal=recorder.journal,
                record=recorder.record,
                history=recorder.history,
                tools=self.tools,
                stop_requested=self._stop.is_set,
                redact=self.secrets.redact,
                sync_log=recorder.event_log.sync,
            )
            driver = RunDriver(
                context,
                folder.config,
                recorder.checkpoints,
                guard_policy=self.config.in_force,
                stop=self._stop,
                ask=self.ask,
                notify=self.listen,
            )
            if resumed:
                driver.check_checkpoint()
            recorder.checkpoints.setup()
            folder.note(opened=True)
            status, reason = driver.drive(resumed=resumed, answer=answer, notes=tuple(self.secrets.notes))
            return recorder.end(status, self.secrets.redact(reason), driver.state, time.monotonic() - began)

    def _connect_secrets(self, folder: RunFolder, *, resumed: bool) -> None:
        """Give the secrets to the device, with the variants that an earlier process of the run typed."""
        from handeye.perception.reading import ocr

        self.secrets.reader = ocr.read
        if resumed and folder.journal.exists():
            self.secrets.recall(folder.journal.read_text(encoding="utf-8"))
        self.device.secrets = self.secrets


def _run_config(
    options: RunOptions | None, defaults: dict[str, Any], given: dict[str, Any], former: dict[str, Any]
) -> RunConfig:
    """The settings of the runs: `given` wins over `options`, which win over `defaults`.

    `former` has the keywords of 0.1. Raises UsageError for a wrong or contradictory setting.
    """
    _warn_of_former_keywords(former)
    rules: GuardPolicy | None = former.pop("rules", None)
    options = former.pop("config", None) or options
    if isinstance(options, RunConfig):
        if former:
            raise UsageError(f"{next(iter(former))} is also part of the RunConfig; set it there")
        model = given.get("model")
        return options.model_copy(update={"model": model}) if model else options
    chosen = {name: getattr(options, name) for name in options.model_fields_set} if options else {}
    if chosen.get("tools") and not given["tools"]:
        raise UsageError(f"options name the tools {', '.join(chosen['tools'])}; pass them as Agent(tools=…) too")
    return RunConfig.from_options(RunOptions.of(defaults | chosen | former | given), rules=rules)


def _warn_of_former_keywords(names: Iterable[str]) -> None:
    """Warn of each keyword of 0.1, with its replacement. An unknown name is an error later on."""
    replacements = {"config": "options=…", "rules": "options=RunConfig.from_options(options, rules=…)"}
    for name in names:
        new = replacements.get(name)
        if new is None and name in OPTIONS:
            new = f"options=RunOptions.of({{{name!r}: …}})" if name in ENGINE else f"options=RunOptions({name}=…)"
        if new:
            message = f"Agent({name}=…) works until 0.3; use Agent({new})"
            warnings.warn(message, DeprecationWarning, stacklevel=4)
