"""A checkpoint's card, `card.md`: what it learned from, for how long, on what, how well it does, and what it cannot.

All of its content is read from files of the training and the evaluation.
"""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.tools.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping

CARD, PLAN, EVALUATION = "card.md", "about.json", "evaluation.json"
_LIMITS = (
    "It points at things; it does not decide what to do, and it does not read text, which OCR does better.",
    "It knows the icons that handeye draws, by their English names; of other drawings it may know none.",
    "It has seen drawn screens, not yours: the figures are for screens of other seeds, themes, fonts and layouts.",
)


def machine() -> str:
    """The processor or the GPU that a training runs on, in one line."""
    import torch

    if torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {torch.get_num_threads()} threads"


def write_card(folder: Path) -> Path:
    """Write the card of a checkpoint's folder anew, and return its path."""
    training = folder / "training"
    plan = _read(training / PLAN)
    lines = [json.loads(line) for line in _text(training / "metrics.jsonl").splitlines() if line.endswith("}")]
    parts = [f"# {folder.name}", "", "A small InternVL that points at what a phrase means, trained by `handeye train`."]
    parts += ["", "## Training", "", *_training(plan, [line for line in lines if "losses" in line])]
    looks = [line for line in lines if line.get("scores")]
    if looks:
        parts += ["", "## Held-out tiles", "", *_looks(looks)]
    record = _read(training / EVALUATION)
    if record:
        parts += ["", "## Whole screens", "", *_whole(record)]
    parts += ["", "## Limits", "", *(f"- {each}" for each in _LIMITS)]
    write_atomically(folder / CARD, "\n".join(parts) + "\n")
    return folder / CARD


def _training(plan: Mapping[str, Any], steps: list[dict[str, Any]]) -> list[str]:
    rows = {name: str(plan[name]) for name in ("preset", "numbers", "seed", "machine", "version") if name in plan}
    if "data" in plan:
        rows["data"] = plan["data"]
    if steps:
        seconds = steps[-1]["seconds"]
        rows["steps"] = f"{steps[-1]['step']:,}"
        rows["time"] = f"{seconds / 60:.1f} minutes"
        if "tiles" in plan and seconds:
            rows["pace"] = f"{steps[-1]['step'] * plan['tiles'] / seconds:.1f} tiles a second"
        rows["last losses"] = ", ".join(f"{name} {each:.3f}" for name, each in steps[-1]["losses"].items())
    else:
        rows["steps"] = "not recorded"
    return ["| what | |", "| --- | --- |", *(f"| {name} | {each} |" for name, each in rows.items())]


def _looks(looks: list[dict[str, Any]]) -> list[str]:
    """The first and the last scores, each with its control."""
    before = {each["level"]: each for each in looks[0]["scores"]}
    lines = [
        "Points in the right box; the control is the same questions put to other pictures.",
        "",
        "| level | questions | before | its control | after | its control |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for each in looks[-1]["scores"]:
        first = before.get(each["level"], each)
        shares = (first["right"], first["shuffled"], each["right"], each["shuffled"])
        lines.append(f"| {each['level']} | {each['questions']} | {' | '.join(f'{share:.1%}' for share in shares)} |")
    return lines


def _whole(record: Mapping[str, Any]) -> list[str]:
    fusion = record["fusion"]
    lines = [
        "Points in the right box, of text alone (the embedded default), the model alone, and both.",
        "The model is used only for phrases that mean an icon, by its name where text is less than",
        f"{fusion['enough']:g} sure, by the word where it is less than {fusion['icons']:g}, and followed where",
        f"it is at least {fusion['sure']:g} sure; that was chosen on screens of another seed.",
        "",
        "| on | what | questions | text | model | both |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for each in record["whole"]:
        for group, shares in each["groups"].items():
            ways = " | ".join(f"{shares[way]:.1%}" for way in ("text", "pocket", "both"))
            lines.append(f"| {each['on']} | {group} | {shares['n']} | {ways} |")
    return lines


def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_text(file) or "{}")
    return found


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""
