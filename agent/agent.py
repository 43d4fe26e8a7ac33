"""`Agent`: one goal on one device, from the first look to an honest verdict."""

from __future__ import annotations

import signal
import threading
import time
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langgraph.types import Command

from handeye.agent.approval import answered, question_id
from handeye.agent.event_log import Noted, Started
from handeye.agent.integrity import check_files, check_state
from handeye.agent.loop import RunContext, build_loop
from handeye.agent.recorder import RunRecorder
from handeye.agent.resources import EMBEDDED, open_perception_and_policy, page_folder
from handeye.agent.resume import recover, settle_doubt
from handeye.agent.run_folder import RunConfig, RunFolder, disk, released
from handeye.agent.state import State, start
from handeye.policies.guard.guard import Guard
from handeye.policies.guard.guard_policy import GuardPolicy, program
from handeye.policies.limits import Limits
from handeye.tools import cancellation
from handeye.tools.custom_tools import Toolbox, as_tools
from handeye.tools.device import Hooks
from handeye.tools.errors import ActionRefused, DeviceLost, HandeyeError, Stopped, UsageError
from handeye.tools.secrets.redact import names_in
from handeye.tools.secrets.store import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from langchain_core.runnables import RunnableConfig

    from handeye.agent.event_log import AnyEvent, RunStatus
    from handeye.agent.loop import Graph
    from handeye.agent.run_folder import Approve, RunResult
    from handeye.perception.perception import Perception
    from handeye.policies.decision import Policy
    from handeye.tools.device import Device

#: One run, one thread of checkpoints; our own `Limits` end a run, LangGraph's recursion limit never does.
THREAD: RunnableConfig = {"configurable": {"thread_id": "run"}, "recursion_limit": 2**31 - 1}


#: So often within one step a device may go away and come back, before it is the page's or the action's fault.
REVIVALS = 2


@dataclass(frozen=True)
class Reply:
    """An answer that was given with a resume, to the question that the person saw."""

    text: str
    question: str
    """The id of the question; empty where it was not said."""
    shown: str | None
    """The question that the run ended with; None when it ended with none."""
    answers: int
    """How many answers were used before it, which the question's id counts."""
    redact: Callable[[str], str]

    def meant_for(self, step: int, question: str) -> bool:
        """Whether this is the question that was answered."""
        if self.question:
            return self.question == question_id(step, self.redact(question), self.answers)
        return self.shown is None or self.shown == self.redact(question)


