"""Random HTML pages: layouts, blocks, words, icons, and variables of a style sheet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from handeye.perception.training.data import appearance, strokes, words
from handeye.perception.training.data.icons import SIGNS

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from handeye.perception.training.data.appearance import Colour, Theme


@dataclass
class MarkupWriter:
    """Writes one page."""

    rng: Random
    theme: Theme
    language: str
    held_out: bool

    def __post_init__(self) -> None:
        rng = self.rng
        self._hand = strokes.hand(rng)
        self._icon_size = round(self.theme.base * rng.choice((1.2, 1.4, 1.7)))
        self._label = rng.choice(("above", "above", "aside", "inside"))
        styles = (("pill", 0.15), ("upper", 0.1), ("lined", 0.12))
        self.style = " ".join(name for name, share in styles if rng.random() < share)
        """The classes of its body: all its buttons are of one shape."""

    def maybe(self, share: float) -> bool:
        """Return True with this probability."""
        return self.rng.random() < share

    def thing(self) -> str:
        """Return the name of a thing."""
        return escape(words.pick(self.rng, words.THINGS, self.language))

    def deed(self) -> str:
        """Return the words of an action."""
        return escape(words.pick(self.rng, words.ACTIONS, self.language))

    def shade(self) -> str:
        """Return a random colour."""
        return css(appearance.shade(self.rng, self.rng.choice(list(appearance.COLOURS)), self.held_out))

    def line(self, most: int = 8) -> str:
        """Return a random sentence."""
        return escape(words.sentence(self.rng, most))

    def many(self, part: Callable[[], str], least: int, most: int) -> str:
        """Return a random number of results of a function, joined."""
        return "".join(part() for _ in range(self.rng.randint(least, most)))

    def icon(self, name: str = "", size: int = 0, tinged: bool = False) -> str:
        """Return an icon, in the text colour or in a colour that distinguishes it."""
        name, word, colour = name or self.rng.choice(SIGNS), "", "currentColor"
        if tinged:
            word = self.rng.choice(appearance.VIVID)
            colour = css(appearance.shade(self.rng, word, self.held_out))
        drawing = strokes.svg(replace(self._hand, name=name), colour, size or self._icon_size)
        return drawing.replace("<svg ", f'<svg data-icon="{name}" data-colour="{word}" ', 1)

    def button(self) -> str:
        """One with words, with an icon, or with both."""
        kind = self.rng.choice(("", "", "primary", "danger", "outline"))
        word = {"primary": self.theme.accent_word, "danger": "red"}.get(kind, "")
        mark = self.icon() if self.maybe(0.25) else ""
        return f'<button class="{kind}" data-colour="{word}">{mark}{self.deed()}</button>'

    def sign(self, name: str = "") -> str:
        """A button that shows only an icon."""
        return f'<button class="{self.rng.choice(("sign", "bare"))}">{self.icon(name)}</button>'

    def signs(self, least: int, most: int) -> str:
        """Return several icon buttons."""
        return "".join(map(self.sign, self.rng.sample(SIGNS, self.rng.randint(least, most))))

    def link(self) -> str:
        """Write a link."""
        return f'<a href="#">{self.thing() if self.maybe(0.6) else self.deed()}</a>'

    def field(self) -> str:
        """A field to type into or a list to choose from, with its label."""
        name = escape(self.rng.choice(words.FIELDS[self.language]))
        held = escape(words.value(self.rng)) if self.maybe(0.4) else ""
        inside = f' placeholder="{name}"' if self._label == "inside" else ""
        box = self.rng.choice(("input", "input", "input", "textarea", "select"))
        if box == "select":
            control = f"<select>{self.many(lambda: f'<option>{self.thing()}</option>', 4, 4)}</select>"
        else:
            control = f'<input value="{held}"{inside}>' if box == "input" else f"<textarea{inside}>{held}</textarea>"
        if self._label == "inside" and box != "select":
            return control
        return div("aside-label" if self._label == "aside" else "column close", f"<label>{name}</label>", control)

    def choice(self, kind: str = "") -> str:
        """A checkbox, a radio button or a switch, and what it offers."""
        kind = kind or self.rng.choice(("checkbox", "radio", "switch"))
        text = f"<span>{escape(self.rng.choice(words.CHOICES[self.language]))}</span>"
        on = self.maybe(0.5)
        if kind == "switch":
            return div("line", f'<span role="switch" class="switch {"on" if on else ""}"></span>', text)
        return f'<label class="line"><input type="{kind}" {"checked" if on else ""}>{text}</label>'

    def form(self) -> str:
        """Write a form with fields and buttons."""
        choice = self.choice() if self.maybe(0.5) else ""
        return div("column", self.many(self.field, 2, 4), choice, div("row", self.many(self.button, 1, 3)))

    def choices(self) -> str:
        """Write checkboxes, radio buttons or switches."""
        kind = self.rng.choice(("checkbox", "radio", "switch"))
        return div("column", self.many(lambda: self.choice(kind), 2, 5))

    def toolbar(self) -> str:
        """Write a toolbar."""
        return div("row close", self.signs(3, 9))

    def item(self, chosen: bool = False) -> str:
        """A row of a list."""
        mark = self.icon(tinged=self.maybe(0.3)) if self.maybe(0.75) else ""
        text = self.rng.choice((self.thing(), self.thing(), escape(self.rng.choice(words.PEOPLE)), self.line(5)))
        end = self.sign() if self.maybe(0.3) else ""
        if not end and self.maybe(0.3):
            end = f'<span class="tag">{escape(words.value(self.rng))}</span>'
        return div("item chosen" if chosen else "item", mark, f'<span class="grow cut">{text}</span>', end)

    def listing(self) -> str:
        """Write a list of rows."""
        return div("", self.item(chosen=self.maybe(0.5)), self.many(self.item, 2, 7))

    def table(self) -> str:
        """Write a table."""
        names = self.rng.sample(words.FIELDS[self.language], self.rng.randint(3, 5))
        end = f"<td>{self.sign()}</td>" if self.maybe(0.35) else ""
        head = "".join(f"<th>{escape(name)}</th>" for name in [*names, ""][: len(names) + bool(end)])
        rows = self.many(lambda: f"<tr>{self.cells(len(names))}{end}</tr>", 3, 8)
        return f'<table class="{self.rng.choice(("", "striped"))}"><tr>{head}</tr>{rows}</table>'

    def cells(self, count: int) -> str:
        """Return the cells of a table row."""
        return "".join(f"<td>{escape(words.value(self.rng))}</td>" for _ in range(count))

    def tabs(self) -> str:
        """Write a row of tabs."""
        names = self.rng.sample(words.THINGS[self.language], self.rng.randint(3, 5))
        chosen = self.rng.randrange(3)
        parts = (
            f'<div role="tab" aria-selected="{"true" if number == chosen else "false"}">{escape(name)}</div>'
            for number, name in enumerate(names)
        )
        return f'<div role="tablist">{"".join(parts)}</div>'

    def story(self) -> str:
        """Write a heading with paragraphs."""
        heading = self.rng.choice(("h1", "h2", "h3"))
        lines = self.many(lambda: f"<p>{self.line(9)}</p>", 1, 3)
        link = self.link() if self.maybe(0.6) else ""
        return div("column close", f"<{heading}>{self.thing()}</{heading}>", lines, link)

    def buttons(self) -> str:
        """Write a row of buttons."""
        return div("row", self.many(self.button, 1, 4))

    def product(self) -> str:
        """A card with a picture of a thing, its price, and what can be done with it."""
        picture = div("picture", self.icon(size=4 * self.theme.base, tinged=self.maybe(0.6)))
        if self.maybe(0.3):
            photo = f"linear-gradient({self.rng.randrange(360)}deg, {self.shade()}, {self.shade()})"
            picture = f'<div class="picture" style="background: {photo}"></div>'
        price = f'<span class="muted">${self.rng.randint(2, 99)}.50</span>'
        end = self.button() if self.maybe(0.6) else self.sign()
        return div("card column close", picture, f"<h3>{self.thing()}</h3>", price, end)

    def block(self) -> str:
        """Write a random block."""
        kinds = (self.form, self.listing, self.table, self.story, self.buttons, self.toolbar, self.choices, self.tabs)
        made = self.rng.choice(kinds)()
        return div("card", made) if self.maybe(0.5) else made

    def bar(self, foot: bool = False) -> str:
        """Write the bar at the top of the page."""
        search = div("", f'<input placeholder="{self.deed()}">') if self.maybe(0.3) else ""
        look = f"bar{' accent' if self.maybe(0.35) else ''}{' foot' if foot else ''}"
        title, links = f"<h3>{self.thing()}</h3>", self.many(self.link, 2, 5)
        return div(look, title, links, '<span class="grow"></span>', search, self.signs(1, 4))

    def dialog(self) -> str:
        """Write a dialog."""
        head = div("row between", f"<h2>{self.thing()}</h2>", self.sign("cross"))
        end = div("row end", self.button(), self.button())
        return div("veil", f'<div role="dialog">{head}<p>{self.line()}</p>{end}</div>')

    def menu(self) -> str:
        """An open menu over the page."""
        entries = "".join(
            f'<div role="menuitem">{self.icon() if self.maybe(0.7) else ""}<span>{escape(text)}</span></div>'
            for text in self.rng.sample(words.ACTIONS[self.language], 5)
        )
        place = f"left:{self.rng.randint(5, 60)}%;top:{self.rng.randint(8, 50)}%"
        return f'<div class="menu" style="{place}">{entries}</div>'


def div(look: str, *parts: str) -> str:
    """An element of that class."""
    return f'<div class="{look}">{"".join(parts)}</div>'


def main(look: str, *parts: str, style: str = "") -> str:
    """The main part of a page."""
    return f'<main class="{look}" style="{style}">{"".join(parts)}</main>'


def page(scribe: MarkupWriter, fonts: str) -> str:
    """A whole page; `fonts` are the rules that bring its fonts in."""
    rng, theme = scribe.rng, scribe.theme
    layout = rng.choice(HELD_OUT if scribe.held_out else LAYOUTS)
    over = scribe.dialog() if rng.random() < 0.12 else scribe.menu() if rng.random() < 0.1 else ""
    accent = theme.accent if appearance.contrast(theme.accent, theme.surface) > 3 else theme.ink
    tint = tuple((4 * part + other) // 5 for part, other in zip(theme.surface, theme.edge, strict=True))
    variables = {
        "font": '"words", sans-serif', "head": rng.choice(('"words"', '"words", serif')), "base": f"{theme.base}px",
        "leading": rng.choice(("1.3", "1.45", "1.6")), "strong": rng.choice(("600", "700")),
        "button-weight": rng.choice(("400", "600")), "spacing": rng.choice(("0", "0", ".03em")),
        "underline": rng.choice(("underline", "none")), "gap": f"{rng.choice((6, 8, 10, 12, 15))}px",
        "radius": f"{theme.radius}px", "frame": rng.choice(("1px", "1px", "0")), "side": f"{rng.randint(13, 18)}em",
        "shadow": rng.choice(("none", "none", "0 1px 4px rgb(0 0 0 / 25%)")), "columns": str(rng.randint(2, 4)),
        "ink": css(theme.ink), "page": css(theme.page), "surface": css(theme.surface), "faint": css(theme.faint),
        "edge": css(theme.edge), "field": css(rng.choice((theme.surface, theme.page))), "accent": css(theme.accent),
        "on-accent": css(appearance.on(theme.accent)), "link": css(accent), "tint": css(tint),
        "danger": css(appearance.shade(rng, "red", scribe.held_out)),
    }  # fmt: skip
    root = ";".join(f"--{name}:{value}" for name, value in variables.items())
    sheet = (files("handeye.perception.training.data") / "page.css").read_text(encoding="utf-8")
    return (
        f'<!doctype html><html lang="{scribe.language}"><meta charset="utf-8"><title>{scribe.thing()}</title>'
        f"<style>{fonts}\n:root{{{root}}}\n{sheet}</style>"
        f'<body class="{scribe.style}">{layout(scribe)}{over}</body></html>'
    )


def _app(page: MarkupWriter) -> str:
    aside = f"<aside>{page.listing()}</aside>"
    return page.bar() + div("body", aside, main("column", page.many(page.block, 2, 6)))


def _shop(page: MarkupWriter) -> str:
    shelf = div("grid", page.many(page.product, 4, 8))
    return page.bar() + main("column", page.story(), shelf) + page.bar(foot=True)


def _settings(page: MarkupWriter) -> str:
    parts = div("column narrow", page.tabs(), page.form(), page.choices(), page.buttons())
    return (page.bar() if page.maybe(0.5) else "") + main("", parts)


def _records(page: MarkupWriter) -> str:
    end = div("row between", page.buttons(), page.link())
    return page.bar() + main("column", page.toolbar(), page.table(), end, page.listing())


def _sign_in(page: MarkupWriter) -> str:
    head = page.icon(size=48, tinged=True) + f"<h1>{page.thing()}</h1>"
    return main("", div("card column narrow", head, page.form(), page.link()), style="display:grid;place-items:center")


def _article(page: MarkupWriter) -> str:
    return page.bar() + main("narrow column", page.many(page.story, 2, 4), page.buttons()) + page.bar(foot=True)


def _board(page: MarkupWriter) -> str:
    return main("column", page.toolbar(), div("grid", page.many(page.block, 4, 9)))


def _right_hand(page: MarkupWriter) -> str:
    aside = f'<aside class="column">{page.choices()}{page.listing()}</aside>'
    return page.bar() + div("body turned", aside, main("column", page.many(page.block, 2, 6)))


def _bottom_bar(page: MarkupWriter) -> str:
    shelf = div("grid", page.many(page.product, 3, 6))
    return main("column", shelf, page.block(), page.block()) + page.bar(foot=True)


def _month(page: MarkupWriter) -> str:
    days = "".join(div("day", str(n), page.link() if page.maybe(0.25) else "") for n in range(1, 29))
    month = f'<div class="grid" style="--columns:7;gap:0">{days}</div>'
    return page.bar() + main("column", page.toolbar(), month)


def _two_panes(page: MarkupWriter) -> str:
    panes = "".join(div("column", page.many(page.block, 2, 4)) for _ in range(2))
    return main("grid", panes, style="--columns:2") + page.bar(foot=True)


LAYOUTS = (_app, _shop, _settings, _records, _sign_in, _article, _board)
#: Layouts that no page for training has.
HELD_OUT = (_right_hand, _bottom_bar, _month, _two_panes)


def css(colour: Colour | tuple[int, ...]) -> str:
    """A colour as style sheets write it."""
    return "#" + "".join(f"{part:02x}" for part in colour)
