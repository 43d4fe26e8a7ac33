"""Fields of every type: the value read back decides, and scripts of the page receive the events."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from handeye.perception.embedded import EmbeddedPerception
from handeye.perception.outcome import judge
from handeye.tools.actions import Click, Select, Target, Type
from handeye.tools.errors import ActionFailed, ActionRefused

if TYPE_CHECKING:
    from handeye.perception.outcome import Outcome
    from handeye.tools.browser import Browser
    from tests.tools.browser.conftest import Show

#: One field of each kind, an ornament that never rests, and a book of the events that each field made.
PAGE = """<p><span id=clock></span></p>
<label>Tint <input type=color id=tint></label> <label>Loudness <input type=range id=loud min=0 max=40 step=5></label>
<label>Departs <input type=date id=departs></label> <label>Alarm <input type=time id=alarm></label>
<label>Meeting <input type=datetime-local id=meeting></label> <label>Expires <input type=month id=expires></label>
<label>Sprint <input type=week id=sprint></label> <label>Weight <input type=number id=weight step=any></label>
<br><label>Telephone <input id=tel></label> <label>Digits <input id=digits></label>
<label>Cents <input id=cents></label> <label>Short <input id=short maxlength=4></label>
<label>Plate <input id=plate></label> <label>Fixed <input id=fixed value=constant readonly></label>
<label>Late <input id=late></label> <label>Redrawn <input id=redrawn></label> <label>Plain <input id=plain></label>
<br><div id=rich contenteditable aria-label=Rich style="border: 1px solid; min-height: 20px">draft</div>
<div role=slider tabindex=0 aria-label=Warmth aria-valuemin=0 aria-valuemax=30 aria-valuenow=10 id=warmth
  onkeydown="let n = +this.ariaValueNow + ({ArrowRight: 2, ArrowLeft: -2}[event.key] ?? 0);
  this.ariaValueNow = Math.max(0, Math.min(30, n)); this.textContent = this.ariaValueNow">10</div>
<label>Fruits <select multiple id=fruits size=4><option selected>apple<option>pineapple<option>plum</select></label>
<label>Grade <select id=grade><option>B<option>A<option>A-<option>€5<option>€50</select></label>
<label><input type=checkbox id=agree> I agree</label>
<label><input type=checkbox id=stuck onclick="event.preventDefault(); note.textContent = 'Not today'"> Stuck</label>
<p id=note></p><button onclick="tel.focus()">Neighbour</button>
<script>
const only = (field) => field.value.replace(/\\D/g, "")
digits.oninput = () => digits.value = only(digits)
plate.oninput = () => plate.value = plate.value.toUpperCase()
cents.oninput = () => cents.value = only(cents) && (only(cents) / 100).toFixed(2)
tel.oninput = () => tel.value = only(tel).replace(/^(\\d{3})(\\d+)/, "($1) $2").replace(/( \\d{3})(\\d+)/, "$1-$2")
late.oninput = () => { clearTimeout(late.due); late.due = setTimeout(() => late.value = late.value.toLowerCase(), 300) }
redrawn.oninput = function draw() {
  const now = document.getElementById("redrawn"), drawn = now.cloneNode()
  drawn.value = now.value
  drawn.oninput = draw
  now.replaceWith(drawn)
  drawn.focus()
  drawn.setSelectionRange(drawn.value.length, drawn.value.length)
}
const book = []; for (const kind of ["input", "change"])
  addEventListener(kind, ({target}) => book.push(`${kind} ${target.id}`), true)
