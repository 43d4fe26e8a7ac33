"""The demo: a purchase in a web shop, a note in an editor, and elements found on a picture, all without a model."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from handeye.agent.live import LiveView
from handeye.tools.errors import HandeyeError, SetupError

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.agent.run_folder import RunResult
    from handeye.perception.embedded import EmbeddedPerception
    from handeye.scenarios.demo.shop import ShopOrder
    from handeye.tools.device import Device

HERE = Path(__file__).parent
PURCHASE = (
    'log in as "ada" with password "lovelace", search for "lamp", add the first result to the cart, check out, '
    'check that the page shows "Thank you"'
)
NOTE = "Grüße, 世界 🌍 — naïve café, 12 €"
FILE_NAME = "Grüße aus London.txt"
#: Small editors that save with Ctrl+S through a dialog; the first one installed is used.
EDITORS = ("mousepad", "l3afpad", "leafpad", "featherpad", "xed", "pluma", "gedit", "geany")
#: Seconds until the file must be written: a program may write it after its window reports success.
WRITTEN_WITHIN = 5.0


@dataclass(frozen=True)
class DemoPart:
    """The result of one part of the demo."""

    name: str
    verified: bool
    found: str
    """What was verified, and against what."""
    leaves: tuple[tuple[str, Path], ...] = ()
    """The files to look at."""
    exit_code: int = 1


def main(base: Path = Path("runs"), console: Console | None = None) -> int:
    """Run all three parts; 0 when every one was verified."""
    from handeye.perception.embedded import EmbeddedPerception

    console = console or Console(highlight=False)
    perception = EmbeddedPerception()
    when = f"{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    tasks: tuple[tuple[str, str, Callable[[], DemoPart]], ...] = (
        ("shop", "a purchase in a web shop", lambda: buy(base / f"{when}-demo-shop", perception, console)),
        ("note", "a note in a desktop editor", lambda: write_note(base / f"{when}-demo-note", perception, console)),
        (
            "picture",
            "three things on a screenshot",
            lambda: find_things(base / f"{when}-demo-picture", perception, console),
        ),
    )
    parts: list[DemoPart] = []
    for number, (name, title, work) in enumerate(tasks, 1):
        console.print(Text.assemble("\n", (f"{number} of {len(tasks)}  {title}", "bold cyan")))
        try:
            parts.append(work())
        except HandeyeError as error:
            parts.append(DemoPart(name, verified=False, found=str(error), exit_code=error.exit_code))
            console.print(Text(f"  {error}", style="red"))
    _sum_up(parts, console)
    return max((part.exit_code for part in parts if not part.verified), default=0)


def buy(folder: Path, perception: EmbeddedPerception, console: Console) -> DemoPart:
    """Buy the first lamp in the demo shop; its orders must then contain this purchase only."""
    from handeye.scenarios.demo.shop import Shop
    from handeye.tools import Browser

    with Shop() as shop:
        with Browser(shop.url) as browser:
            result = _run(browser, PURCHASE, folder, perception, console)
        orders = shop.orders
    found = "; ".join(_in_words(order) for order in orders) or "the shop has no order"
    return DemoPart("shop", is_the_purchase(orders), f"the shop's orders: {found}", (("report", result.report),))


def write_note(folder: Path, perception: EmbeddedPerception, console: Console) -> DemoPart:
    """Type a note into an editor on a virtual display and save it; the file must then have exactly its bytes."""
    from handeye.tools import Virtual

    editor = next((name for name in EDITORS if shutil.which(name)), None)
    if editor is None:
        raise SetupError(f"there is no editor for the demo; install one, such as: apt-get install {EDITORS[0]}")
    with tempfile.TemporaryDirectory(prefix="handeye-demo-") as place:
        path = Path(place) / FILE_NAME
        with Virtual(editor) as screen:
            goal = f'type "{NOTE}", press ctrl+s, type "{path}", press Enter'
            result = _run(screen, goal, folder, perception, console)
            written = _bytes_of(path)
    wanted = NOTE.encode()
    if written is None:
        found = f"there is no file {path}"
    elif written.removesuffix(b"\n") == wanted:
        found = f"{path.name} holds the {len(wanted)} expected bytes"
    else:
        found = f"{path.name} holds other bytes: {written[:200]!r}"
    verified = written is not None and written.removesuffix(b"\n") == wanted
    return DemoPart("note", verified, found, (("report", result.report),))


def find_things(folder: Path, perception: EmbeddedPerception, console: Console) -> DemoPart:
    """Find three phrases on a picture by its pixels; each point must be in the box that the page reports."""
    from handeye.perception.marks import mark
    from handeye.perception.observation import Observation
    from handeye.perception.reading import ocr
    from handeye.tools.geometry import Box
    from handeye.tools.screenshot import Screenshot, open_image

    image = open_image(HERE / "mail.png")
    observation = Observation(Screenshot(image), reader=ocr.read)
    boxes = json.loads((HERE / "mail.json").read_text(encoding="utf-8"))
    groundings, right = [], 0
    for phrase, box in boxes.items():
        with console.status(f"looking for “{phrase}”"):
            grounding = perception.ground(observation, phrase)
        hit = grounding is not None and Box(*box).holds(grounding.point)
        right += hit
        where = f"at ({grounding.point.x}, {grounding.point.y})" if grounding else "not found"
        sign, style = ("✓", "green") if hit else ("✗", "red")
        console.print(Text.assemble("   ", (sign, style), f" “{phrase}” ", (where, "dim")))
        if grounding:
            groundings.append((phrase, grounding))
    marked = folder.with_suffix(".png")
    try:
        marked.parent.mkdir(parents=True, exist_ok=True)
        mark(image, groundings).save(marked)
    except OSError as error:
        raise SetupError(f"{marked} cannot be written ({error}); start the demo where you may write") from error
    found = f"{right} of {len(boxes)} points lie in the boxes that the page itself gave"
    return DemoPart("picture", right == len(boxes), found, (("marked picture", marked),))


def _run(device: Device, goal: str, folder: Path, perception: EmbeddedPerception, console: Console) -> RunResult:
    from handeye.agent import Agent, RunOptions

    with LiveView(console, goal=goal, device=device.name, model="embedded") as view:
        agent = Agent(
            device,
            model="embedded",
            perception=perception,
            options=RunOptions(approve="never"),
            run_dir=folder,
            listen=view.add,
        )
        result = agent.run(goal)
        view.report = result.report
    return result


def is_the_purchase(orders: list[ShopOrder]) -> bool:
    """Whether there is one order, of that user, with one piece of the first product found for `lamp`."""
    from handeye.scenarios.demo.shop.store import search

    first = search("lamp")[0]
    bought = [(order.user, [(line.slug, line.quantity) for line in order.items]) for order in orders]
    return bought == [("ada", [(first.slug, 1)])]


def _in_words(order: ShopOrder) -> str:
    goods = ", ".join(f"{line.quantity} × {line.name}" for line in order.items)
    return f"{order.number} by {order.user}: {goods}"


def _bytes_of(path: Path) -> bytes | None:
    end = time.monotonic() + WRITTEN_WITHIN
    while not (path.exists() and path.stat().st_size) and time.monotonic() < end:
        time.sleep(0.05)
    return path.read_bytes() if path.exists() else None


def _sum_up(parts: list[DemoPart], console: Console) -> None:
    console.print(Text("\nThe demo, verified by what was left behind", style="bold"))
    for part in parts:
        sign, style = ("✓", "bold green") if part.verified else ("✗", "bold red")
        console.print(Text.assemble(" ", (f"{sign} {part.name}", style), "  ", part.found))
        for what, path in part.leaves:
            absolute = path.resolve()
            line = Text.assemble("     ", (f"{what}  ", "dim"), (str(absolute), f"link {absolute.as_uri()}"))
            console.print(line, soft_wrap=True)
    handeye = Path(sys.executable).with_name("handeye")
    console.print(f"\nOpen the reports in a browser. Next, a goal of your own: {handeye} run --help", soft_wrap=True)
