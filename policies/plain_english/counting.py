"""How many of something a scene shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handeye.perception.phrases.match import Match
from handeye.perception.phrases.matching import Screen, find
from handeye.perception.phrases.phrase import readings
from handeye.perception.phrases.quoting import unquote
from handeye.perception.phrases.wording import stem, words
from handeye.perception.reading.groups import groups, items_called

if TYPE_CHECKING:
    from handeye.perception.observation import Observation


def how_many(noun: str, observation: Observation) -> int:
    """How many of something there are: rows, results, links, things called so."""
    for query in reversed(readings(noun)):
        if query.role in {"row", "item"} and not query.text:
            return len(items_called(unquote(noun), query.role, observation.elements))
        if query.role and not query.text:
            return len(
                {
                    match.element.id
                    for match in find(
                        f"first {noun}",
                        observation.elements,
                        size=(observation.screenshot.width, observation.screenshot.height),
                    )
                }
            ) and len(_all_of(noun, observation))
    stems = {stem(word) for word in words(unquote(noun))}
    labelled = [
        group
        for group in groups(observation.elements)
        if stems and stems <= {stem(word) for word in words(group.label)}
    ]
    if labelled:
        return len(labelled[0].items)
    for group in groups(observation.elements):
        holding = [item for item in group.items if stems <= {stem(word) for word in words(item.text)}]
        if holding:
            return len(holding)
    return len(_all_of(noun, observation))


def _all_of(noun: str, observation: Observation) -> list[Match]:
    found: list[Match] = []
    for query in readings(noun):
        if query.role or query.text:
            some = [
                match
                for match in Screen(
                    tuple(observation.elements or observation.words),
                    (observation.screenshot.width, observation.screenshot.height),
                ).answer(query)
                if match.score >= 0.75
            ]
            found = some if len(some) > len(found) else found
    return list({match.element.id: match for match in found}.values())
