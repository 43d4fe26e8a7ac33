"""Writes a page that shows samples: each picture with its boxes and questions."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from handeye.perception.training.data.questions import questions
from handeye.perception.training.data.shards import Sample
from handeye.tools.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handeye.perception.training.data.questions import TrainingQuestion
    from handeye.perception.training.data.screen import LabeledScreen, LabeledTarget

_QUESTIONS = 6


def write_gallery(screens: Iterable[LabeledScreen | Sample], folder: Path) -> Path:
    """Write `index.html` and its pictures; a screen without questions gets some. Returns the page's path."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder.mkdir(parents=True, exist_ok=True)
    samples = [_sample_fields(each, number, folder) for number, each in enumerate(screens)]
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    html = pages.get_template("gallery.html.j2").render(
        samples=samples,
        targets=sum(len(each["boxes"]) for each in samples),
        question_count=sum(len(each["questions"]) for each in samples),
    )
    page = folder / "index.html"
    page.write_text(html, encoding="utf-8")
    return page


def _sample_fields(each: LabeledScreen | Sample, number: int, folder: Path) -> dict[str, Any]:
    if not isinstance(each, Sample):
        each = Sample(each, tuple(questions(each, Random(number), _QUESTIONS)))  # noqa: S311 - screens, not secrets
    picture = f"{number:04d}.png"
    each.screen.image.save(folder / picture, compress_level=1)
    width, height = each.screen.image.size
    return {
        "picture": picture,
        "width": width,
        "height": height,
        "about": sorted(each.screen.about.items()),
        "boxes": [_placed(target, width, height) for target in each.screen.targets],
        "questions": [_question_fields(question) for question in each.questions],
    }


def _placed(target: LabeledTarget, width: int, height: int) -> dict[str, object]:
    """A box in percent of its picture, so that it stays in place at any size."""
    box = target.box
    words = (target.role, target.colour, target.icon, f"“{target.text}”" if target.text else "")
    return {
        "key": _key(box),
        "left": round(100 * box.left / width, 3),
        "top": round(100 * box.top / height, 3),
        "width": round(100 * box.width / width, 3),
        "height": round(100 * box.height / height, 3),
        "title": " ".join(word for word in words if word),
    }


def _question_fields(question: TrainingQuestion) -> dict[str, str]:
    prompt = f"{question.before.strip()}\n{question.prompt}".strip()
    key = _key(question.target) if question.target else ""
    return {"kind": question.kind, "prompt": prompt, "answer": question.answer, "key": key}


def _key(box: Box) -> str:
    return "-".join(map(str, box))
