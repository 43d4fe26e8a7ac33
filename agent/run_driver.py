"""Drives the loop of one run to its end: answers its questions, resumes it, and restarts a lost device."""

from __future__ import annotations

import signal
import threading
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from langgraph.types import Command

from handeye.agent.approval import apply_answer, question_id
from handeye.agent.event_log import Noted, Started
from handeye.agent.loop import build_graph
from handeye.agent.resume import apply_resume_answer, check_state, find_resume_point
from handeye.agent.run_folder import disk
from handeye.agent.state import State, initial_state, is_version_1, upgrade_state
from handeye.policies.guard.guard_policy import program
from handeye.tools import cancellation
from handeye.tools.device import Hooks
from handeye.tools.errors import ActionRefused, DeviceLost, HandeyeError, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from langchain_core.runnables import RunnableConfig

    from handeye.agent.event_log import AnyEvent, RunStatus
    from handeye.agent.recorder import LatestSaver
    from handeye.agent.run_context import RunContext
    from handeye.agent.run_folder import RunConfig
    from handeye.policies.guard.guard_policy import GuardPolicy

#: One run is one thread of checkpoints. `Limits` ends a run; LangGraph's recursion limit never does.
THREAD: RunnableConfig = {"configurable": {"thread_id": "run"}, "recursion_limit": 2**31 - 1}

#: How often a device may be restarted within one step; after that the page or the action is at fault.
MAX_RESTARTS = 2

#: The reason of an interrupted run whose question has no answer.
STOPPED = "stopped before the next action"


@dataclass(frozen=True)
class ResumeAnswer:
    """An answer that was given when the run was resumed, and the question that it was given to."""

    text: str
    question_id: str
    """Empty if the person named none."""
    last_question: str | None
    """The question that the run ended with; None if it ended with none."""
    used_answers: int = 0
    """How many answers the run has used before it."""

    def is_for(self, step: int, question: str) -> bool:
        """Whether this question was answered; `question` contains no secrets."""
        if self.question_id:
            return self.question_id == question_id(step, question, self.used_answers)
        return self.last_question is None or self.last_question == question