setInterval(() => clock.textContent = Math.random(), 120)</script>"""


class Fields(NamedTuple):
    """The page, and what it is looked at with."""

    browser: Browser
    perception: EmbeddedPerception

    def use(self, name: str, text: str, *, clear: bool = True) -> Outcome:
        """Type into the field of that name, or choose or click there; returns the outcome."""
        before = self.perception.observe(self.browser)
        found = next(each for each in before.elements if each.name == name and each.acts)
        target = Target(point=found.box.centre, element=found.id)
        action: Type | Select | Click = Type(text=text, target=target, clear=clear)
        if found.role in ("listbox", "combobox"):
            action = Select(target=target, option=text)
        elif found.role in ("checkbox", "button"):
            action = Click(target=target)
        self.browser.perform(action)
        happened = self.browser.settle().happened
        return judge(action, before, self.perception.observe(self.browser), self.browser.before_press, happened)

    def value(self, name: str) -> str:
        return str(self.browser.run_script("(id) => window[id].value ?? window[id].textContent", name))


@pytest.fixture
def fields(show: Show) -> Fields:
    return Fields(show(PAGE), EmbeddedPerception())


SET = [
    ("Tint", "#336699", "tint", "#336699"), ("Tint", "rgb(255, 128, 0)", "tint", "#ff8000"),
    ("Tint", "#ABC", "tint", "#aabbcc"),
    ("Loudness", "35", "loud", "35"), ("Departs", "2027-03-09", "departs", "2027-03-09"),
    ("Departs", "9 March 2027", "departs", "2027-03-09"), ("Departs", "25/12/2026", "departs", "2026-12-25"),
    ("Alarm", "6:45 pm", "alarm", "18:45"), ("Meeting", "2 Jan 2027 at 09:05", "meeting", "2027-01-02T09:05"),
    ("Expires", "May 2028", "expires", "2028-05"), ("Sprint", "2027-W08", "sprint", "2027-W08"),
]  # fmt: skip


def test_a_value_is_set_in_the_notation_of_its_input_and_the_page_hears_of_it(fields: Fields) -> None:
    for name, text, key, value in SET:
        outcome = fields.use(name, text)
        assert fields.value(key) == value
        assert outcome.kind == "confirmed", (name, text, outcome)
        assert value in outcome.evidence
        book = fields.browser.run_script("() => book.splice(0)")
        assert book == [f"input {key}", f"change {key}"]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("Departs", "03/04/2026", "it is no date or it is ambiguous"),
        ("Departs", "someday", "write it as 2026-01-31"),
        ("Alarm", "7", "write it as 14:30"),
        ("Tint", "sea breeze", "write it as #ff8800"),
        ("Loudness", "41", "it would hold .40. .min 0, max 40, step 5"),
        ("Loudness", "33", "it would hold"),
        ("Weight", "1,5", "write it as 12.5"),
        ("Weight", "€5", "write it as 12.5"),
    ],
)
def test_a_value_that_the_input_does_not_take_is_refused_before_anything_is_changed(
    fields: Fields, name: str, text: str, words: str
) -> None:
    key = {"Departs": "departs", "Alarm": "alarm", "Tint": "tint", "Loudness": "loud", "Weight": "weight"}[name]
    before = fields.value(key)
    with pytest.raises((ActionRefused, ActionFailed), match=words):
        fields.use(name, text)
    assert fields.value(key) == before
    assert fields.browser.run_script("() => book") == []


TYPED = [
    ("Telephone", "8005550199", "confirmed", "(800) 555-0199”, its own way to write “8005550199”"),
    ("Digits", "-12.50", "unexpected", "holds “1250”, not “-12.50”"),
    ("Digits", "1,5", "unexpected", "holds “15”, not “1,5”"),
    ("Digits", "€7", "unexpected", "holds “7”, not “€7”"),
    ("Cents", "12", "unexpected", "holds “0.12”, more than was typed: “12”"),
    ("Short", "Samantha", "unexpected", "holds “Sama”, not “Samantha”"),
    ("Plate", "hh-Qx 7", "unexpected", "holds “HH-QX 7”, not “hh-Qx 7”"),
    ("Fixed", "other", "no_effect", "still holds “constant”, not “other”"),
    ("Late", "MiXed", "unexpected", "holds “mixed”, not “MiXed”"),
    ("Redrawn", "twice made", "confirmed", "holds “twice made”"),
    ("Plain", "≥ 5 % – “ok”", "confirmed", "holds “≥ 5 % – “ok””"),
    ("Rich", "final text", "confirmed", "holds “final text”"),
    ("Weight", "-12.50", "confirmed", "holds “-12.50”"),
    ("Warmth", "18", "confirmed", "holds “18”"),
    ("Fruits", "plum", "confirmed", "“Fruits” is “apple, plum”"),
    ("Grade", "A-", "confirmed", "“Grade” is “A-”"),
    ("Grade", "€5", "confirmed", "“Grade” is “€5”"),
    ("I agree", "", "confirmed", "“I agree” is ticked"),
    ("Stuck", "", "unexpected", "“Stuck” is still not ticked; “Not today” appeared"),
    ("Neighbour", "", "unknown", "Telephone has the focus, which is not what was aimed at"),
]


def test_what_a_field_holds_decides(fields: Fields) -> None:
    wrong = []
    for name, text, kind, evidence in TYPED:
        outcome = fields.use(name, text)
        if outcome.kind != kind or evidence not in outcome.evidence:
            wrong.append((name, text, outcome))
    assert not wrong


def test_an_odd_number_is_not_reached_by_a_slider_of_even_ones(fields: Fields) -> None:
    with pytest.raises(ActionFailed, match="stands at 18 and not at 17"):
        fields.use("Warmth", "17")


@pytest.mark.parametrize(("option", "words"), [("C++", "no option is called"), ("-", "no option"), ("$5", "no option")])
def test_no_option_is_chosen_that_lacks_a_sign_or_has_another(fields: Fields, option: str, words: str) -> None:
    with pytest.raises(ActionRefused, match=words):
        fields.use("Grade", option)


def test_typed_text_is_verified_in_the_focused_field(fields: Fields) -> None:
    perception, browser = fields.perception, fields.browser
    for name, text, kind in (
        ("digits", "4.2", "unexpected"),
        ("plain", "4.2", "confirmed"),
        ("rich", "x²", "confirmed"),
    ):
        browser.run_script("(id) => { window[id].focus(); document.execCommand('selectAll') }", name)
        before = perception.observe(browser)
        browser.perform(Type(text=text))
        browser.settle()
        outcome = judge(Type(text=text), before, perception.observe(browser), browser.before_press)
        assert outcome.kind == kind, (name, outcome)
