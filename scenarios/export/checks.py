"""What a goal checks, as Playwright's expectations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.perception.phrases.phrase import ANY_ROLE
from handeye.scenarios.export.expressions import by_phrase
from handeye.scenarios.export.suite_writer import literal

if TYPE_CHECKING:
    from handeye.policies.plain_english.clauses import Statement

#: Playwright's expectation for a state, and for its opposite.
_STATES = {
    "checked": ("to_be_checked()", "not_to_be_checked()"),
    "enabled": ("to_be_enabled()", "to_be_disabled()"),
    "visible": ("to_be_visible()", "not_to_be_visible()"),
    "focused": ("to_be_focused()", "not_to_be_focused()"),
}
_COUNTED = {"row": "row", "item": "listitem", "button": "button", "link": "link", "checkbox": "checkbox",
            "heading": "heading", "option": "option", "cell": "cell", "tab": "tab"}  # fmt: skip


def expectations(statement: Statement) -> list[str]:
    """Lines of Python; none where Playwright has nothing that says the same."""
    match statement.kind:
        case "shows":
            return _shows(statement)
        case "title" | "url" as what:
            verb = f"to_have_{what}"
            return [
                f"expect(page).{_not(statement)}{verb}({_pattern(text, statement.exact)})" for text in statement.texts
            ]
        case "field" if statement.target:
            place = by_phrase(statement.target, field=True)
            if statement.exact and len(statement.texts) == 1:
                return [f"expect({place}).{_not(statement)}to_have_value({literal(statement.texts[0])})"]
            return [f"expect({place}).{_not(statement)}to_have_value({_pattern(text)})" for text in statement.texts]
        case "checked" | "enabled" | "visible" | "focused" as state if statement.target:
            place = by_phrase(statement.target, field=state != "visible")
            return [f"expect({place}).{_STATES[state][statement.negated]}"]
        case "count" if statement.compare == "=" and (role := _COUNTED.get(ANY_ROLE.get(statement.noun.lower(), ""))):
            return [f'expect(page.get_by_role("{role}")).{_not(statement)}to_have_count({statement.number})']
        case _:
            return []


def _shows(statement: Statement) -> list[str]:
    """Text counts wherever it stands, in a field too, in large letters or small."""
    places = [f"page.get_by_text({literal(' '.join(text.split()))}).filter(visible=True)" for text in statement.texts]
    if statement.negated:
        return [f"expect({place}).to_have_count(0)" for place in places]
    if statement.any_of and len(places) > 1:
        return [f"expect({places[0]}{''.join(f'.or_({place})' for place in places[1:])}.first).to_be_visible()"]
    return [f"expect({place}.first).to_be_visible()" for place in places]


def _not(statement: Statement) -> str:
    return "not_" if statement.negated else ""


def _pattern(text: str, exact: bool = False) -> str:
    """Case does not matter, as in handeye."""
    inner = f"re.escape({literal(text)})"
    return f're.compile("^" + {inner} + "$", re.IGNORECASE)' if exact else f"re.compile({inner}, re.IGNORECASE)"
