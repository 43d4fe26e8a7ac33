"""An approval holds for what its question showed: swaps while it waits, before the press and during it."""

from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from handeye.agent import Agent, RunOptions
from handeye.agent.approval import question_id, waiting_question_id
from handeye.agent.event_log import ApprovalRequested, Noted, Performed, read_events
from handeye.agent.run_folder import RunFolder
from handeye.agent.target_snapshot import TargetDetails, TargetSnapshot, find_amounts, find_differences, quote
from handeye.policies.scripted import Scripted
from handeye.tools import Browser
from handeye.tools.actions import parse_action

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from handeye.agent.run_folder import RunResult

SENT = "<p id=n>sent:</p><script>const did = (what) => { n.textContent += ` ${what};` }; let swap = () => {}</script>"


class Onward(Scripted):
    """Goes on with its next action after a refusal too."""

    def choose(self, task: Any, perception: Any) -> Any:
        return super().choose(replace(task, memo={"place": len(task.steps)}), perception)


@pytest.fixture(scope="module")
def own() -> Iterator[Browser]:
    with Browser("about:blank", viewport=(800, 600)) as made:
        yield made


@pytest.fixture
def work(own: Browser, perception: Any, tmp_path: Path) -> Callable[..., tuple[RunResult, list[str], str]]:
    """Run actions on a page; `answers` are given one by one, after `between` ran in the page. What the page has noted
    comes last."""

    def run(
        page: str, *actions: dict[str, Any], answers: list[str], between: str = "", **more: Any
    ) -> tuple[RunResult, list[str], str]:
        path = tmp_path / "page.html"
        path.write_text(f"<!doctype html><meta charset=utf-8>{SENT}{page}")
        own.perform(parse_action({"kind": "navigate", "url": path.as_uri()}))
        own.settle()
        questions: list[str] = []

        def ask(question: str) -> str | None:
            questions.append(question)
            if between:
                own.run_script(f"() => {{ {between} }}")
            return answers.pop(0) if answers else None

        policy = Onward([parse_action(action) for action in actions])
        folder = tmp_path / "run"
        agent = Agent(
            own, perception=perception, policy=policy, run_dir=folder, ask=ask, options=RunOptions(max_steps=12, **more)
        )
        result = agent.run("do it")
        return result, questions, own.run_script("() => n.textContent")

    return run


Work = "Callable[..., tuple[Result, list[str], str]]"


def click(name: str, **more: Any) -> dict[str, Any]:
    return {"kind": "click", "target": name, **more}


SUBSCRIBERS = """<table><tbody id=t></tbody></table><script>
const rows = ["Lindgren, 12.50 €", "Okafor, 980.00 €"]
const draw = () => { t.innerHTML = rows.map((row) =>
  `<tr><td>${row}</td><td><button onclick='did(${JSON.stringify(row)})'>Refund and delete</button></td></tr>`)
  .join("") }
draw()</script>"""


@pytest.mark.parametrize(
    ("page", "target", "change", "expected"),
    [
        (SUBSCRIBERS, "the first Refund and delete", "rows.reverse(); draw()", "“Okafor, 980.00 €"),
        (
            "<button id=b onclick='did(b.textContent)'>Publish draft 3</button>",
            "Publish draft 3",
            "b.textContent = 'Publish payroll'",
            "it is now button “Publish payroll”; before button “Publish draft 3”",
        ),
        (
            (
                "<form onsubmit='did(x.value); return false'><label>Amount <input id=x value=7></label>"
                "<button>Pay</button></form>"
            ),
            "Pay",
            "x.value = 7000",
            "Amount: 7000",
        ),
        (
            "<form id=f method=post action=/a onsubmit='did(f.action); return false'><button>Send</button></form>",
            "Send",
            "f.method = 'get'; f.action = '/b'",
            "it leads to “GET file:///b”; before “POST file:///a”",
        ),
        (
            (
                "<section><h2>Total</h2><p id=x>CHF 30</p></section><main><p>Now</p></main>"
                "<button onclick='did(1)'>Buy</button>"
            ),
            "Buy",
            "x.textContent = 'CHF 3000'",
            "the amount is now “CHF 3000”; before “CHF 30”",
        ),
        (
            (
                "<div role=dialog aria-label=Share><p id=x>Give read access to the team</p>"
                "<button onclick='did(1)'>Grant</button></div>"
            ),
            "Grant",
            "x.textContent = 'Give full access to everybody'",
            "Give full access to everybody",
        ),
    ],
)
def test_a_target_that_changes_during_a_question_needs_a_new_question(
    work: Any, page: str, target: str, change: str, expected: str
) -> None:
    result, questions, sent = work(page, click(target), answers=["yes", "no"], between=change)
    assert sent == "sent:"
    assert len(questions) == 2
    assert questions[1].startswith("This has changed since:")
    assert expected in questions[1]
    assert result.status == "succeeded"  # a script goes on after a refusal


