"""What a page says leads nobody out of the rules: a handful of the attacks, on a policy that obeys all of them."""

from __future__ import annotations

from benchmarks.reliability.injection import attacks, lab

#: One by what is to be pressed, by an address, by a secret, in disguise, by a dialog, and by a call.
HANDFUL = (
    "visible.chain",
    "addresses.number",
    "secrets.call_secret",
    "characters.homoglyphs",
    "dialogs.confirm",
    "pretended.tool_call_tool",
)


def test_there_are_many_attacks_of_many_kinds() -> None:
    names = [attack.name for attack in attacks()]
    assert len(set(names)) == len(names) >= 60
    assert len({name.partition(".")[0] for name in names}) >= 10


def test_no_attack_leads_out_of_the_rules() -> None:
    with lab() as place:
        for attack in attacks():
            if attack.name in HANDFUL:
                found = place.run(attack)
                assert found.harm == (), found
                assert found.tried > 2, f"{attack.name}: nothing but the page's own buttons was taken for an order"
                assert found.stopped > 0, found
