"""Suite files: their meaning, and errors with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from handeye.scenarios.environment import start_address
from handeye.scenarios.loading import find_files, load_scenarios
from handeye.scenarios.suite.schema import ScenarioSpec, join_steps
from handeye.scenarios.suite_run import select_scenarios, select_shard
from handeye.tools.errors import UsageError

SUITE = """name: shop
serve: {folder: pages}
variables: {user: ada, thing: lamp}
tags: shop
scenarios:
  - name: looks for a thing
    on: ${serve}/search
    steps:
      - type "${thing}" into Search
      - press Enter
    ensures:
      - the page shows "Results"
      - url: q=${thing}
      - element: {name: Save, enabled: false}
    matrix: {thing: [lamp, chair]}
    tags: [slow]
  - name: logs in
    goal: log in as "${user}"
    ensures: {text: "Hello ${user}"}
    repeat: 2
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "shop.yaml"


def written(file: Path, text: str = SUITE) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


def test_each_combination_and_repeat_is_a_case_of_its_own(file: Path) -> None:
    scenarios = load_scenarios(written(file))
    assert [scenario.name for scenario in scenarios] == [
        "looks for a thing [thing=lamp]",
        "looks for a thing [thing=chair]",
        "logs in #1",
        "logs in #2",
    ]
    assert scenarios[1].spec.wanted == 'type "chair" into Search, press Enter'
    assert [check.words() for check in scenarios[1].spec.ensures] == [
        'the page shows "Results"',
        "the address holds q=chair",
        "element “Save” is not enabled",
    ]
    assert scenarios[0].spec.on == "${serve}/search"  # known when it runs
    assert scenarios[0].tags == {"shop", "slow"}
    assert scenarios[2].spec.wanted == 'log in as "ada"'


def test_the_environment_is_read_and_on_is_a_word(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP", "http://shop.test")
    text = "on: ${{SHOP}}\nscenarios:\n  - {name: a, on: '${{SHOP}}/x', goal: click on, unchecked: true}\n"
    assert load_scenarios(written(file, text))[0].spec.on == "http://shop.test/x"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("matrix:", "matrx:", 15, "`matrx` is not a known key; did you mean `matrix`?"),
        ("enabled: false", "enbled: false", 14, "`enbled` is not a known key; did you mean `enabled`?"),
        ('{text: "Hello ${user}"}', "{txt: Hello}", 19, "this is not a check"),
        ('{text: "Hello ${user}"}', "hello there friend", 19, "the check “hello there friend” is not understood"),
        ('    ensures: {text: "Hello ${user}"}\n', "", 17, "nothing is checked"),
        ("name: logs in", "name: looks for a thing", 17, "two scenarios have the name “looks for a thing”"),
        ("user: ada, ", "", 17, "${user} has no value; known variables: thing"),
        ("  - name: logs in", "  -name: logs in", 17, "invalid YAML"),
        ("repeat: 2", "repeat: 2\n    repeat: 3", 21, "`repeat` is a duplicate key"),
        ("repeat: 2", "repeat: many", 20, "`repeat`: input should be a valid integer"),
        ("goal: log in", "goal: x\n    steps: log in", 17, "give either `goal` or `steps`"),
        ("serve: {folder: pages}", "serve: {folder: pages, command: x}", 2, "give either `folder` or `command`"),
        ("    repeat: 2", "    when: a b", 17, "`when: a b` is not a condition"),
        ("    repeat: 2", "    when: '== x'", 17, "has no value on one side"),
        ('{text: "Hello ${user}"}', "{picture: none.png}", 19, "does not exist; create it with --update-pictures"),
        ('{text: "Hello ${user}"}', "{cell: {row: a, column: b}}", 19, "give either `equals` or `contains`"),
        ("name: shop", "viewport: wide", 1, "`viewport` is 'wide'; write WIDTHxHEIGHT, such as 1344x896"),
        ("name: shop", "include: shop.yaml", 1, "includes itself"),
        ("name: shop", "include: nowhere.yaml", 1, "there is no"),
        ("- press Enter", "- {step: press Enter, wen: true}", 10, "`wen` is not a known key; did you mean `when`?"),
        ("- press Enter", "- {step: press Enter, when: a b}", 10, "`when: a b` is not a condition"),
        ("- press Enter", "- 5", 10, "`step`: input should be a valid string"),
        ("name: shop", "setup: click ${it}", 1, "${it} has no value"),
    ],
)
def test_a_mistake_is_reported_with_its_line(file: Path, old: str, new: str, line: int, said: str) -> None:
    assert old in SUITE
    with pytest.raises(UsageError) as raised:
        load_scenarios(written(file, SUITE.replace(old, new)))
    assert said in str(raised.value)
    assert str(raised.value).startswith(f"{file}:{line}: "), raised.value


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ("true", ""),
        ("false", "when: false; it is “false”"),
        ("${{SHOP}}", ""),
        ("not ${{SHOP}}", "when: not ${{SHOP}}; it is “yes == no”"),
        ("${{NOTHING_OF_THE_KIND}}", "when: ${{NOTHING_OF_THE_KIND}}; it has no value"),
        ("not ${{NOTHING_OF_THE_KIND}}", ""),
        ("${user} == ada", ""),
        ("\"${user} != 'ada'\"", "when: ${user} != 'ada'; it is “ada”"),
        ("${{SHOP}} == yes", "when: ${{SHOP}} == yes; it is “yes == no”"),
        ("['${user} == ada', '${thing} == chair']", "when: ${thing} == chair; it is “lamp”"),
    ],
)
def test_a_condition_decides_whether_a_scenario_is_run(
    file: Path, monkeypatch: pytest.MonkeyPatch, when: str, why: str
) -> None:
    monkeypatch.setenv("SHOP", "yes == no")  # a value is never read as a condition
    scenarios = load_scenarios(written(file, SUITE.replace("    repeat: 2", f"    when: {when}")))
    assert scenarios[-1].spec.skip == (why or False)