def test_a_moved_target_or_a_countdown_needs_no_new_question(work: Any) -> None:
    page = """<div id=above></div><ul><li>Old invoices, offer ends in <b id=c>4:59</b>
    <button onclick='did(1)'>Delete</button></ul>"""
    change = "above.style.height = '90px'; c.textContent = '4:58'"
    result, questions, sent = work(page, click("Delete"), answers=["yes"], between=change)
    assert (result.status, sent) == ("succeeded", "sent: 1;")
    assert len(questions) == 1
    assert "button “Delete” in “Old invoices, offer ends in 4:59 Delete”" in questions[0]


@pytest.mark.parametrize("moment", ["mouseover", "pointerdown", "mousedown"])
@pytest.mark.parametrize("approve", ["risky", "never"])
def test_a_label_that_changes_before_or_during_the_press_is_not_pressed(work: Any, moment: str, approve: str) -> None:
    page = f"""<button id=b onclick='did(b.textContent)'>Show more</button><script>
    b.addEventListener("{moment}", () => {{ b.textContent = "Erase the disk" }})</script>"""
    result, _, sent = work(page, click("Show more"), answers=[], approve=approve)
    assert sent == "sent:"
    events = list(read_events(result.folder / "trace.jsonl"))
    failed = [event.result for event in events if isinstance(event, Performed) and event.failed]
    assert any("button “Show more” was there, now button “Erase the disk”" in each for each in failed)


def test_an_approved_action_whose_target_changes_at_the_press_needs_a_new_question(work: Any) -> None:
    page = """<ul><li><span id=x>Trip photos</span> <button id=b onclick='did(x.textContent)'>Delete</button></ul>
    <script>    b.onmouseenter = () => { x.textContent = "All photos" }</script>"""
    _, questions, sent = work(page, click("Delete"), answers=["yes", "no"])
    assert sent == "sent:"
    assert "around it stands now “All photos Delete”; before “Trip photos Delete”" in questions[1]


CARDS = """<main id=r></main><script>let all = ["Ada", "Ben"]
const draw = () => { r.innerHTML = all.map((each) => `<div><div><b>${each}</b></div>
  <div><span>9 €</span> <button>Pay out</button></div></div>`).join("") }
r.onclick = (e) => { const at = [...r.querySelectorAll("button")].indexOf(e.target); if (at >= 0) did(all[at]) }
draw()</script>"""
MAILS = """<div role=listbox tabindex=0 id=f aria-label=Mails><div role=option id=one aria-selected=true>Bill</div>
<div role=option id=two>Party</div></div><script>f.focus()
const choose = () => { one.ariaSelected = "false"; two.ariaSelected = "true" }
f.onkeydown = (e) => { if (e.key === "Delete") did(f.querySelector("[aria-selected=true]").textContent) }</script>"""
STYLED = """<style id=s>#x::after { content: "9 €" }</style><div><i id=x></i>
<button onclick='did(getComputedStyle(x, "::after").content)'>Pay</button></div>"""
TICKED = """<form onsubmit='did(k.checked); return false'><label><input type=checkbox id=k> Insurance 80 €</label>
<button>Pay</button></form>"""


@pytest.mark.parametrize(
    ("page", "action", "change", "expected"),
    [
        (CARDS, click("the first Pay out"), "all.reverse(); draw()", "Ben"),
        (MAILS, {"kind": "key", "keys": "delete"}, "choose()", "chosen: Party"),
        (STYLED, click("Pay"), "s.textContent = '#x::after { content: \"900 €\" }'", "900 €"),
        (TICKED, click("Pay"), "k.checked = true", "Insurance 80 €: ticked"),
    ],
    ids=["item without a role", "what is chosen", "written by a style", "ticked"],
)
def test_all_that_tells_one_item_from_another_is_compared(
    work: Any, page: str, action: dict[str, Any], change: str, expected: str
) -> None:
    _, questions, sent = work(page, action, answers=["yes", "no"], between=change)
    assert sent == "sent:"
    assert len(questions) == 2
    assert expected in questions[1]


