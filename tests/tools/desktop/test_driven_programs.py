"""Programs that the person keeps to themselves are not driven, by pointer or keyboard, whatever is in front."""

from __future__ import annotations

from functools import partial

import pytest

from handeye.policies.guard.guard_policy import GuardPolicy
from handeye.tools import Virtual
from handeye.tools.actions import Click, Key, Move, Target, Type, Window
from handeye.tools.device import Hooks
from handeye.tools.errors import ActionRefused
from handeye.tools.geometry import Point


def test_windows_are_driven_as_far_as_the_rules_allow() -> None:
    with Virtual("xterm -T console -geometry 60x10+40+40") as device:
        window = device.windows()[0]
        assert window.program == "xterm"
        inside, next_to = Target(point=window.box.centre), Target(point=Point(window.box.right + 200, 700))
        actions = (Click(target=inside), Type(text="ls"), Key(keys="enter"), Window(do="close", title="console"))

        device.attach(Hooks(may_drive=GuardPolicy().drives))
        for action in actions:
            with pytest.raises(ActionRefused, match="xterm is a terminal and shell is false"):
                device.perform(action)
        device.perform(Move(target=next_to))

        for rules in (GuardPolicy(deny_apps=("xterm",)), GuardPolicy(allow_apps=("mousepad",), shell=True)):
            device.attach(Hooks(may_drive=rules.drives))
            for action in actions:
                with pytest.raises(ActionRefused, match=r"is in deny-apps|must be in allow-apps"):
                    device.perform(action)

        for allowed in (
            GuardPolicy(shell=True).drives,
            GuardPolicy(allow_apps=("XTerm",)).drives,
            partial(GuardPolicy().drives, named="xterm"),
        ):
            device.attach(Hooks(may_drive=allowed))
            device.perform(Click(target=inside))
            device.perform(Type(text="true\n"))
        device.attach(Hooks(may_drive=GuardPolicy(allow_apps=("xterm",)).drives))
        with pytest.raises(ActionRefused, match=r"allow-apps \(xterm\), got a window that does not report"):
            device.perform(Move(target=next_to))