class Agent:
    """Carries out goals on a device.

        with Browser("http://localhost:8000") as browser:
            run = Agent(browser, model="embedded").run("search for lamp and open the second result")
        print(run.verdict, run.report)

    `model` is `embedded`, a checkpoint's id or folder, or a server's address; `eyes` and `policy` replace what it
    would bring. `tools` are functions with `@tool` that the run may use. `ask` answers questions (approvals too);
    without it a question pauses the run with verdict `waiting`.
    """

    def __init__(
        self,
        device: Device,
        model: str = EMBEDDED,
        *,
        policy: str | Policy = "auto",
        perception: Perception | None = None,
        approve: Approve = "risky",
        max_steps: int = 50,
        budget_seconds: float | None = None,
        allow_domains: tuple[str, ...] = (),
        rules: GuardPolicy | None = None,
        tools: Iterable[Any] | Toolbox = (),
        secrets: Secrets | None = None,
        run_dir: Path | None = None,
        config: RunConfig | None = None,
        ask: Callable[[str], str | None] | None = None,
        listen: Callable[[AnyEvent], None] | None = None,
    ) -> None:
        self.device = device
        self.tools = tools if isinstance(tools, Toolbox) else Toolbox(as_tools(tools))
        self.config = config or RunConfig.checked(
            goal="",
            on=device.name,
            model=model,
            policy=policy if isinstance(policy, str) else policy.name,
            max_steps=max_steps,
            budget_seconds=budget_seconds,
            approve=approve,
            allow_domains=allow_domains,
            rules=rules or GuardPolicy(),
            tools=tuple(tool.name for tool in self.tools.tools),
        )
        self.secrets = secrets or Secrets.read(Path(self.config.secrets) if self.config.secrets else None)
        self.run_dir = run_dir
        self.ask = ask
        self.listen = listen
        if perception is None or isinstance(policy, str):
            name = policy if isinstance(policy, str) else "auto"
            made = open_perception_and_policy(
                self.config.model,
                name,
                self.config.options,
                samples=self.config.samples,
                best_of=self.config.best_of,
                critic=self.config.critic,
            )
            self.perception, self.policy = perception or made[0], made[1] if isinstance(policy, str) else policy
        else:
            self.perception, self.policy = perception, policy
        self._stop = threading.Event()
        self._in_loop = False

    def stop(self) -> None:
        """Ask the run to stop before its next action; it can be resumed."""
        self._stop.set()

    def run(self, goal: str) -> RunResult:
        """Carry out the goal in a new run. Raises UsageError for an empty goal; everything else is a verdict."""
        if not goal.strip():
            raise UsageError("the goal is empty; say what to do, such as: click “Save”")
        self.secrets.check(goal)
        self.secrets.check(self.config.on, "place it begins at")
        asked = self.config.model_copy(update={"goal": goal, "secret_names": tuple(names_in(goal))})
        folder = RunFolder.create(asked, self.run_dir)
        return self._work(folder, resumed=False)

    def resume(self, folder: RunFolder, answer: str | None = None, question: str = "") -> RunResult:
        """Go on with a run that stopped; `answer` is the reply to the question it waits on.

        `question` is that question's id (see `approval.question_id`): an answer to another one is not used. Without it
        the answer counts for the question that the run ended with, and for none that comes up now.
        """
        return self._work(folder, resumed=True, answer=answer, question=question)

    def _work(self, folder: RunFolder, *, resumed: bool, answer: str | None = None, question: str = "") -> RunResult:
        began = time.monotonic()
        if resumed:
            with released(folder):
                check_files(folder)
        ended = folder.read()
        redact = self._keep_secrets(folder, resumed)
        with disk(folder.path), RunRecorder(folder, self.listen, self.config.options, self.secrets) as recorder:
            context = RunContext(
                device=self.device,
                perception=self.perception,
                policy=self.policy,
                guard=self.guard(folder.downloads),
                limits=Limits(steps=self.config.max_steps, seconds=self.config.budget_seconds),
                run=folder,
                journal=recorder.journal,
                tell=recorder.tell,
                history=recorder.history,
                tools=self.tools,
                stopping=self._stop.is_set,
                redact=redact,
                traced=recorder.trace.sync,
            )
            graph = build_loop(context, recorder.checkpoints)
            if resumed:
                check_state(folder, graph.get_state(THREAD).values or None)  # type: ignore[arg-type]
            recorder.checkpoints.setup()
            folder.note(opened=True)
            shown = str(ended.get("reason", "")) if ended.get("status") == "waiting" else None
            answers = int(ended.get("answers") or 0)
            reply = Reply(redact(answer), question, shown, answers, redact) if answer is not None else None
            status, reason = self._attempt(context, graph, folder.config, resumed, reply)
            state = State(**(graph.get_state(THREAD).values or start("")))  # type: ignore[typeddict-item]
            return recorder.end(status, redact(reason), state, time.monotonic() - began)

    def _keep_secrets(self, folder: RunFolder, resumed: bool) -> Callable[[str], str]:
        """Hand the secrets to the device, with what this run has typed before; returns what hides them in a text."""
        from handeye.perception.reading import ocr

        self.secrets.reader = ocr.read
        if resumed and folder.journal.exists():
            self.secrets.recall(folder.journal.read_text(encoding="utf-8"))
        self.device.secrets = self.secrets
        return self.secrets.redact

    def guard(self, *folders: Path) -> Guard:
        """The rules that the runs of this agent are held to; files of these `folders` may be opened too."""
        named = tuple(tool.name for tool in self.tools.tools)
        safe = frozenset(tool.name for tool in self.tools.tools if tool.safe)
        rules = self.config.in_force.model_copy(update={"tools": named})
        start = page_folder(self.config.on)
        files = (*([start] if start else []), *folders)
        return Guard(self.config.approve, rules, files, safe, Path(self.config.folder) if self.config.folder else None)

    def _attempt(
        self, context: RunContext, graph: Graph, config: RunConfig, resumed: bool, answer: Reply | None
    ) -> tuple[RunStatus, str]:
        """Run the loop as far as it goes; what stops it becomes a verdict and a reason."""
        try:
            self.device.attach(self._hooks(context, config))
            with self._ctrl_c(), cancellation.stoppable(self._stop.is_set), disk(context.run.path):
                context.tell(
                    Started(
                        goal=config.goal,
                        on=config.on,
                        device=self.device.name,
                        model=config.model,
                        policy=self.policy.name,
                        resumed=resumed,
                        config=config.model_dump(mode="json"),
                    )
                )
                for note in (*self.perception.notes, *self.secrets.notes):
                    context.tell(Noted(text=note))
                self.policy.check(config.goal)
                kept = graph.get_state(THREAD).values if resumed else None
                if not kept:
                    return self._last(context, graph, start(config.goal))
                question = self._pick_up(context, graph, State(**kept), answer)  # type: ignore[typeddict-item]
                return self._unanswered(question) if question else self._last(context, graph, None)
        except ActionRefused as error:
            return "refused", str(error)
        except Stopped as error:
            return "interrupted", str(error)
        except KeyboardInterrupt:
            return "interrupted", "stopped at once, in the middle of an action"
        except HandeyeError as error:
            return "broken", str(error)
        except Exception as error:  # a mistake of ours must not cost the run its books
            (context.run.path / "crash.txt").write_text(context.redact(traceback.format_exc()), encoding="utf-8")
            return "broken", f"{type(error).__name__}: {error}; please report it with {context.run.path / 'crash.txt'}"
        finally:
            self._in_loop = False
            self.device.detach()

    def _hooks(self, context: RunContext, config: RunConfig) -> Hooks:
        """What the run connects to its device while it uses it."""
        started = program(config.on.removeprefix("app:")) if config.on.startswith("app:") else ""

        def store_page(device_state: dict[str, Any]) -> None:
            if self._in_loop:  # while a page is brought back, the stored state must stay
                context.run.store_device_state(device_state)

        return Hooks(
            run=str(context.run.path),
            stop=self.stop,
            on_request=context.journal.sending,
            on_read=context.journal.reading,
            on_response=context.journal.answered,
            on_page=store_page,
            may_drive=partial(self.config.in_force.drives, named=started),
            downloads=context.run.downloads,
            page_log=context.run.page_log,
        )

    def _pick_up(self, context: RunContext, graph: Graph, state: State, answer: Reply | None) -> str:
        """Bring device and state back to where the run stopped; returns a question nobody answers, else nothing.

        The whole state is written anew, not its changes: a kill can leave a checkpoint whose last node's writes lie
        beside it, and those are in `state` but would not be under an update.
        """
        if question := state["question"]:
            if (said := self._replied(context, state, question, answer)) is None:
                return question
            answer = None
            update = answered(context.tell, state, said)
            state |= update
            graph.update_state(THREAD, state, as_node="ask")
            if state["status"] or state["question"]:
                return state["question"]
        found = recover(context, state)
        update = found.update
        if found.question:
            if (said := self._replied(context, state, found.question, answer, new=True)) is None:
                return found.question
            context.run.use_answer()  # now, so that it answers nothing when it is given once more after a crash
            update = settle_doubt(context, state, found, said)
        graph.update_state(THREAD, state | update, as_node="act")
        return ""

    def _last(self, context: RunContext, graph: Graph, entry: State | None) -> tuple[RunStatus, str]:
        """Drive the loop to its end; where the device goes away and can start again, bring it back as a resume does."""
        lost: DeviceLost | None = None
        steps: list[int] = []
        while True:
            try:
                if lost and (question := self._bring_back(context, graph, lost)):
                    return self._unanswered(question)
                return self._drive(context, graph, None if lost else entry)
            except Stopped:
                raise
            except DeviceLost as error:
                steps.append((graph.get_state(THREAD).values or start("")).get("step", 1))
                if not self.device.can_revive or steps.count(steps[-1]) > REVIVALS:
                    raise
                lost = error

    def _bring_back(self, context: RunContext, graph: Graph, lost: DeviceLost) -> str:
        """Start the device again where it was before; returns a question nobody answers, else nothing."""
        self._in_loop = False
        state = State(**graph.get_state(THREAD).values)  # type: ignore[typeddict-item]
        context.journal.rest()
        context.tell(Noted(step=state["step"], text=f"{lost}: {self.device.revive()}"))
        context.observation = context.settled = None
        return self._pick_up(context, graph, state, None)

    def _drive(self, context: RunContext, graph: Graph, entry: State | Command[Any] | None) -> tuple[RunStatus, str]:
        """Run nodes until the loop ends, a question finds nobody, or somebody asks to stop."""
        context.mark = time.monotonic()
        self._in_loop = True
        while True:
            for _ in graph.stream(entry, THREAD, durability="sync", stream_mode="updates"):
                if self._stop.is_set():
                    break
            state = graph.get_state(THREAD).values
            if state["status"]:
                return state["status"], state["reason"]
            if self._stop.is_set():
                return "interrupted", "stopped before the next action"
            said = self._asked(state["question"])
            if said is None:
                return self._unanswered(state["question"])
            entry = Command(resume=said)

    def _unanswered(self, question: str) -> tuple[RunStatus, str]:
        """A question found nobody; who stops the run instead of an answer is asked again when it goes on."""
        return ("interrupted", "stopped before the next action") if self._stop.is_set() else ("waiting", question)

    def _replied(
        self, context: RunContext, state: State, question: str, answer: Reply | None, *, new: bool = False
    ) -> str | None:
        """The answer to a question: the one that was given with the resume, if it was given to this one. A `new`
        question came up just now: it was answered only if the run had ended with the same."""
        if answer is None:
            return self._asked(question)
        if answer.meant_for(state["step"], question) and not (new and answer.shown is None):
            return answer.text
        text = "the answer was given to another question than the one that the run asks now, and is not used"
        context.tell(Noted(step=state["step"], text=text))
        return self._asked(question)

    def _asked(self, question: str) -> str | None:
        said = self.ask(question) if self.ask else None
        return self.secrets.redact(said) if said else said

    @contextmanager
    def _ctrl_c(self) -> Iterator[None]:
        """The first Ctrl-C (or a polite kill) stops between two actions, the second one at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def interrupted(*_: object) -> None:
            if self._stop.is_set():
                raise KeyboardInterrupt
            self._stop.set()
            if self.listen:
                self.listen(Noted(text="stopping before the next action; press Ctrl-C again to stop at once"))

        old = {number: signal.signal(number, interrupted) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)
