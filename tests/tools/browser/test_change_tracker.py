"""Changes that a page makes independently are separated from changes that a press caused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from handeye.perception.embedded import EmbeddedPerception
from handeye.perception.outcome import judge
from handeye.tools.actions import Click, Target

if TYPE_CHECKING:
    from handeye.perception.outcome import Outcome
    from handeye.tools.browser import Browser
    from tests.tools.browser.conftest import Show

#: Each writes into the page again and again, from its first moments on.
TICKERS = {
    "an interval": "setInterval(() => say(Math.random()), 350)",
    "a timer that sets itself": "(function tick() { setTimeout(() => { say(Math.random()); tick() }, 400) })()",
    "one that waits": "(async () => { for (;;) { await new Promise((go) => setTimeout(go, 300)); say(1) } })()",
    "a late one, once": "setTimeout(() => say('The offer of the day'), 500)",
}
PAGE = """<button onclick="go = true; {does}">Press</button> <b id=out></b> <span id=news></span>
<script>let go = false
const say = (what) => news.append(Object.assign(document.createElement("em"), {{textContent: " item " + what}}))
{runs}</script>"""


def pressed(browser: Browser, until: str = "") -> Outcome:
    """What a click comes to, right after the page was loaded; looked at again once a script says so."""
    perception = EmbeddedPerception()
    before = perception.observe(browser)
    button = next(each for each in before.elements if each.name == "Press")
    action = Click(target=Target(point=button.box.centre, element=button.id))
    browser.perform(action)
    happened = browser.settle().happened
    if until:
        browser._call(browser._session.front.page.wait_for_function(until, polling=10), "waiting for the page")
    return judge(action, before, perception.observe(browser), browser.before_press, happened)


@pytest.mark.parametrize("runs", TICKERS.values(), ids=list(TICKERS))
def test_what_comes_by_itself_is_no_effect_of_a_press(show: Show, runs: str) -> None:
    outcome = pressed(show(PAGE.format(does="", runs=runs)))
    # On a busy machine a ticker may not run twice in time: then the outcome is unknown, not an effect.
    assert outcome.kind in ("no_effect", "unknown"), outcome
    assert outcome.kind == "no_effect" or "by itself" in outcome.evidence


@pytest.mark.parametrize("runs", TICKERS.values(), ids=list(TICKERS))
def test_a_change_next_to_the_target_is_an_effect(show: Show, runs: str) -> None:
    outcome = pressed(show(PAGE.format(does="out.textContent = 'Saved'", runs=runs)))
    assert outcome.kind == "confirmed", outcome
    assert "Saved" in outcome.evidence  # the text of the ticker may follow


def test_a_page_that_polls_for_the_press_has_an_effect(show: Show) -> None:
    polls = "setInterval(() => { if (go && !out.textContent) out.textContent = 'Saved' }, 40)"
    outcome = pressed(show(PAGE.format(does="", runs=polls)))
    assert outcome.kind == "confirmed", outcome
    assert "Saved" in outcome.evidence  # the text of the ticker may follow


def test_a_timer_that_the_press_has_set_is_waited_for(show: Show) -> None:
    outcome = pressed(show(PAGE.format(does="setTimeout(() => out.textContent = 'Saved', 900)", runs="")))
    assert outcome.kind == "confirmed", outcome
    assert "Saved" in outcome.evidence  # the text of the ticker may follow


#: Starts at the first mouse motion, and runs first after the page has settled.
LATE = "addEventListener('mousemove', () => setInterval(() => say(Math.random()), 980), {once: true})"


@pytest.mark.parametrize(
    ("does", "kind"), [("", "no_effect"), ("setTimeout(() => out.textContent = 'Saved', 400)", "confirmed")]
)
def test_a_ticker_that_has_just_started_is_observed_again(show: Show, does: str, kind: str) -> None:
    outcome = pressed(show(PAGE.format(does=does, runs=LATE)), until="() => news.childElementCount")
    assert outcome.kind == kind, outcome
