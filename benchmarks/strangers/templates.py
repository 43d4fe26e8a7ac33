"""Wordings of instructions; those of `blind` are not those of `fit` and `look`, whose misses are studied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Templates:
    """All wordings of one split. `{0}` is a phrase or a name, `{kind}` a word for the role, `{a}` its article."""

    icons: tuple[str, ...]
    logos: tuple[str, ...]
    icon_jobs: tuple[str, ...]
    icon_names: tuple[str, ...]
    places: Mapping[str, tuple[str, ...]]
    containers: Mapping[str, tuple[str, ...]]
    relations: Mapping[str, tuple[str, ...]]
    labelled: tuple[str, ...]
    """Phrases with a name and a kind."""
    fields: tuple[str, ...]
    notes: tuple[str, ...]
    """Explanations in brackets."""
    sentences: Mapping[str, tuple[str, ...]]
    """Whole sentences by what is to be done."""


OPEN = Templates(
    icons=("the {0} icon", "the {0} symbol", "the icon that looks like a {0}", "the {0} pictogram"),
    logos=("the {0} logo", "the {0} icon", "the logo of {0}"),
    icon_jobs=("the {0} button", "the icon for {0}"),
    icon_names=("the {0} button", "the {0} icon", "{0} (only an icon, no text)", "the button for {0}"),
    places={
        "top": ("at the top", "at the top of the page", "near the upper edge"),
        "bottom": ("at the bottom", "at the bottom of the screen", "near the lower edge"),
        "left": ("on the left", "on the left side"),
        "right": ("on the right", "on the right-hand side"),
        "top left": ("in the top left corner", "at the upper left"),
        "top right": ("in the top right corner", "at the upper right"),
        "bottom left": ("at the bottom left", "in the lower left part"),
        "bottom right": ("in the bottom right corner", "at the lower right"),
    },
    containers={
        "dialog": ("of the dialog", "in the dialog box", "in the pop-up"),
        "form": ("of the form", "in the form"),
        "navigation": ("in the navigation", "of the menu"),
        "complementary": ("in the sidebar", "of the side panel"),
        "toolbar": ("in the toolbar", "of the toolbar"),
        "contentinfo": ("in the footer",),
        "banner": ("in the page header",),
        "table": ("in the table",),
    },
    relations={
        "right of": ("to the right of {0}", "right of {0}", "next to {0}"),
        "left of": ("to the left of {0}", "left of {0}", "before {0}"),
        "below": ("below {0}", "under {0}", "underneath {0}"),
        "above": ("above {0}", "over {0}"),
    },
    labelled=("the {kind} labelled {0}", "the {kind} that says “{0}”", "{kind} with the text {0}"),
    fields=("the {kind} for {0}", "the {kind} labelled “{0}”", "{0} ({kind})"),
    notes=("it opens another page", "needed to continue", "{a} {kind}", "do not confuse it with the others", "{place}"),
    sentences={
        "press": (
            "Click {0}",
            "Click on {0}.",
            "Press {0} so that the next page opens",
            "I want to continue, so please choose {0}.",
            "To get further, select {0}",
            "Could you hit {0} for me?",
            "Go to {0} and click it to see what is behind it",
            "In order to finish this step, use {0}.",
            "Please tap {0}, because I need it now",
            "Find {0} and press it once",
        ),
        "look": (
            "Locate {0} on the page",
            "Point at {0}.",
            "Where is {0}?",
            "Move the mouse over {0} to read it",
            "Double-click {0} in order to mark it",
        ),
        "enter": (
            "Type the answer into {0}",
            "Enter a new value in {0} before you save.",
            "Put the cursor in {0} so that I can write",
            "Click into {0} to change it",
            "Please fill in {0}.",
            "Focus {0}",
        ),
        "toggle": (
            "Tick {0}",
            "Turn {0} on",
            "Change {0}, then go on.",
            "Please activate {0} so that it takes effect",
            "Click {0}",
        ),
        "choose": (
            "Open {0} to pick another value",
            "Expand {0}",
            "Choose something else in {0}.",
            "Click {0} so that the choices appear",
        ),
        "drag": ("Drag {0} a bit", "Move {0} to the middle", "Adjust {0}"),
    },
)

#: Nothing of the framework was written or fitted with these.
HELD_OUT = Templates(
    icons=("the little {0}", "the {0} glyph", "the icon showing a {0}", "{0} icon", "the picture of a {0}"),
    logos=("{0}'s logo", "the {0} symbol", "the {0} brand icon"),
    icon_jobs=("the icon that is for {0}", "the {0} icon", "the symbol which stands for {0}"),
    icon_names=("the {0} tool button", "{0} icon", "the control called {0}, shown as a symbol", "the {0} symbol"),
    places={
        "top": ("at the very top", "in the upper part", "up at the top"),
        "bottom": ("down at the bottom", "in the bottom area", "at the end of the window"),
        "left": ("on the left-hand side", "at the left edge"),
        "right": ("at the right edge", "on the right side"),
        "top left": ("in the upper-left corner", "top left"),
        "top right": ("in the upper-right corner", "top right"),
        "bottom left": ("in the bottom-left corner", "bottom left"),
        "bottom right": ("in the lower-right corner", "bottom right"),
    },
    containers={
        "dialog": ("inside the dialog", "on the dialog window"),
        "form": ("inside the form", "on this form"),
        "navigation": ("within the navigation bar", "in the nav menu"),
        "complementary": ("within the side bar", "in the left panel"),
        "toolbar": ("on the toolbar",),
        "contentinfo": ("at the foot of the page",),
        "banner": ("in the header",),
        "table": ("inside the table",),
    },
    relations={
        "right of": ("that is right next to {0}", "directly right of {0}", "following {0}", "beside {0}"),
        "left of": ("that is just left of {0}", "directly before {0}", "preceding {0}"),
        "below": ("that comes below {0}", "directly beneath {0}", "just under {0}"),
        "above": ("that is placed above {0}", "directly above {0}", "on top of {0}"),
    },
    labelled=(
        "the {kind} called {0}",
        "the {kind} named “{0}”",
        "the {kind} reading {0}",
        "the {kind} captioned '{0}'",
    ),
    fields=("the {kind} whose label is {0}", "the {0} entry {kind}", "the {kind} where the {0} goes"),
    notes=("takes me onwards", "that one only", "it is {a} {kind}", "not the similar ones", "{place}"),
    sentences={
        "press": (
            "Now click {0}, please.",
            "Would you mind pressing {0} so we can move on?",
            "Next, activate {0} in order to proceed.",
            "Use the mouse to click on {0}",
            "We have to get to the following page, therefore press {0}.",
            "Let us open {0}",
            "Hit {0} and wait for the result",
            "Trigger {0} to apply what I entered",
            "You should now see {0}; click there.",
            "Kindly select {0} to view its details",
        ),
        "look": (
            "Show me where {0} is.",
            "Hover over {0}",
            "Place the pointer on {0} so that I can see it",
            "Find {0} on the screen.",
            "I am looking for {0}",
        ),
        "enter": (
            "Write something into {0}, please.",
            "Click inside {0} to start typing",
            "Now fill {0} with the right value.",
            "I need to correct what is in {0}",
            "Set the text of {0} and continue",
            "Activate {0} for input",
        ),
        "toggle": (
            "Check {0}, please.",
            "Switch {0} over",
            "Make sure to select {0} before you go on.",
            "Toggle {0} to change the setting",
            "Enable {0}",
        ),
        "choose": (
            "Drop down {0} so I can see the choices",
            "Pick another entry in {0}, please.",
            "Unfold {0}",
            "Let me see what {0} has to offer",
        ),
        "drag": ("Slide {0} to the right", "Set {0} to another value", "Pull {0} a little"),
    },
)
