"""A run that buys something is killed again and again, at every point of its way and at any moment, and goes on.

Twelve actions in a shop whose every form counts: log in, search, add to the cart, change the quantity, check out. Each
time the run is killed (kill -9 on its process) and resumed in a fresh process with a fresh device; one time in five
that is killed too, and resumed again. What counts is what the shop received: no form twice, one order in the end.
Where the run asks whether its action was done, it is told what the shop knows.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from benchmarks.reliability.telling import Figure, say
from benchmarks.reliability.worker import Job, Kill, work
from handeye.agent.run_folder import RESUMABLE
from handeye.scenarios.demo.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GOAL = (
    'click "Log in", type "ada" into "User name", type "lovelace" into "Password", click the "Log in" button, '
    'type "lamp" into "Search products", press Enter, click "Paper moon lamp", set "Quantity" to "2", '
    'click "Add to cart", set "Quantity" to "3", click "Update", click "Check out", '
    'check that the page shows "Thank you"'
)
FORMS = ("/login", "/cart/add", "/cart/update", "/checkout")
SEED = 20260
POINTS, MOMENTS, BROWSER_KILLS = 200, 30, 30
#: One resume in so many is killed too.
AGAIN = 5
#: No more kills are begun on Chromium after so many seconds: on a slow machine there are fewer of them.
BROWSER_SECONDS = 240


@dataclass(frozen=True)
class Survived:
    """What became of one kill."""

    kill: Kill
    again: Kill | None
    """Of the process that resumed it."""
    died: bool
    status: str
    orders: int
    twice: tuple[str, ...]
    """Forms that the shop received more than once."""
    questions: tuple[str, ...]

    @property
    def well(self) -> bool:
        """Whether the goal was reached, with nothing done twice."""
        return self.status == "succeeded" and self.orders == 1 and not self.twice

    @property
    def asked(self) -> bool:
        """Whether it ended with less because an answer of the shop was lost on its way, and the person was asked."""
        return bool(self.questions) and self.orders <= 1 and not self.twice


def measure() -> dict[str, Any]:
    """Points of the run drawn at random, every kind of point among them, and moments; some of both on Chromium."""
    dice = random.Random(SEED)
    scout("paper")  # what is imported for the first time is not in the seconds of a run
    points, seconds = scout("paper")
    say(f"a run on the quick device takes {seconds:.1f} s")
    quick = drawn(dice, points, POINTS)
    quick += [Kill(seconds=dice.uniform(0.01, 0.8 * seconds)) for _ in range(MOMENTS)]
    slow_points, slow_seconds = scout("browser")
    say(f"a run on Chromium takes {slow_seconds:.1f} s")
    slow = drawn(dice, slow_points, BROWSER_KILLS // 2)
    slow += [Kill(seconds=dice.uniform(0.05, 0.6 * slow_seconds)) for _ in range(BROWSER_KILLS - len(slow))]
    dice.shuffle(slow)
    on_browser = all_of("browser", twice(dice, slow, slow_seconds), BROWSER_SECONDS)
    return told([*all_of("paper", twice(dice, quick, seconds)), *on_browser], len(on_browser))


def twice(dice: random.Random, kills: Sequence[Kill], seconds: float) -> list[tuple[Kill, Kill | None]]:
    """Each kill, and for one in AGAIN of them the moment at which the resume is killed too."""
    return [
        (kill, None if number % AGAIN else Kill(seconds=dice.uniform(0.01, 0.4 * seconds)))
        for number, kill in enumerate(kills)
    ]


def drawn(dice: random.Random, points: dict[str, int], wanted: int) -> list[Kill]:
    """So many of the points, each kind once before the rest."""
    kinds = [point for point in points if point not in ("started", "ended")]
    first = [Kill(point, dice.randint(1, points[point])) for point in kinds][:wanted]
    others = [Kill(point, count) for point in kinds for count in range(1, points[point] + 1)]
    rest = [kill for kill in others if kill not in first]
    return first + dice.sample(rest, min(len(rest), wanted - len(first)))


def scout(device: str) -> tuple[dict[str, int], float]:
    """A run that nobody kills: the points it comes to and the seconds it takes."""
    with TemporaryDirectory() as folder, Shop() as shop:
        said = Path(folder) / "said.json"
        began = time.monotonic()
        work(Job(device, shop.url, GOAL, Path(folder) / "run", said=said))
        seconds = time.monotonic() - began
        told = json.loads(said.read_text(encoding="utf-8"))
        assert told["status"] == "succeeded", told
        assert tuple(shop.posts) == FORMS, shop.posts
        return told["points"], seconds


def all_of(device: str, kills: Sequence[tuple[Kill, Kill | None]], limit: float = float("inf")) -> list[Survived]:
    """Each kill in a shop of its own, two at a time; none is begun after `limit` seconds."""
    done: list[Survived] = []
    until = time.monotonic() + limit
    with ThreadPoolExecutor(2) as pool:
        for survived in pool.map(lambda kill: survive(device, *kill) if time.monotonic() < until else None, kills):
            if survived is None:
                continue
            done.append(survived)
            if not survived.well:
                say(f"  {survived}")
            if len(done) % 25 == 0 or len(done) == len(kills):
                well, asked = sum(each.well for each in done), sum(bool(each.questions) for each in done)
                say(f"{device}: {len(done)} of {len(kills)} kills, {well} well, {asked} asked")
    return done


def survive(device: str, kill: Kill, again: Kill | None = None) -> Survived:
    """Kill a run, and with `again` its resume, and let it go on until it has ended."""
    with TemporaryDirectory() as name, Shop() as shop:
        folder, said = Path(name) / "run", Path(name) / "said.json"
        job = Job(device, shop.url, GOAL, folder, kill, said=said)
        died = work(job) == -9
        questions: list[str] = []
        posts = list(shop.posts)
        if died and not (folder / "run.json").exists():
            raise AssertionError(f"{kill} came before there was a run")
        answer, second = None, again
        while died and has_not_ended(folder):
            code = work(job._replace(kill=second, resume=True, answer=answer))
            second = None
            if code == -9:
                posts = list(shop.posts)
                continue
            assert code == 0, f"resuming after {kill} and {again} ended with {code}"
            result = json.loads(said.read_text(encoding="utf-8"))
            if result["status"] != "waiting" or len(questions) == 3:
                break
            questions.append(result["reason"])
            answer = "yes" if any(post in result["reason"] for post in posts) else "no"
        result = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        repeated = tuple(path for path, times in Counter(shop.posts).items() if times > 1)
        return Survived(kill, again, died, result["status"], len(shop.orders), repeated, tuple(questions))


def has_not_ended(folder: Path) -> bool:
    """Whether there is anything to resume: a moment may come when the run has just written its verdict."""
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))["status"] in RESUMABLE


def told(done: Iterable[Survived], browser: int) -> dict[str, Any]:
    """The figures."""
    done = [each for each in done if each.died]
    asked = sum(bool(each.questions) for each in done)
    repeated = sum(bool(each.twice) or each.orders > 1 for each in done)
    both = sum(each.again is not None for each in done)
    return {
        "what": f"a shop goal of 12 actions, killed and resumed, {both} times killed again while it was resumed; "
        f"{browser} of the runs on Chromium",
        "seeds": [SEED],
        "figures": {
            "kills": Figure(len(done), "kills", "at least 200", len(done) >= 200),
            "orders_twice": Figure(repeated, "kills after which something was sent twice", "0", repeated == 0),
            "one_order": Figure(sum(each.well for each in done), "kills with one order in the end",
                                "all but those asked about", all(each.well or each.asked for each in done)),
            "asked": Figure(100 * asked / max(1, len(done)), "% of the kills", "at most 2", asked <= 0.02 * len(done)),
        },
    }  # fmt: skip