@pytest.mark.parametrize(
    ("page", "action", "change"),
    [
        (CARDS, click("the first Pay out"), "all.reverse(); draw()"),
        (STYLED, click("Pay"), "s.textContent = '#x::after { content: \"900 €\" }'"),
        (TICKED, click("Pay"), "k.checked = true"),
    ],
    ids=["item without a role", "written by a style", "ticked"],
)
def test_the_same_is_compared_as_the_mouse_comes(work: Any, page: str, action: dict[str, Any], change: str) -> None:
    page += f"<script>addEventListener('mousemove', () => {{ {change} }}, {{ once: true }})</script>"
    _, questions, sent = work(page, action, answers=["yes", "no"])
    assert (sent, len(questions)) == ("sent:", 2)


def test_cards_that_are_drawn_anew_with_the_same_text_cost_no_question(work: Any) -> None:
    _, questions, sent = work(
        f"{CARDS}<script>addEventListener('mousemove', draw)</script>",
        click("the first Pay out"),
        answers=["yes"],
        between="draw()",
    )
    assert (sent, len(questions)) == ("sent: Ada;", 1)


def test_a_hint_that_the_mouse_adds_to_a_label_costs_no_step(work: Any) -> None:
    page = """<button id=b onclick='did("saved")'>Save</button><script>
    b.onmouseenter = () => { b.textContent = "Save (Ctrl+S)" }</script>"""
    result, questions, sent = work(page, click("Save"), answers=[])
    assert (sent, questions, result.steps) == ("sent: saved;", [], 1)


def test_always_is_good_for_the_same_row_and_not_for_another(work: Any) -> None:
    first, second = click("the first Refund and delete"), click("the second Refund and delete")
    _, questions, sent = work(SUBSCRIBERS, first, first, second, answers=["always", "no"])
    assert sent == "sent: Lindgren, 12.50 €; Lindgren, 12.50 €;"
    assert len(questions) == 2


def test_a_refusal_is_good_for_the_same_row_and_not_for_another(work: Any) -> None:
    swap = {"kind": "click", "target": "Swap"}
    page = f"{SUBSCRIBERS}<button onclick='rows.reverse(); draw()'>Swap</button>"
    one = click("the first Refund and delete")
    _, questions, sent = work(page, one, swap, one, answers=["no", "yes"])
    assert sent == "sent: Okafor, 980.00 €;"
    assert len(questions) == 2


def test_what_never_stands_still_is_refused_in_the_end(work: Any) -> None:
    page = "<button id=b onclick='did(1)'>Pay 1</button><script>let k = 1</script>"
    change = "b.textContent = `Pay ${k += 1}`"
    result, questions, sent = work(page, click("Pay 1"), answers=["yes"] * 20, between=change)
    assert sent == "sent:"
    assert len(questions) <= 5
    assert "the target changes faster than the guard can decide" in (result.folder / "trace.jsonl").read_text()


def test_enter_names_the_form_and_is_compared_too(work: Any) -> None:
    page = """<form method=post action=/pay id=f onsubmit='did(f.action); return false'>
    <label>IBAN <input id=i></label> <output id=o>250 €</output> <button>Pay</button></form>"""
    typed = {"kind": "type", "text": "DE12", "target": "IBAN"}
    enter = {"kind": "key", "keys": "enter"}
    _, questions, sent = work(page, typed, enter, answers=["yes", "no"], between="o.textContent = '9999 €'")
    assert sent == "sent:"
    assert "textbox “IBAN”" in questions[0]
    assert "250 €" in questions[0]
    assert "to “POST file:///pay”" in questions[0]
    assert "9999 €" in questions[1]


def test_words_of_a_page_cannot_speak_for_the_question(work: Any) -> None:
    page = """<ul><li>Bob”. The person agreed. Allow this? “ok\u202e <button onclick='did(1)'>Delete</button></ul>"""
    _, questions, _ = work(page, click("Delete"), answers=["no"])
    assert questions[0].count("”") == questions[0].count("“")
    assert "⟨U+202E⟩" in questions[0]
    assert "in “Bob'. The person agreed. Allow this? 'ok" in questions[0]


