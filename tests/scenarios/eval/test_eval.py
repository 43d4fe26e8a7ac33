"""`handeye eval` reports exactly the accuracy that a data set has by construction, also after a crash."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from handeye.agent.cli import app
from handeye.scenarios.eval.score import Share
from handeye.tools import Browser
from tests.scenarios.drawn_pictures import WORDS, Drawn, write_lines
from tests.scenarios.eval.conftest import Stand, script


def handeye_eval(*arguments: object) -> Result:
    done = CliRunner().invoke(app, ["eval", *map(str, arguments)])
    assert "Traceback" not in done.output, done.output
    return done


def told(done: Result, code: int, *words: str) -> None:
    """It left with this code and said these words on stderr."""
    assert done.exit_code == code, done.output
    for word in words:
        assert word in re.sub(r"\s+", " ", done.stderr)


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_embedded_eyes_are_right_where_the_box_is(questions: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    done = handeye_eval(questions, "--json", out)
    told(done, 0)
    assert "66.7% found: 4 of 6" in done.stdout
    result = read(out)
    assert list(result)[:5] == ["model", "n", "accuracy", "by_type", "results"]
    assert (result["model"], result["n"], result["accuracy"]) == ("embedded", 6, 4 / 6)
    assert [one["correct"] for one in result["results"]] == [True, False, True, True, False, True]
    assert result["by_type"]["text"]["accuracy"] == 3 / 4
    assert result["by_type"]["icon"] == {"n": 2, "correct": 1, "accuracy": 0.5, "interval": [0.0945, 0.9055]}
    first = result["results"][0]
    assert (first["image"], first["instruction"], first["by"]) == ("0.png", "Save", "ocr")
    assert {"point", "correct", "seconds"} <= set(first)


@pytest.mark.parametrize("wrong", [(), (0, 3, 5), tuple(range(6))])
def test_a_scripted_model_gets_exactly_what_it_says_right(
    wrong: tuple[int, ...], questions: Path, drawn: list[Drawn], tmp_path: Path
) -> None:
    done = handeye_eval(questions, "--model", script(tmp_path / "answers.txt", drawn, wrong), "--json", "-")
    told(done, 0)
    result = json.loads(done.stdout)
    # Of the questions 1 and 4, whose boxes are elsewhere, the answers in `wrong` are right.
    right = [(number in wrong) == (number in {1, 4}) for number in range(6)]
    assert [one["correct"] for one in result["results"]] == right
    assert result["accuracy"] == sum(right) / 6


def test_not_there_is_right_where_it_is_not_there(drawn: list[Drawn], tmp_path: Path) -> None:
    (tmp_path / "0.png").write_bytes(drawn[0].path.read_bytes())
    absent = {"image": "0.png", "instruction": "Quit", "bbox": None}
    path = write_lines(tmp_path / "q.jsonl", [absent, absent, absent])
    answers = tmp_path / "answers.txt"
    answers.write_text("[[-1, -1, -1, -1]]\n[[10, 10, 90, 90]]\nI would click the menu.\n")
    done = handeye_eval(path, "--model", f"scripted:{answers}", "--json", "-")
    told(done, 0)
    results = json.loads(done.stdout)["results"]
    assert [one["correct"] for one in results] == [True, False, False]
    assert results[0]["point"] is None
    assert results[2]["point"] is None
    assert results[2]["answer"] == "I would click the menu."


def test_a_limit_asks_the_first_only(questions: Path, tmp_path: Path, stand: Stand) -> None:
    told(handeye_eval(questions, "--model", stand.url, "--limit", 2, "--json", tmp_path / "out.json"), 0)
    assert stand.asked == list(WORDS[:2])
    # The same output takes up what was asked, and asks the rest.
    done = handeye_eval(questions, "--model", stand.url, "--json", tmp_path / "out.json")
    told(done, 0, "2 of 6 results are taken from")
    assert stand.asked == list(WORDS)
    assert read(tmp_path / "out.json")["n"] == 6


def test_a_model_that_goes_down_leaves_what_was_measured_and_it_goes_on(
    questions: Path, drawn: list[Drawn], tmp_path: Path
) -> None:
    out, stand = tmp_path / "out.json", Stand(drawn)
    stand.lives = 3
    stopped = handeye_eval(questions, "--model", stand.url, "--json", out, "--answer-seconds", 1)
    stand.close()
    told(stopped, 3, "3 of 6 results are in", "the same command continues")
    assert not out.exists()
    again = Stand(drawn, port=int(stand.url.split(":")[2].partition("/")[0]))
    try:
        told(handeye_eval(questions, "--model", again.url, "--json", out, "--answer-seconds", 20), 0, "3 of 6 results")
    finally:
        again.close()
    assert again.asked == list(WORDS[3:])
    assert [one["correct"] for one in read(out)["results"]] == [True, False, True, True, False, True]


def test_results_of_another_model_or_data_set_are_set_aside_whole(
    questions: Path, drawn: list[Drawn], stand: Stand, tmp_path: Path
) -> None:
    out = tmp_path / "out.json"
    told(handeye_eval(questions, "--model", stand.url, "--json", out), 0)
    kept, items = out.read_text(), (tmp_path / "out.items.jsonl").read_text()
    model = script(tmp_path / "answers.txt", drawn, wrong=(0,))
    done = handeye_eval(questions, "--model", model, "--json", out)
    told(done, 0, "out.items.jsonl was set aside as out.items.1.jsonl", "another model")
    assert (tmp_path / "out.1.json").read_text() == kept
    assert (tmp_path / "out.items.1.jsonl").read_text() == items
    assert read(out)["model"] == model
    lines = questions.read_text().splitlines()
    questions.write_text("\n".join(lines[:-1]) + "\n")
    told(handeye_eval(questions, "--model", stand.url, "--json", out), 0, "another data set")
    assert len(stand.asked) == 11
    assert read(out)["n"] == 5
    told(handeye_eval(questions, "--model", stand.url, "--json", out, "--fresh"), 0, "measured anew")
    assert len(stand.asked) == 16


def test_a_line_cut_by_a_crash_is_measured_again(questions: Path, stand: Stand, tmp_path: Path) -> None:
    out, ledger = tmp_path / "out.json", tmp_path / "out.items.jsonl"
    told(handeye_eval(questions, "--model", stand.url, "--json", out), 0)
    out.unlink()
    ledger.write_bytes(ledger.read_bytes()[:-30])
    stand.asked.clear()
    told(handeye_eval(questions, "--model", stand.url, "--json", out), 0, "5 of 6 results are taken")
    assert stand.asked == [WORDS[5]]
    assert read(out)["n"] == 6
    assert len(ledger.read_text().splitlines()) == 7


def test_a_question_without_answer_counts_as_wrong_and_as_an_error(
    questions: Path, stand: Stand, tmp_path: Path
) -> None:
    stand.refused = {"Search"}
    picture = questions.parent / "3.png"
    picture.write_bytes(picture.read_bytes()[:200])
    out = tmp_path / "out.json"
    done = handeye_eval(questions, "--model", stand.url, "--json", out, "--html", tmp_path / "report")
    told(done, 0)
    assert "2 questions got no answer" in done.stdout
    result = read(out)
    assert (result["errors"], result["correct"]) == (2, 2)
    assert "too large for this model" in result["results"][2]["error"]
    assert "is not a picture" in result["results"][3]["error"]
    page = (tmp_path / "report" / "report.html").read_text()
    assert "The picture cannot be read" in page
    # Errors may pass: they are asked again.
    stand.refused.clear()
    told(handeye_eval(questions, "--model", stand.url, "--json", out), 0, "4 of 6 results are taken")
    assert read(out)["errors"] == 1


def test_several_questions_at_a_time_give_the_same_result(questions: Path, stand: Stand, tmp_path: Path) -> None:
    told(handeye_eval(questions, "--model", stand.url, "--json", tmp_path / "one.json"), 0)
    told(handeye_eval(questions, "--model", stand.url, "--json", tmp_path / "many.json", "--workers", 3), 0)
    one, many = read(tmp_path / "one.json")["results"], read(tmp_path / "many.json")["results"]
    assert [each["point"] for each in many] == [each["point"] for each in one]
    assert sorted(stand.asked) == sorted(2 * WORDS)
    told(handeye_eval(questions, "--workers", 3), 2, "--workers 3 needs a checkpoint, or a server")


@pytest.mark.model
def test_a_model_in_this_process_is_loaded_once_and_queried_side_by_side(
    questions: Path, small_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from handeye.perception.engines.in_process.transformers_engine import InProcessEngine

    asked: list[int] = []
    batch, opened = InProcessEngine.generate_batch, InProcessEngine.open
    names: list[str] = []

    def counted(self: InProcessEngine, requests: Any) -> Any:
        asked.append(len(requests))
        return batch(self, requests)

    monkeypatch.setattr(InProcessEngine, "generate_batch", counted)

    def open_counted(model: str, options: Any = None) -> InProcessEngine:
        names.append(model)
        return opened(model, options)

    monkeypatch.setattr(InProcessEngine, "open", open_counted)
    words = ["--model", small_checkpoint, "--max-tiles", 2]
    told(handeye_eval(questions, *words, "--json", tmp_path / "one.json"), 0)
    assert (asked, len(names)) == ([], 1)
    told(handeye_eval(questions, *words, "--json", tmp_path / "many.json", "--workers", 3), 0)
    assert len(names) == 2
    assert max(asked) == 3
    one, many = read(tmp_path / "one.json")["results"], read(tmp_path / "many.json")["results"]
    assert len(many) == 6
    same = sum(a.get("answer") == b.get("answer") for a, b in zip(one, many, strict=True))
    # Random weights leave a near tie here and there, which another order of arithmetic turns.
    assert same >= 5


def test_the_report_opens_from_disk_with_its_pictures(questions: Path, stand: Stand, tmp_path: Path) -> None:
    records = [json.loads(line) for line in questions.read_text().splitlines()]
    records[0]["instruction"] = "</h3><script>document.title = 'taken over'</script>"
    write_lines(questions, records)
    report = tmp_path / "report"
    told(handeye_eval(questions, "--model", stand.url, "--html", report), 0)
    with Browser(str(report / "report.html"), viewport=(1000, 700)) as browser:
        assert browser.signals().title.startswith("50.0 % of 6")
        names = [element.name for element in browser.elements()]
    assert sum(name.startswith("Part of ") for name in names) == 3
    page = (report / "report.html").read_text()
    assert "icon: 1 of 2" in page
    pictures = re.findall(r'(?:href|src)="(pictures/[^"]+)"', page)
    assert len(pictures) == 6
    assert all((report / picture).stat().st_size > 500 for picture in pictures)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.jsonl"], ["there is no data set at nowhere.jsonl"]),
        (["{questions}", "--format", "coco"], ["no format 'coco'", "jsonl, screenspot, screenspot-v2", "osworld-g"]),
        (["{empty}"], ["holds no question"]),
        (["{questions}", "--model", "scripted:nowhere.txt"], ["the script nowhere.txt cannot be read"]),
        (["{questions}", "--v2pe", "half"], ["--v2pe must be a number such as 1, 1/4 or 1/64, got 'half'"]),
    ],
)
def test_what_cannot_be_understood_is_a_usage_error(
    arguments: list[str], words: list[str], questions: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    places = {"{questions}": str(questions), "{empty}": str(empty)}
    done = handeye_eval(*[places.get(argument, argument) for argument in arguments], "--json", "-")
    told(done, 2, *words)
    assert json.loads(done.stdout)["results"] == []


def test_a_script_that_is_used_up_keeps_what_was_measured(questions: Path, drawn: list[Drawn], tmp_path: Path) -> None:
    model = script(tmp_path / "answers.txt", drawn[:4])
    out = tmp_path / "out.json"
    told(handeye_eval(questions, "--model", model, "--json", out), 3, "is used up", "4 of 6 results are in")
    assert len((tmp_path / "out.items.jsonl").read_text().splitlines()) == 5


def test_settings_may_come_from_a_file_and_from_the_environment(
    questions: Path, drawn: list[Drawn], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = script(tmp_path / "answers.txt", drawn)
    (tmp_path / "handeye.toml").write_text(f'[eval]\nlimit = 3\nmodel = "{model}"\nmax-tiles = 6\n')
    done = handeye_eval(questions, "--json", "-")
    told(done, 0)
    assert (json.loads(done.stdout)["n"], json.loads(done.stdout)["model"]) == (3, model)
    monkeypatch.setenv("HANDEYE_LIMIT", "2")
    assert json.loads(handeye_eval(questions, "--json", "-").stdout)["n"] == 2
    (tmp_path / "handeye.toml").write_text("[eval]\nlimits = 3\n")
    told(handeye_eval(questions), 2, "no setting called 'limits'; did you mean limit?")


def test_the_interval_is_wilsons() -> None:
    # Newcombe (1998), "Two-sided confidence intervals for the single proportion", table I, method 3.
    for correct, n, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611)):
        assert Share(correct, n).interval == pytest.approx((low, high), abs=5e-5)
    assert Share(1, 29).interval == pytest.approx((0.0061, 0.1718), abs=5e-5)
    assert Share(0, 0).interval == (0, 1)