class RunDriver:
    """Runs the loop's graph for one run. Used once; `drive` returns how the run ended."""

    def __init__(
        self,
        context: RunContext,
        config: RunConfig,
        checkpoints: LatestSaver,
        *,
        guard_policy: GuardPolicy,
        stop: threading.Event,
        ask: Callable[[str], str | None] | None,
        notify: Callable[[AnyEvent], None] | None,
    ) -> None:
        """`ask` answers questions; None: they pause the run. `notify` receives a note that is not recorded."""
        self.context, self.config, self.checkpoints = context, config, checkpoints
        self._guard_policy, self._stop, self._ask, self._notify = guard_policy, stop, ask, notify
        self._graph = build_graph(context, checkpoints)
        self._in_loop = False
        """Whether nodes run. While a page is restored, its stored state must not change."""

    def check_checkpoint(self) -> None:
        """Upgrade a checkpoint of an earlier version. Raises UsageError if it does not fit to the other files."""
        values = self.checkpoints.saved_values(THREAD)
        if is_version_1(values):
            self._graph.update_state(THREAD, upgrade_state(values), as_node="act")
        check_state(self.context.folder, self._saved_state())

    @property
    def state(self) -> State:
        """The state of the newest checkpoint; the initial one if there is none."""
        return self._saved_state() or initial_state(self.config.goal)

    def drive(
        self, *, resumed: bool, answer: ResumeAnswer | None, notes: tuple[str, ...] = ()
    ) -> tuple[RunStatus, str]:
        """Run the loop until it ends, a question has no answer, or it cannot go on; returns status and reason.

        `notes` are recorded at the start.
        """
        context, device = self.context, self.context.device
        try:
            device.attach(self._hooks())
            with self._stop_on_signals(), cancellation.stoppable(self._stop.is_set), disk(context.folder.path):
                self._record_start(resumed, notes)
                context.policy.check(self.config.goal)
                if not resumed or not (state := self._saved_state()):
                    return self._run_loop(initial_state(self.config.goal))
                question = self._resume(state, answer)
                return self._end_unanswered(question) if question else self._run_loop(None)
        except ActionRefused as error:
            return "refused", str(error)
        except Stopped as error:
            return "interrupted", str(error)
        except KeyboardInterrupt:
            return "interrupted", "stopped at once, in the middle of an action"
        except HandeyeError as error:
            return "broken", str(error)
        except Exception as error:  # a defect of handeye must not cost the run its files
            crash = context.folder.path / "crash.txt"
            crash.write_text(context.redact(traceback.format_exc()), encoding="utf-8")
            return "broken", f"{type(error).__name__}: {error}; please report it with {crash}"
        finally:
            self._in_loop = False
            device.detach()

    def _saved_state(self) -> State | None:
        values = self._graph.get_state(THREAD).values
        return State(**values) if values else None  # type: ignore[typeddict-item]

    def _record_start(self, resumed: bool, notes: tuple[str, ...]) -> None:
        """Record the start of the run, the fallbacks of the perception, and the notes."""
        context, config = self.context, self.config
        context.record(
            Started(
                goal=config.goal,
                on=config.on,
                device=context.device.name,
                model=config.model,
                policy=context.policy.name,
                resumed=resumed,
                config=config.model_dump(mode="json"),
            )
        )
        for note in (*context.perception.notes, *notes):
            context.record(Noted(text=note))

    def _hooks(self) -> Hooks:
        """The callbacks and folders of this run for its device."""
        context, on = self.context, self.config.on
        started = program(on.removeprefix("app:")) if on.startswith("app:") else ""

        def store_page(device_state: dict[str, Any]) -> None:
            if self._in_loop:
                context.folder.store_device_state(device_state)

        return Hooks(
            run=str(context.folder.path),
            stop=self._stop.set,
            on_request=context.journal.record_request,
            on_read=context.journal.record_read,
            on_response=context.journal.record_answer,
            on_page=store_page,
            may_drive=partial(self._guard_policy.drives, named=started),
            downloads=context.folder.downloads,
            page_log=context.folder.page_log,
        )

    def _resume(self, state: State, answer: ResumeAnswer | None) -> str:
        """Bring device and state back to where the run stopped; returns a question without answer, else nothing.

        The whole state is written, not only its changes: after a kill, the writes of the last node can be stored next
        to the checkpoint. They are in `state`, and an update of single values would lose them.
        """
        context = self.context
        if question := state["question"]:
            if (text := self._answer(state, question, answer)) is None:
                return question
            answer = None
            state |= apply_answer(context.record, state, text)
            self._graph.update_state(THREAD, state, as_node="ask")
            if state["status"] or state["question"]:
                return state["question"]
        point = find_resume_point(context, state)
        update = point.update
        if point.question:
            if (text := self._answer(state, point.question, answer, new=True)) is None:
                return point.question
            context.folder.use_answer()  # now, so that it answers nothing if it is given once more after a crash
            update = apply_resume_answer(context, state, point, text)
        self._graph.update_state(THREAD, state | update, as_node="act")
        return ""

    def _run_loop(self, entry: State | None) -> tuple[RunStatus, str]:
        """Run the loop to its end. A lost device that can restart is restored as in a resumed run."""
        lost: DeviceLost | None = None
        steps: list[int] = []
        while True:
            try:
                if lost and (question := self._restart_device(lost)):
                    return self._end_unanswered(question)
                return self._run_nodes(None if lost else entry)
            except Stopped:
                raise
            except DeviceLost as error:
                steps.append(self.state["step"])
                if not self.context.device.can_revive or steps.count(steps[-1]) > MAX_RESTARTS:
                    raise
                lost = error

    def _restart_device(self, lost: DeviceLost) -> str:
        """Start the device again where it was; returns a question without answer, else nothing."""
        self._in_loop = False
        context, state = self.context, self.state
        context.journal.forget_steps()
        context.record(Noted(step=state["step"], text=f"{lost}: {context.device.revive()}"))
        context.observation = context.settled = None
        return self._resume(state, None)

    def _run_nodes(self, entry: State | Command[Any] | None) -> tuple[RunStatus, str]:
        """Run nodes until the loop ends, a question has no answer, or a stop was requested."""
        self.context.count_seconds()
        self._in_loop = True
        while True:
            for _ in self._graph.stream(entry, THREAD, durability="sync", stream_mode="updates"):
                if self._stop.is_set():
                    break
            state = self._graph.get_state(THREAD).values
            if state["status"]:
                return state["status"], state["reason"]
            if self._stop.is_set():
                return "interrupted", STOPPED
            answer = self._ask_person(state["question"])
            if answer is None:
                return self._end_unanswered(state["question"])
            entry = Command(resume=answer)

    def _end_unanswered(self, question: str) -> tuple[RunStatus, str]:
        """End the run with its question, which is repeated at `resume` if the run was stopped."""
        return ("interrupted", STOPPED) if self._stop.is_set() else ("waiting", question)

    def _answer(self, state: State, question: str, answer: ResumeAnswer | None, *, new: bool = False) -> str | None:
        """The answer to a question: the one given with the resume if it is for this question, else the person's.

        A `new` question was found just now; the given answer is for it only if the run had ended with the same one.
        """
        if answer is None:
            return self._ask_person(question)
        is_for_it = answer.is_for(state["step"], self.context.redact(question))
        if is_for_it and not (new and answer.last_question is None):
            return answer.text
        text = "the answer was given to another question than the one that the run asks now, and is not used"
        self.context.record(Noted(step=state["step"], text=text))
        return self._ask_person(question)

    def _ask_person(self, question: str) -> str | None:
        """The person's answer without secrets; None if there is none."""
        answer = self._ask(question) if self._ask else None
        return self.context.redact(answer) if answer else answer

    @contextmanager
    def _stop_on_signals(self) -> Iterator[None]:
        """Stop between two actions at the first Ctrl-C or SIGTERM, and at once at the second."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def request_stop(*_: object) -> None:
            if self._stop.is_set():
                raise KeyboardInterrupt
            self._stop.set()
            if self._notify:
                self._notify(Noted(text="stopping before the next action; press Ctrl-C again to stop at once"))

        old = {number: signal.signal(number, request_stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)