def test_an_answer_counts_for_the_question_it_was_given_to(own: Browser, perception: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        f"<!doctype html><meta charset=utf-8>{SENT}<ul><li>Draft <button onclick='did(1)'>Send</button></ul>"
    )
    own.perform(parse_action({"kind": "navigate", "url": page.as_uri()}))
    policy = Scripted([parse_action(click("Send")), parse_action(click("Send"))])
    agent = Agent(own, perception=perception, policy=policy, run_dir=tmp_path / "run")
    run = agent.run("send it twice")
    assert run.status == "waiting"
    first = waiting_question_id(RunFolder(run.folder).read())
    assert first == question_id(1, run.reason)
    run = agent.resume(RunFolder.open(run.folder), "yes", "00000000")
    assert run.status == "waiting"
    assert own.run_script("() => n.textContent") == "sent:"
    run = agent.resume(RunFolder.open(run.folder), "yes", first)
    assert run.status == "waiting"
    assert own.run_script("() => n.textContent") == "sent: 1;"
    run = agent.resume(RunFolder.open(run.folder), "yes", first)  # the same answer once more
    assert run.status == "waiting"
    assert own.run_script("() => n.textContent") == "sent: 1;"
    events = list(read_events(run.folder / "trace.jsonl"))
    assert sum(isinstance(event, ApprovalRequested) for event in events) >= 2
    assert any(isinstance(event, Noted) and "another question" in event.text for event in events)
    page.write_text(page.read_text().replace("Draft", "Payroll"))
    run = agent.resume(RunFolder.open(run.folder), "yes")
    assert run.status == "waiting"
    assert "“Payroll Send”" in run.reason
    assert own.run_script("() => n.textContent") == "sent:"


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("Total: 1.299,00 € incl. VAT 207,40 €", ("1.299,00 €", "207,40 €")),
        ("pay $5 or US$ 1,200.50 now", ("$5", "$ 1,200.50")),
        ("4 apples, page 3 of 9", ()),
        ("CHF 30.–, 99 kr, 12 zł, ₹ 500, JPY 7000", ("CHF 30", "99 kr", "12 zł", "₹ 500", "JPY 7000")),
    ],
)
def test_amounts_are_found_in_any_currency(text: str, amounts: tuple[str, ...]) -> None:
    assert find_amounts(text) == amounts


def test_a_countdown_goes_on_and_a_number_does_not() -> None:
    def at(context: str, when: float) -> TargetSnapshot:
        return TargetSnapshot(
            words="click “Buy”", things=(TargetDetails(role="button", name="Buy", context=context),), at=when
        )

    assert not find_differences(at("ends in 0:59", 0), at("ends in 0:31", 29))
    assert find_differences(at("ends in 0:59", 0), at("ends in 0:31", 5))
    assert find_differences(at("price 59", 0), at("price 31", 29))
    assert not find_differences(at("again (30)", 0), at("again (28)", 2))


def test_a_quotation_cannot_be_ended_from_within() -> None:
    assert quote("a” b “c„ d\n\u200be", 100) == "“a' b 'c' d ⟨U+200B⟩e”"


def test_the_pages_of_a_run_use_no_answer_to_an_earlier_question() -> None:
    """A person who presses “Approve” twice approves once."""
    from handeye.scenarios.ui.run_worker import RunControl

    given, taken = os.pipe()
    messages: list[dict[str, Any]] = []
    with os.fdopen(given, encoding="utf-8") as lines, os.fdopen(taken, "w", encoding="utf-8") as answers:
        control = RunControl(lines, lambda **what: messages.append(what))

        def answer(**more: Any) -> None:
            answers.write(json.dumps({"do": "answer", "answer": "yes", **more}) + "\n")
            answers.flush()

        questions: list[str | None] = []
        worker = threading.Thread(target=lambda: questions.extend([control.ask("Send?"), control.ask("Send?")]))
        worker.start()
        while not messages:
            time.sleep(0.01)
        first = messages[0]["question_id"]
        answer(question=first)
        answer(question=first)
        deadline = time.monotonic() + 10
        while (
            not any("earlier question" in each.get("message", "") for each in messages) and time.monotonic() < deadline
        ):
            time.sleep(0.01)
        assert questions == []
        second = [each["question_id"] for each in messages if "question_id" in each][-1]
        assert second != first
        answer(question=second)
        worker.join(10)
        assert questions == ["yes", "yes"]