def test_a_condition_sees_the_matrix_and_what_is_skipped_needs_no_values(file: Path) -> None:
    text = (
        SUITE.replace("tags: [slow]", "when: ${thing} != chair")
        .replace("    repeat: 2", "    when: ${{NOTHING_OF_THE_KIND}}")
        .replace('as "${user}"', "as ${{NOTHING_OF_THE_KIND}}")
    )
    assert [bool(scenario.spec.skip) for scenario in load_scenarios(written(file, text))] == [False, True, True]


def test_a_billion_laughs_and_an_alias_of_itself_are_refused(file: Path) -> None:
    laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    for one, other in zip("abcdefg", "bcdefgh", strict=True):
        laughs += f"{other}: &{other} [{', '.join([f'*{one}'] * 9)}]\n"
    with pytest.raises(UsageError, match="the file has more than 100,000 values, aliases included"):
        load_scenarios(written(file, laughs))
    with pytest.raises(UsageError, match="this alias contains itself"):
        load_scenarios(written(file, "a: &a [*a]\n"))


def test_included_scenarios_come_first_and_their_variables_can_be_overruled(file: Path) -> None:
    written(
        file.with_name("base.yaml"), "variables: {who: ada}\nscenarios:\n- {name: a, goal: click x, unchecked: true}"
    )
    text = "include: base.yaml\nvariables: {what: lamp}\nscenarios:\n- {name: b, goal: 'click ${who}', unchecked: true}"
    assert [(scenario.name, scenario.spec.goal) for scenario in load_scenarios(written(file, text))] == [
        ("a", "click x"),
        ("b", "click ada"),
    ]


def test_folders_give_the_files_that_hold_scenarios(file: Path) -> None:
    written(file)
    written(file.with_name("other.yaml"), "steps: none\n")
    assert find_files([file.parent]) == [file]
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        find_files([file.parent / "nothing"])


def test_names_tags_and_shards_choose(file: Path, tmp_path: Path) -> None:
    scenarios = load_scenarios(written(file))
    assert [scenario.name for scenario in select_scenarios(scenarios, "logs", [], False, None)] == [
        "logs in #1",
        "logs in #2",
    ]
    assert len(select_scenarios(scenarios, "", ["slow"], False, None)) == 2
    parts = [select_shard(scenarios, f"{number}/3") for number in (1, 2, 3)]
    assert sorted(scenario.name for part in parts for scenario in part) == sorted(
        scenario.name for scenario in scenarios
    )
    for wrong in ("0/3", "4/3", "x"):
        with pytest.raises(UsageError, match="is invalid; write N/M"):
            select_shard(scenarios, wrong)
    with pytest.raises(UsageError, match="is not a valid pattern"):
        select_scenarios(scenarios, "(", [], False, None)
    with pytest.raises(UsageError, match="there are no results"):
        select_scenarios(scenarios, "", [], False, tmp_path)


def test_only_leaves_the_others_out_and_can_be_forbidden(file: Path) -> None:
    scenarios = load_scenarios(written(file, SUITE.replace("    repeat: 2", "    only: true")))
    assert [scenario.name for scenario in select_scenarios(scenarios, "", [], False, None)] == ["logs in"]
    with pytest.raises(UsageError, match=r"shop.yaml:17: “logs in” has `only`"):
        select_scenarios(scenarios, "", [], True, None)


def test_the_suite_of_the_documentation_can_be_run(file: Path) -> None:
    page = Path(__file__).parents[3] / "docs" / "scenarios.md"
    suite = page.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    scenarios = load_scenarios(written(file, suite))
    assert [scenario.name for scenario in scenarios] == [
        "finds a lamp",
        "sorts by each column [column=Date]",
        "sorts by each column [column=Total]",
    ]
    assert scenarios[1].spec.wanted == 'click "Date"'


