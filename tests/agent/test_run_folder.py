"""A run's folder: named by time and goal, never overwritten, held by one process, found again by name."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from handeye.agent.run_folder import ROOM, RunConfig, RunFolder, find_run, slug
from handeye.tools.errors import SetupError, UsageError
from handeye.tools.files import write_atomically
from handeye.tools.screenshot import Screenshot

GOAL = RunConfig(goal="Grüße, 世界: click “Save”")


def test_the_folder_is_named_by_time_and_goal(tmp_path: Path) -> None:
    run = RunFolder.create(GOAL, base=tmp_path)
    assert run.path.parent == tmp_path
    assert run.path.name.endswith("-grue-click-save") or run.path.name.endswith("-gru-e-click-save")
    assert run.config == GOAL
    run.release()


def test_two_runs_of_one_second_get_two_folders(tmp_path: Path) -> None:
    runs = [RunFolder.create(GOAL, base=tmp_path) for _ in range(3)]
    assert len({run.path for run in runs}) == 3
    for run in runs:
        run.release()


def test_runs_that_begin_in_the_same_moment_get_folders_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: RunFolder.create(GOAL, base=tmp_path), range(24)))
    assert len({run.path for run in runs}) == 24
    for run in runs:
        run.release()


def test_a_run_is_never_overwritten(tmp_path: Path) -> None:
    run = RunFolder.create(GOAL, tmp_path / "mine")
    run.release()
    unused = "--run-dir must be unused, got .*, which contains a run"
    with pytest.raises(UsageError, match=f"{unused}: name another, or resume it: handeye resume {run.path}$"):
        RunFolder.create(GOAL, tmp_path / "mine")
    run.note(status="failed")  # and it cannot be resumed
    with pytest.raises(UsageError, match=rf"{unused} \(failed\): name another$"):
        RunFolder.create(GOAL, tmp_path / "mine")


def test_only_one_process_may_hold_a_run(tmp_path: Path) -> None:
    held = RunFolder.create(GOAL, tmp_path / "mine")
    with pytest.raises(UsageError, match="in use"):
        RunFolder.open(tmp_path / "mine")
    held.release()
    RunFolder.open(tmp_path / "mine").release()


@pytest.mark.parametrize("status", ["succeeded", "failed", "refused"])
def test_a_run_that_has_ended_cannot_be_resumed(status: str, tmp_path: Path) -> None:
    run = RunFolder.create(GOAL, tmp_path / "mine")
    run.note(status=status)
    run.release()
    with pytest.raises(UsageError, match="has ended"):
        RunFolder.open(tmp_path / "mine")


def test_equal_screenshots_are_stored_once_and_without_loss(tmp_path: Path) -> None:
    run = RunFolder.create(GOAL, tmp_path / "mine")
    image = Image.effect_noise((64, 48), 80).convert("RGB")
    digests = {run.store_screenshot(Screenshot(image)), run.store_screenshot(Screenshot(image.copy()))}
    files = list(run.screens.iterdir())
    assert [file.stem for file in files] == list(digests)
    assert Image.open(files[0]).convert("RGB").tobytes() == image.tobytes()
    run.release()


def test_pictures_of_a_long_run_get_smaller_before_they_fill_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exact at first, then not: 1,000 photographs would be a gigabyte otherwise."""
    monkeypatch.setattr("handeye.agent.run_folder.ROOM", [(room / 400, how) for room, how in ROOM])
    run = RunFolder.create(GOAL, tmp_path / "mine")
    sizes = []
    for _ in range(12):
        digest = run.store_screenshot(Screenshot(Image.effect_noise((256, 192), 80).convert("RGB")))
        sizes.append((run.screens / f"{digest}.webp").stat().st_size)
    run.release()
    assert sizes[0] > 2 * sizes[-1]
    again = RunFolder.open(tmp_path / "mine")
    digest = again.store_screenshot(Screenshot(Image.effect_noise((256, 192), 80).convert("RGB")))
    assert (again.screens / f"{digest}.webp").stat().st_size < sizes[0] / 2
    again.release()


def test_cookies_are_for_the_owner_alone(tmp_path: Path) -> None:
    run = RunFolder.create(GOAL, tmp_path / "mine")
    run.store_device_state({"storage_state": {"cookies": ["secret"]}})
    assert (run.path / "device_state.json").stat().st_mode & 0o077 == 0
    assert run.device_state() == {"storage_state": {"cookies": ["secret"]}}
    run.release()


def test_a_run_is_found_by_folder_by_name_and_as_latest(tmp_path: Path) -> None:
    for number, name in enumerate(["one", "two"]):
        RunFolder.create(GOAL, tmp_path / name).release()
        os.utime(tmp_path / name / "run.json", (number, number))
    assert find_run(str(tmp_path / "one"), tmp_path) == tmp_path / "one"
    assert find_run("one", tmp_path) == tmp_path / "one"
    assert find_run("latest", tmp_path) == tmp_path / "two"
    with pytest.raises(UsageError, match="got 'three'"):
        find_run("three", tmp_path)
    with pytest.raises(UsageError, match="got no run in"):
        find_run("latest", tmp_path / "one")


def test_a_damaged_run_is_reported(tmp_path: Path) -> None:
    RunFolder.create(GOAL, tmp_path / "mine").release()
    (tmp_path / "mine" / "run.json").write_text('{"config": {"goal": ')
    with pytest.raises(UsageError, match="must be a JSON object, got"):
        _ = RunFolder(tmp_path / "mine").config


def test_a_file_in_the_way_of_the_folder_is_a_setup_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="must be writable"):
        RunFolder.create(GOAL, tmp_path / "file" / "run")


def test_many_write_one_file_at_once_and_it_is_always_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    texts = [str(number) * 50_000 for number in range(4)]

    def write(text: str) -> None:
        for _ in range(20):
            write_atomically(path, text, sync=False)
            assert path.read_text() in texts

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, texts))
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]
    with pytest.raises(IsADirectoryError):
        write_atomically(tmp_path, "x")
    assert [each.name for each in tmp_path.parent.glob("*.part")] == []


def test_what_a_killed_writer_has_left_is_taken_away(tmp_path: Path) -> None:
    run = RunFolder.create(GOAL, tmp_path / "run")
    (run.path / "run.json.0123.part").touch()
    (run.screens / "a.webp.0123.part").touch()
    run.release()
    RunFolder.open(run.path).release()
    assert list(run.path.rglob("*.part")) == []


@pytest.mark.parametrize(
    ("goal", "name"), [("Click  “Save”!", "click-save"), ("世界", "run"), ("a" * 90, "a" * 40), ("../../etc", "etc")]
)
def test_a_slug_is_a_safe_file_name(goal: str, name: str) -> None:
    assert slug(goal) == name
