"""Eyes with a model behind them: its places become points on the screenshot, and elements where they are known."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from handeye.perception.engines import open_engine
from handeye.perception.engines.scripted import ScriptedEngine
from handeye.perception.model_perception import ModelPerception
from handeye.perception.observation import Grounding, Observation
from handeye.perception.snapping import element_under
from handeye.tools.actions import Action
from handeye.tools.device import Signals
from handeye.tools.element import Element
from handeye.tools.geometry import Box
from handeye.tools.hit import Hit
from handeye.tools.screenshot import Screenshot

SIZE = (1000, 500)


def element(identity: str, box: tuple[int, int, int, int], role: str = "button", **more: bool) -> Element:
    return Element(id=identity, box=Box(*box), role=role, name=identity, source="dom", **more)  # type: ignore[arg-type]


def observation(*elements: Element, view: Box | None = None, size: tuple[int, int] = SIZE) -> Observation:
    return Observation(Screenshot(Image.new("RGB", size, "white")), elements, view=view)


def perception(*answers: str, samples: int = 1) -> ModelPerception:
    return ModelPerception(ScriptedEngine(answers), samples=samples)


def shown(looking: ModelPerception) -> list[tuple[int, int]]:
    """The sizes of the pictures that the model was asked about."""
    assert isinstance(looking.engine, ScriptedEngine)
    return [prompt.images[0].size for prompt in looking.engine.prompts]


def ground(looking: ModelPerception, on: Observation) -> Grounding:
    found = looking.ground(on, "x")
    assert found is not None
    return found


def test_a_box_becomes_its_centre_on_the_screenshot() -> None:
    found = perception("<ref>x</ref><box>[[100, 200, 300, 400]]</box>").ground(observation(), "x")
    assert found is not None
    assert (found.point, found.box, found.by, found.element) == ((200, 150), (100, 100, 300, 200), "internvl", "")


def test_a_thing_that_is_not_there_is_none() -> None:
    for answer in ("[[-1, -1, -1, -1]]", "It is not on the screen.", "[[9000, 1, 2, 3]]", ""):
        assert perception(answer).ground(observation(), "x") is None


def test_the_element_of_the_same_shape_is_meant() -> None:
    big, save = element("form", (0, 0, 1000, 500), "clickable"), element("save", (96, 98, 310, 205))
    found = perception("[[100, 200, 300, 400]]").ground(observation(big, save), "Save")
    assert found is not None
    assert (found.element, found.point, found.box) == ("save", save.box.centre, save.box)
    assert found.confidence > 0.5


def test_a_point_belongs_to_the_smallest_element_under_it_and_stays_where_it_is() -> None:
    big, save = element("form", (0, 0, 1000, 500), "clickable"), element("save", (90, 90, 310, 205))
    found = perception("[100, 200]").ground(observation(big, save), "Save")
    assert found is not None
    assert (found.element, found.point) == ("save", (100, 100))


def test_elements_that_are_covered_or_do_nothing_or_lie_elsewhere_are_not_meant() -> None:
    covered = element("covered", (90, 90, 310, 205), covered=True)
    text, away = element("text", (90, 90, 310, 205), "text"), element("away", (90, 600, 310, 700))
    found = perception("[[100, 200, 300, 400]]").ground(observation(covered, text, away), "Save")
    assert found is not None
    assert found.element == ""
    assert element_under((100, 100), observation(covered, text, away)) is None


def test_the_zoomed_question_comes_first_and_is_mapped_back() -> None:
    view = Box(400, 100, 800, 300)
    looking = perception("[[500, 500, 600, 600]]")
    found = looking.ground(observation(view=view), "x")
    assert found is not None
    assert (found.box, found.point) == ((600, 200, 640, 220), (620, 210))
    assert shown(looking) == [(400, 200)]


def test_what_is_not_in_the_closer_look_is_looked_for_on_the_whole_screen() -> None:
    looking = perception("[-1, -1]", "[500, 500]")
    found = looking.ground(observation(view=Box(400, 100, 800, 300)), "x")
    assert found is not None
    assert found.point == (500, 250)
    assert looking.usage.calls == 2


def test_samples_are_one_call_in_addition_to_the_greedy_one() -> None:
    looking = perception("[500, 500]", "[500, 500]", "[500, 500]", samples=3)
    found = ground(looking, observation())
    assert (found.samples, found.votes) == (((500, 250),) * 3, 3)
    assert looking.usage.calls == 2
    assert isinstance(looking.engine, ScriptedEngine)
    assert looking.engine.prompts[0] == looking.engine.prompts[1]


def test_the_place_most_samples_mean_wins_over_the_greedy_one() -> None:
    found = ground(perception("[100, 100]", "[800, 800]", "[802, 804]", samples=3), observation())
    assert found.point == (800, 400)
    assert found.samples == ((100, 50), (800, 400), (802, 402))
    assert (found.votes, found.confidence) == (2, 0.5)
    assert found.notes == ()


def test_the_greedy_place_wins_where_all_differ_and_a_note_reports_it() -> None:
    found = ground(perception("[100, 100]", "[800, 800]", "[-1, -1]", samples=3), observation())
    assert (found.point, found.samples) == ((100, 50), ((100, 50), (800, 400), None))
    assert found.confidence == 0.25
    assert found.notes == ("low confidence: 1 of 3 answers mean this place",)


def test_it_is_not_there_only_when_no_sample_sees_it() -> None:
    nowhere = "[[-1, -1, -1, -1]]"
    assert perception(nowhere, nowhere, nowhere, samples=3).ground(observation(), "x") is None
    assert ground(perception(nowhere, nowhere, "[500, 500]", samples=3), observation()).point == (500, 250)


def test_samples_agree_on_an_element_wherever_on_it_they_point() -> None:
    wide = element("field", (100, 100, 500, 140), "textbox")
    found = ground(perception("[110, 220]", "[300, 240]", "[480, 260]", samples=3), observation(wide))
    assert (found.element, found.votes) == ("field", 3)
    assert found.confidence == pytest.approx(0.95)


def test_an_element_that_covers_much_of_the_screen_confirms_nothing() -> None:
    page = element("page", (0, 0, 1000, 500), "clickable")
    found = ground(perception("[110, 220]", "[480, 260]", "[800, 800]", samples=3), observation(page))
    assert (found.element, found.point, found.votes) == ("page", (110, 110), 1)
    assert found.confidence == 0.25


LARGE = (3840, 2160)


def test_a_large_screen_is_looked_at_again_closer_and_mapped_back() -> None:
    looking = perception("[500, 500]", "[[450, 500, 500, 600]]")
    found = ground(looking, observation(size=LARGE))
    assert shown(looking) == [LARGE, (1280, 720)]
    assert found.box == (1280 + 576, 720 + 360, 1280 + 640, 720 + 432)
    assert found.point == (1888, 1116)
    assert found.confidence == pytest.approx(2 / 3)
    assert len(found.notes) == 1
    assert "looked again at 1280x720 at (1280, 720), 1 calls" in found.notes[0]
    assert found.notes[0].endswith("moved by (-32, 36)")


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("[[-1, -1, -1, -1]]", "not seen there: the first place stays"),
        ("[990, 990]", "too far off: the first place stays"),
    ],
)
def test_the_first_place_stays_when_the_second_look_does_not_confirm_it(second: str, said: str) -> None:
    found = ground(perception("[500, 500]", second), observation(size=LARGE))
    assert found.point == (1920, 1080)
    assert said in found.notes[0]
    assert found.confidence == pytest.approx(1 / 3)
    assert found.notes[1] == "low confidence: 1 of 2 answers mean this place"


def test_a_second_look_is_sampled_like_the_first() -> None:
    looking = perception(*["[500, 500]"] * 6, samples=3)
    found = ground(looking, observation(size=LARGE))
    assert (found.votes, len(found.samples), looking.usage.calls) == (6, 6, 4)


def test_a_screen_that_its_tiles_show_is_looked_at_once() -> None:
    for size in ((1344, 896), (1920, 1080)):
        looking = perception("[500, 500]", "[500, 500]")
        ground(looking, observation(size=size))
        assert shown(looking) == [size]


class Still:
    """A device that shows one picture."""

    name = "still"
    kinds = frozenset({"click"})

    def capture(self) -> Screenshot:
        return Screenshot(Image.new("RGB", SIZE, "white"))

    def elements(self) -> list[Element]:
        return [element("save", (90, 90, 310, 205))]

    def signals(self) -> Signals:
        return Signals(title="A page")

    def hit_test(self, _: Action) -> tuple[Hit, ...]:
        return ()


def test_observe_collects_signals_and_reads_text_only_on_request() -> None:
    reads = []

    def reader(_: Screenshot) -> tuple[Element, ...]:
        reads.append(1)
        return ()

    seen = ModelPerception(ScriptedEngine([]), reader).observe(Still())  # type: ignore[arg-type]
    assert (seen.elements[0].id, seen.signals.title, reads) == ("save", "A page", [])
    assert seen.words == ()
    assert reads == [1]


@pytest.mark.model
def test_a_model_that_has_learned_nothing_finds_something_or_nothing(small_checkpoint: Path) -> None:
    looking = ModelPerception(open_engine(str(small_checkpoint)))
    found = looking.ground(observation(element("save", (90, 90, 310, 205))), "the Save button")
    assert found is None or Box(0, 0, *SIZE).holds(found.point)
    assert looking.usage.calls == 1
    assert looking.usage.tokens_in > 256
    assert looking.usage.tokens_out > 0