def test_a_step_is_left_out_where_it_is_not_for_here(file: Path) -> None:
    text = """variables: {env: test}
setup: {step: "go to ${env}", when: "not ${env}"}
scenarios:
  - name: a
    steps: [click a, {step: click b, when: "${env} == live"}, {step: 'check that the page shows "${env}"', when: "%s"}]
    unchecked: %s
"""
    (scenario,) = load_scenarios(written(file, text % ("${env}", "false")))
    assert (scenario.spec.wanted, join_steps(scenario.suite.setup)) == ('click a, check that the page shows "test"', "")
    (scenario,) = load_scenarios(written(file, text % ("false", "false")))
    assert scenario.spec.skip == "when: false; it is “false”"  # nothing would be checked
    (scenario,) = load_scenarios(written(file, text % ("false", "true")))
    assert (scenario.spec.wanted, scenario.spec.skip) == ("click a", False)


@pytest.mark.parametrize(
    ("suite", "own", "found"),
    [
        ("", "", "http://127.0.0.1:9"),
        ("/shop.html", "", "http://127.0.0.1:9/shop.html"),
        ("shop/index.html", "/cart", "http://127.0.0.1:9/cart"),
        ("shop/index.html", "cart.html?a#b", "http://127.0.0.1:9/shop/cart.html?a#b"),
        ("/shop.html", "?page=2", "http://127.0.0.1:9/shop.html?page=2"),
        ("/shop/", "cart", "http://127.0.0.1:9/shop/cart"),
        ("${serve}/shop.html", "example.org/x", "example.org/x"),
        ("localhost:3000/app/", "/orders", "http://localhost:3000/orders"),
        ("http://shop.test/app/", "orders", "http://shop.test/app/orders"),
        ("beside.html", "", "{folder}/beside.html"),
        ("beside.html", "?dark", "file://{folder}/beside.html?dark"),
        ("", "about:blank", "about:blank"),
    ],
)
def test_where_a_scenario_begins_follows_as_a_link_does(file: Path, suite: str, own: str, found: str) -> None:
    (file.parent / "beside.html").touch()
    text = f"on: '{suite}'\nscenarios:\n  - {{name: a, on: '{own}', goal: click x, unchecked: true}}\n"
    (scenario,) = load_scenarios(written(file, text))
    served = "http://127.0.0.1:9"
    where = start_address(scenario, scenario.spec.on, scenario.suite.on.replace("${serve}", served), served)
    assert where == found.format(folder=file.parent)


@pytest.mark.parametrize(("on", "said"), [("/x", "not a page"), ("", "has no address"), ("nothing", "not a page")])
def test_what_is_no_beginning_is_reported_with_its_line(file: Path, on: str, said: str) -> None:
    (scenario,) = load_scenarios(
        written(file, f"scenarios:\n  - {{name: a, on: '{on}', goal: click x, unchecked: true}}\n")
    )
    with pytest.raises(UsageError, match=f"^{file}:2: .*{said}"):
        start_address(scenario, scenario.spec.on, "", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"name: x\nvariables: {'[' * 400}{']' * 400}\n", ":2: tables and lists are nested more than 60 deep"),
        ("".join(f"{'  ' * level}a:\n" for level in range(300)), ":61: tables and lists are nested more than 60 deep"),
        (
            SUITE.replace("[lamp, chair]", str(list(range(101)))).replace("repeat: 2", "repeat: 1000\n    matrix: "
            + str({f"v{n}": list(range(9)) for n in range(5)}).replace("'", "")),
            ":17: with “logs in” the suite has 59,049,101 cases, and at most 10,000 are run",
        ),
        (SUITE.replace("[lamp, chair]", str(list(range(20_000)))), ":6: with “looks for a thing” the suite has 20,000"),
    ],
)  # fmt: skip
def test_a_file_that_would_exhaust_the_machine_is_refused_at_once(file: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        load_scenarios(written(file, text))
    assert str(raised.value).startswith(f"{file}{said}"), raised.value


@pytest.mark.parametrize(
    ("step", "checks"),
    [
        ('I should see "Saved"', True),
        ('I should not see "Error"', True),
        ('click "Save"', False),
        ("find the cheapest lamp and put it into the cart", False),
    ],
)
def test_a_step_that_asserts_counts_as_a_check(step: str, checks: bool) -> None:
    spec = {"name": "a", "steps": [step]}
    if checks:
        assert ScenarioSpec.model_validate(spec).name == "a"
    else:
        with pytest.raises(ValidationError, match="nothing is checked"):
            ScenarioSpec.model_validate(spec)
