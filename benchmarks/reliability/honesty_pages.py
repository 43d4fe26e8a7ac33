"""Generated pages for the measure `honesty`: each goal's right effects are known by construction.

A page is drawn from a seed: layout, markup, language, names and the place of every control. Controls carry `data-k`
numbers that the page's script reads and removes before anything can see them; the script records presses, and compares
every field with its first state, so that `effects()` returns what was really done, such as `press 3` or `set 4=Oslo`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SCRIPT = Path(__file__).with_name("honesty.js").read_text(encoding="utf-8")

ADJECTIVES = ("Blue", "Red", "Oak", "Brass", "Linen", "Small", "Tall", "Old", "Quiet", "Nordic", "Green", "Plain")
NOUNS = ("Kettle", "Teapot", "Lamp", "Chair", "Basket", "Mirror", "Blanket", "Clock", "Vase", "Bench", "Tray", "Rug")
PEOPLE = (
    "Ada Byron", "Bob Lind", "Eve Moran", "Tom Okoye", "Mia Sato", "Zoë Kühn", "José Vidal", "Lena Novak",
    "Omar Haddad", "Ines Costa", "Yuki Mori", "Piotr Wilk",
)  # fmt: skip
FILES = ("report.pdf", "budget 2026.xlsx", "photo_17.jpg", "notes.txt", "draft-v2.docx", "invoice 88.pdf", "logo.svg")
CITIES = ("Oslo", "Lima", "Porto", "Graz", "Turku", "Kyoto", "Cork", "Gdańsk", "São Paulo", "Nîmes")
#: Labels that repeat on a page, by language. Goals quote them; the sentence around them is English.
LABELS = {
    "en": (
        "Add to cart",
        "Details",
        "Edit",
        "Delete",
        "Reply",
        "Open",
        "Share",
        "Download",
        "Follow",
        "Rename",
        "Archive",
    ),
    "de": ("In den Warenkorb", "Bearbeiten", "Löschen", "Antworten", "Öffnen", "Herunterladen", "Umbenennen"),
    "fr": ("Ajouter au panier", "Modifier", "Supprimer", "Répondre", "Ouvrir", "Télécharger", "Partager"),
    "es": ("Añadir al carrito", "Editar", "Eliminar", "Responder", "Abrir", "Descargar", "Compartir"),
    "pt": ("Adicionar ao carrinho", "Editar", "Excluir", "Responder", "Abrir", "Baixar"),
    "it": ("Aggiungi al carrello", "Modifica", "Elimina", "Rispondi", "Apri", "Scarica"),
    "pl": ("Dodaj do koszyka", "Edytuj", "Usuń", "Odpowiedz", "Otwórz", "Pobierz"),
    "ru": ("В корзину", "Изменить", "Удалить", "Ответить", "Открыть", "Скачать"),
    "ja": ("カートに入れる", "編集", "削除", "返信", "開く", "共有"),
    "zh": ("加入购物车", "编辑", "删除", "回复", "打开", "下载"),
}
FIELDS = ("Street", "City", "First name", "Last name", "Phone", "Email", "Company", "Note", "Postal code")
SECTIONS = ("Billing", "Shipping", "Contact", "Invoice", "Emergency contact", "Owner", "Guest")
SETTINGS = (
    "Newsletter", "Dark mode", "Send reports", "Weekly digest", "Show avatars", "Two columns", "Compact view",
    "Sound", "Auto-save", "Offline maps", "Beta features", "Location",
)  # fmt: skip
COUNTRIES = ("Peru", "Norway", "Ghana", "Japan", "Chile", "Austria", "Kenya", "Portugal")
VALUES = (
    "Oslo", "Secret!", "1,5", "-12.50", "€5", "C++", "50%", "a.b@example.org", "#12", "O'Neil", "half & half", "≥ 3",
    "x-y_z", "Straße 5", "café", "A-", "+47 22", "what?", "a, b and c", "then go", "東京", "1.0.0",
)  # fmt: skip
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


class Goal(NamedTuple):
    """A sentence, its page, and what it should do there."""

    kind: str
    page: str
    text: str
    effects: frozenset[str] | None
    """Exactly these; None: a person could not do it or could not tell, so that it must not succeed or do anything."""
    touched: frozenset[str] = frozenset()
    """Numbers of the controls that the goal names plainly but that do not obey: touching them is no wrong action."""


@dataclass
class Draw:
    """One page while it is drawn."""

    dice: random.Random
    count: int = 0
    body: list[str] = field(default_factory=list)

    def key(self, how: str = "") -> tuple[str, str]:
        """A control's number, and the attributes that carry it."""
        self.count += 1
        return str(self.count), f' data-k="{self.count}"' + (f' data-how="{how}"' if how else "")

    def some(self, of: Sequence[str], count: int) -> list[str]:
        return self.dice.sample(list(of), count)

    def page(self, *body: str) -> str:
        """The whole document, with a header and prose around the body."""
        dice = self.dice
        look = dice.choice(("", "background: #f6f6f2;", "max-width: 1000px;"))
        style = (
            f"body {{ font: {dice.choice((14, 15, 16))}px {dice.choice(('sans-serif', 'serif', 'system-ui'))}; "
            f"margin: {dice.choice((8, 16, 24))}px; {look} }} "
            ".flex { display: flex; flex-wrap: wrap; gap: 14px } .grid { display: grid; gap: 12px; "
            f"grid-template-columns: repeat({dice.choice((2, 3))}, 1fr) }} .item {{ padding: 8px; "
            f"{dice.choice(('border: 1px solid #aaa', 'box-shadow: 0 1px 4px #999', 'background: #eee'))} }} "
            ".pay { display: inline-block; cursor: pointer; padding: 3px 8px; background: #ddd } "
            ".row { display: flex; gap: 10px; align-items: center; padding: 3px } "
            ".row > :first-child { min-width: 220px } [role=checkbox], [role=switch] { display: inline-block; "
            "width: 34px; height: 16px; border: 1px solid #444; cursor: pointer } "
            "[aria-checked=true] { background: #396 }"
        )
        intro = dice.choice(
            ("", "<p>Everything on this page can be undone later.</p>", "<p>Opening hours: 9 to 17.</p><hr>")
        )
        title = dice.choice(("Overview", "Workshop", "Catalogue", "Account"))
        return (
            f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{style}</style>"
            f"<h1>{title}</h1>{intro}{''.join(body)}<p id=news role=status></p><script>{SCRIPT}</script>"
        )

    def button(self, label: str, how: str = "", *, plain: bool = False) -> tuple[str, str]:
        """A control that is pressed: its number and its markup."""
        dice = self.dice
        key, mark = self.key(how or dice.choice(("", "", "label")))
        text = escape(label)
        forms: list[str] = [
            f"<button type=button{mark}>{text}</button>",
            f"<button type=button{mark}><span>{text}</span></button>",
            f'<a href="#{key}"{mark}>{text}</a>',
            f"<div role=button tabindex=0 class=pay{mark}>{text}</div>",
        ]
        if not plain:
            forms += [
                f'<button type=button{mark} aria-label="{text}" style="width:30px">{dice.choice("✎⋯★⬇")}</button>',
                f'<button type=button{mark} title="{text}" style="width:30px">{dice.choice("✎⋯★⬇")}</button>',
            ]
        return key, dice.choice(forms)


def labels(dice: random.Random, count: int) -> list[str]:
    """Different labels of one language, English in half of the pages."""
    language = "en" if dice.random() < 0.5 else dice.choice(sorted(LABELS))
    return dice.sample(LABELS[language], count)


def things(dice: random.Random, count: int) -> list[str]:
    """Names of different things of one kind."""
    match dice.randrange(3):
        case 0:
            return dice.sample([f"{a} {n}" for a in ADJECTIVES for n in NOUNS], count)
        case 1:
            return dice.sample(PEOPLE, count)
        case _:
            return dice.sample(FILES, count)


def items(draw: Draw, layout: str) -> tuple[str, list[str], list[str], dict[tuple[str, str], str], str]:
    """Things with the same buttons each: markup, names, labels, the number of each button, and what one is called."""
    dice = draw.dice
    names, verbs = things(dice, dice.randint(2, 5)), labels(dice, dice.randint(1, 3))
    keys: dict[tuple[str, str], str] = {}
    plain = [dice.random() < 0.75 for _ in verbs]
    made = []
    heading = dice.choice(("h3", "h2", "strong", "span", "div", "p"))
    price_first, buttons_first = dice.random() < 0.3, dice.random() < 0.2
    for name in names:
        buttons = []
        for verb, visible in zip(verbs, plain, strict=True):
            keys[name, verb], markup = draw.button(verb, plain=visible)
            buttons.append(markup)
        price = f"<span>{dice.randint(2, 99)}.{dice.choice(('00', '50', '90'))} €</span>"
        acts = " ".join(buttons) if layout == "row" else f"<div>{' '.join(buttons)}</div>"
        title = f"<{heading}>{escape(name)}</{heading}>"
        match layout:
            case "table":
                cells = [title if heading == "span" else escape(name), price, acts]
                if buttons_first:
                    cells = [acts, *cells[:2]]
                made.append("<tr data-item>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
            case "row":
                made.append(f"<div class=row data-item><span>{escape(name)}</span>{price} {acts}</div>")
            case "list":
                made.append(f"<li data-item><span>{escape(name)}</span> {price} {acts}</li>")
            case "defs":
                made.append(f"<dt>{escape(name)}</dt><dd data-item>{price} {acts}</dd>")
            case _:
                parts = [price, title, acts] if price_first else [title, price, acts]
                if buttons_first:
                    parts = [acts, *[part for part in parts if part != acts]]
                tag = dice.choice(("div", "div", "article", "section"))
                inner = "".join(parts)
                inner = f"<div><div>{inner}</div></div>" if dice.random() < 0.4 else inner
                made.append(f"<{tag} class=item data-item>{inner}</{tag}>")
    body = "".join(made)
    noun = {"table": "row", "row": "row", "list": "item", "defs": "entry"}.get(layout, "card")
    match layout:
        case "table":
            head = "<tr><th>Name<th>Price<th>Actions</tr>" if dice.random() < 0.5 and not buttons_first else ""
            body = f"<table border=1 cellpadding=4>{head}{body}</table>"
        case "list":
            body = f"<ul>{body}</ul>"
        case "defs":
            body = f"<dl>{body}</dl>"
        case "cards":
            body = f"<div class={dice.choice(('flex', 'grid', 'item'))}>{body}</div>"
    return body, names, verbs, keys, noun


def repeated(dice: random.Random) -> Goal:
    """One of several equal buttons, named by what it belongs to, by its number, or not at all."""
    draw = Draw(dice)
    layout = dice.choice(("cards", "cards", "table", "row", "list", "defs"))
    body, names, verbs, keys, noun = items(draw, layout)
    name, verb = dice.choice(names), dice.choice(verbs)
    place = names.index(name)
    ways = [
        f'click "{verb}" in the {noun} with "{name}"',
        f'click the "{verb}" button in the {noun} with "{name}"',
        f'click "{verb}" next to "{name}"',
        f'click "{verb}" for "{name}"',
        f'in the {noun} with "{name}", click "{verb}"',
        f'press "{verb}" in the {noun} "{name}"',
        f'click the {ORDINALS[place]} "{verb}"',
        f'click the {ORDINALS[place]} "{verb}" button',
    ]
    if place == len(names) - 1:
        ways.append(f'click the last "{verb}"')
    if dice.random() < 0.25:
        # Without the word “button”: where one of them is a link, that word tells them apart.
        blind = dice.choice((f'click "{verb}"', f'press "{verb}"', f'click on "{verb}"'))
        return Goal("repeated", draw.page(body), blind, None)
    return Goal("repeated", draw.page(body), dice.choice(ways), frozenset({f"press {keys[name, verb]}"}))


def absent_item(dice: random.Random) -> Goal:
    """A button of something that is not on the page: the same button of another thing is not it."""
    draw = Draw(dice)
    body, names, verbs, _, noun = items(draw, dice.choice(("cards", "table", "row", "list")))
    other = next(each for each in things(dice, 6) if each not in names)
    verb = dice.choice(verbs)
    text = dice.choice((f'click "{verb}" in the {noun} with "{other}"', f'click "{verb}" next to "{other}"'))
    return Goal("absent item", draw.page(body), text, None)


def two_steps(dice: random.Random) -> Goal:
    """The same thing's second button, named in full again."""
    draw = Draw(dice)
    body, names, verbs, keys, noun = items(draw, dice.choice(("cards", "table", "row", "list")))
    one, two = dice.choice(names), dice.choice(names)
    first, second = dice.choice(verbs), dice.choice(verbs)
    text = f'click "{first}" in the {noun} with "{one}", then click "{second}" in the {noun} with "{two}"'
    effects = [f"press {keys[one, first]}", f"press {keys[two, second]}"]
    if effects[0] == effects[1]:
        return repeated(dice)
    return Goal("two steps", draw.page(body), text, frozenset(effects))


def cart(dice: random.Random) -> Goal:
    """A link named by a word that also ends the label of buttons with a verb; or such buttons alone."""
    draw = Draw(dice)
    noun, verb = dice.choice(
        (("cart", "Add to cart"), ("photos", "Delete all photos"), ("list", "Save to list"), ("files", "Upload files"),
         ("account", "Close account"), ("messages", "Erase messages"), ("basket", "Empty basket"))
    )  # fmt: skip
    names = things(dice, 3)
    cards = []
    keys = []
    for name in names[: dice.randint(1, 3)]:
        key, markup = draw.button(verb, plain=True)
        keys.append(key)
        cards.append(f"<div class=item><strong>{escape(name)}</strong> {markup}</div>")
    link, link_mark = draw.key()
    shown = dice.random() < 0.7
    label = noun.capitalize()
    headers = (
        f'<a href="/{noun}"{link_mark}>{label}</a>',
        f'<a href="/{noun}"{link_mark} aria-label="{label}">▣</a>',
        f"<button type=button{link_mark}>{label} ({dice.randint(0, 4)})</button>",
        f'<a href="/{noun}"{link_mark} title="{label}">▣ 2</a>',
    )
    header = f"<nav>{dice.choice(headers)}</nav>" if shown else ""
    body = [header, f"<div class=flex>{''.join(cards)}</div>"]
    if dice.random() < 0.5:
        body.reverse()
    text = dice.choice((f"open the {noun}", f'click "{label}"', f"click the {noun} link", f"click {noun}"))
    return Goal("part of a verb label", draw.page(*body), text, frozenset({f"press {link}"}) if shown else None)


def add_to(dice: random.Random) -> Goal:
    """The sentence is the label's verb with the thing in it: `add the Oak Bench to the cart`."""
    draw = Draw(dice)
    names = dice.sample([f"{a} {n}" for a in ADJECTIVES for n in NOUNS], dice.randint(2, 4))
    verb = dice.choice(("Add to cart", "Add to basket", "Add to wishlist"))
    where = verb.rpartition(" ")[2]
    cards, keys = [], {}
    tag = dice.choice(("div", "li", "article"))
    for name in names:
        keys[name], markup = draw.button(verb, plain=dice.random() < 0.8)
        cards.append(f"<{tag} class=item><h3>{name}</h3><p>{dice.randint(3, 80)} €</p>{markup}</{tag}>")
    name = dice.choice(names)
    text = dice.choice((f"add the {name} to the {where}", f'add "{name}" to the {where}', f"add {name} to {where}"))
    page = draw.page(f'<a href="/{where}">{where.capitalize()}</a>', f"<div class=grid>{''.join(cards)}</div>")
    return Goal("verb of the sentence", page, text, frozenset({f"press {keys[name]}"}))


def text_field(draw: Draw, label: str, kind: str = "text", value: str = "", more: str = "") -> tuple[str, str]:
    """A field with its label, in one of the ways pages tie the two."""
    key, mark = draw.key("field")
    text, own = escape(label), f' value="{escape(value)}"' if value else ""
    field_ = f"<input type={kind}{mark}{own}{more}"
    return key, draw.dice.choice(
        (
            f"<label>{text} {field_}></label>",
            f"<label for=f{key}>{text}</label> {field_} id=f{key}>",
            f'{field_} aria-label="{text}">',
            f"<span id=l{key}>{text}</span> {field_} aria-labelledby=l{key}>",
            f"<label for=f{key}>{text}:</label><br>{field_} id=f{key}>",
        )
    )


def sections(dice: random.Random) -> Goal:
    """Fields of the same name in several parts of a form."""
    draw = Draw(dice)
    parts, names = draw.some(SECTIONS, dice.randint(2, 3)), draw.some(FIELDS, dice.randint(2, 4))
    keys: dict[tuple[str, str], str] = {}
    made = []
    way = dice.choice(("fieldset", "section", "div", "group"))
    for part in parts:
        fields = []
        for name in names:
            keys[part, name], markup = text_field(draw, name)
            fields.append(f"<p>{markup}</p>")
        inner = "".join(fields)
        match way:
            case "fieldset":
                made.append(f"<fieldset><legend>{part}</legend>{inner}</fieldset>")
            case "section":
                made.append(f"<section><h2>{part}</h2>{inner}</section>")
            case "group":
                made.append(f'<div role=group aria-label="{part}"><h3>{part}</h3>{inner}</div>')
            case _:
                made.append(f"<div class=item><div><b>{part}</b></div><div>{inner}</div></div>")
    body = f"<form onsubmit='return false'><div class={dice.choice(('flex', 'item'))}>{''.join(made)}</div></form>"
    part, name, value = dice.choice(parts), dice.choice(names), dice.choice(VALUES)
    place = parts.index(part)
    if dice.random() < 0.25:
        text = dice.choice((f'fill "{name}" with "{value}"', f'type "{value}" into "{name}"'))
        return Goal("repeated fields", draw.page(body), text, None)
    text = dice.choice(
        (
            f'fill "{name}" in the "{part}" section with "{value}"',
            f'type "{value}" into "{name}" under "{part}"',
            f'type "{value}" into the "{name}" field in the "{part}" section',
            f'fill the {ORDINALS[place]} "{name}" with "{value}"',
        )
    )
    return Goal("repeated fields", draw.page(body), text, frozenset({f"set {keys[part, name]}={value}"}))


def form(draw: Draw, names: Sequence[str], values: Sequence[str] = ()) -> tuple[str, dict[str, str]]:
    """A plain form of text fields."""
    keys, rows = {}, []
    for index, name in enumerate(names):
        keys[name], markup = text_field(draw, name, value=values[index] if values else "")
        rows.append(f"<p>{markup}</p>")
    return f"<form onsubmit='return false'>{''.join(rows)}</form>", keys


def values(dice: random.Random) -> Goal:
    """Values whose signs carry meaning, into several fields, or copied from one to another, or cleared."""
    draw = Draw(dice)
    names = draw.some(FIELDS, dice.randint(3, 5))
    match dice.randrange(4):
        case 0:
            body, keys = form(draw, names, dice.sample(CITIES, len(names)))
            chosen = draw.some(names, dice.randint(1, 3))
            listed = [f'the "{each}"' for each in chosen]
            text = "clear " + (", ".join(listed[:-1]) + " and " + listed[-1] if len(listed) > 1 else listed[0])
            return Goal("clear", draw.page(body), text, frozenset(f"set {keys[each]}=" for each in chosen))
        case 1:
            given = dice.sample(CITIES, len(names))
            body, keys = form(draw, names, given)
            one, two = draw.some(names, 2)
            text = dice.choice((f'enter the value of "{one}" into "{two}"', f'copy the value of "{one}" into "{two}"'))
            return Goal("copy", draw.page(body), text, frozenset({f"set {keys[two]}={given[names.index(one)]}"}))
        case 2:
            body, keys = form(draw, names)
            one, two = draw.some(names, 2)
            a, b = draw.some(VALUES, 2)
            text = dice.choice(
                (
                    f'fill "{one}" with "{a}" and "{two}" with "{b}"',
                    f'type "{a}" into "{one}", then type "{b}" into "{two}"',
                    f'enter "{a}" in the {one} field, enter "{b}" in the {two} field',
                )
            )
            return Goal("values", draw.page(body), text, frozenset({f"set {keys[one]}={a}", f"set {keys[two]}={b}"}))
        case _:
            draw = Draw(dice)
            user, first = text_field(draw, "User name")
            secret, second = text_field(draw, "Password", "password")
            enter, third = draw.button("Log in", "gone", plain=True)
            a, b = dice.choice(("tom", "ada")), dice.choice(("Secret!", "p,q;r", "Why?", "x.y.", "100%", "a:b", "(z)"))
            text = dice.choice((f"log in as {a} with password {b}", f'log in as "{a}" with password "{b}"'))
            body = f"<form data-item onsubmit='return false'>{first}<br>{second}<br>{third}</form>"
            done = frozenset({f"set {user}={a}", f"set {secret}={b}", f"press {enter}"})
            return Goal("log in", draw.page(body), text, done)


def toggle(draw: Draw, label: str, on: bool, dead: bool) -> tuple[str, str]:
    """Something that is on or off; a dead one does not answer."""
    key, mark = draw.key("field")
    text, checked = escape(label), " checked" if on else ""
    stuck = ' onclick="return false"' if dead else ""
    if dead and draw.dice.random() < 0.5:
        stuck = ' onchange="setTimeout(() => { this.checked = !this.checked }, 60)"'
    role = draw.dice.choice(("checkbox", "switch"))
    state = f"aria-checked={'true' if on else 'false'}{' data-dead' if dead else ''}"
    return key, draw.dice.choice(
        (
            f"<label><input type=checkbox{mark}{checked}{stuck}> {text}</label>",
            f"<input type=checkbox{mark}{checked}{stuck} id=t{key}><label for=t{key}>{text}</label>",
            f'<input type=checkbox{mark}{checked}{stuck} aria-label="{text}"> <span>{text}</span>',
            f'<span role={role} tabindex=0 {state}{mark} aria-label="{text}"></span> <span>{text}</span>',
            f"<span id=n{key}>{text}</span> <span role={role} tabindex=0 {state}{mark} aria-labelledby=n{key}></span>",
        )
    )


def settings(dice: random.Random) -> Goal:
    """Boxes and switches: ticked, unticked, several at once, in the wanted state already, or without an answer."""
    draw = Draw(dice)
    names = draw.some(SETTINGS, dice.randint(3, 6))
    on = {name: dice.random() < 0.4 for name in names}
    dead = {name: dice.random() < 0.12 for name in names}
    keys, rows = {}, []
    for name in names:
        keys[name], markup = toggle(draw, name, on[name], dead[name])
        rows.append(f"<div class=item>{markup}</div>")
    page = draw.page("<h2>Settings</h2>", *rows)
    want = dice.random() < 0.7
    chosen = draw.some(names, dice.choice((1, 1, 2, 3)))
    verb = dice.choice(
        ("check", "tick", "turn on", "enable", "switch on") if want else ("uncheck", "untick", "turn off", "disable")
    )
    quoted = [f'"{each}"' for each in chosen]
    listed = quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + " and " + quoted[-1]
    change = [each for each in chosen if on[each] != want]
    stuck = any(dead[each] for each in change)
    effects = None if stuck else frozenset(f"{'tick' if want else 'untick'} {keys[each]}" for each in change)
    touched = frozenset(keys[each] for each in change)
    return Goal("settings", page, f"{verb} {listed}", effects, touched)


def resisting(dice: random.Random) -> Goal:
    """A field that changes what is typed, at once or when it is left."""
    draw = Draw(dice)
    name, other = draw.some(FIELDS, 2)
    ways: dict[str, Callable[[str], str]] = {
        "this.value = this.value.replace(/[^0-9]/g, '')": lambda text: "".join(c for c in text if c in "0123456789"),
        "this.value = this.value.replace(/[^A-Za-z0-9 ]/g, '')": lambda text: "".join(
            c for c in text if c == " " or (c.isascii() and c.isalnum())
        ),
        "this.value = this.value.slice(0, 3)": lambda text: text[:3],
        "this.value = this.value.toUpperCase()": lambda text: text.upper(),
        "this.value = ''": lambda _: "",
    }
    code = dice.choice(sorted(ways))
    value = dice.choice(("1,5", "-12.50", "€5", "abc", "C++", "12345", "50%", "Oslo", "x1", "7"))
    becomes = ways[code](value)
    when = dice.choice(("oninput", "onchange", "onblur"))
    key, markup = text_field(draw, name, more=f' {when}="{code}"')
    second, more = text_field(draw, other)
    rows = [f"<p>{markup}</p>", f"<p>{more}</p>"]
    dice.shuffle(rows)
    page = draw.page("<form onsubmit='return false'>", *rows, "</form>")
    text = dice.choice((f'fill "{name}" with "{value}"', f'type "{value}" into "{name}"'))
    effects = {f"set {key}={value}"}
    if when != "oninput":  # the field is left by what follows
        text += dice.choice((f', then fill "{other}" with "Oslo"', f', type "Oslo" into "{other}"'))
        effects.add(f"set {second}=Oslo")
    return Goal(
        "resisting field", page, text, frozenset(effects) if becomes == value else None, frozenset({key, second})
    )


def choices(dice: random.Random) -> Goal:
    """Options of lists, some of which are no lists of options, and options that are not there."""
    draw = Draw(dice)
    options, labels_ = draw.some(COUNTRIES, 5), draw.some(("Country", "Origin", "Destination", "Warehouse"), 2)
    keys, rows = {}, []
    for label in labels_:
        key, mark = draw.key("field")
        keys[label] = key
        inner = "<option>–</option>" + "".join(f"<option>{each}</option>" for each in options[:4])
        rows.append(
            dice.choice(
                (
                    f"<p><label>{label} <select{mark}>{inner}</select></label></p>",
                    f"<p><label for=s{key}>{label}</label> <select id=s{key}{mark}>{inner}</select></p>",
                    f'<p>{label}: <select{mark} aria-label="{label}">{inner}</select></p>',
                )
            )
        )
    decoy = "<ul>" + "".join(f"<li>{each}</li>" for each in options) + "</ul>"
    body = [*rows, decoy] if dice.random() < 0.5 else [decoy, *rows]
    label, option = dice.choice(labels_), dice.choice(options[:4])
    place = ORDINALS[labels_.index(label)]
    if dice.random() < 0.2:
        return Goal("choices", draw.page(*body), f'choose "{options[4]}" from "{label}"', None)
    text = dice.choice(
        (
            f'choose "{option}" from "{label}"', f'select "{option}" in the "{label}" list',
            f"select {option} in the {place} dropdown", f'set "{label}" to "{option}"',
        )
    )  # fmt: skip
    return Goal("choices", draw.page(*body), text, frozenset({f"set {keys[label]}={option}"}))


def dialogs(dice: random.Random) -> Goal:
    """An open dialog whose buttons are called like others of the page."""
    draw = Draw(dice)
    names = draw.some(("OK", "Cancel", "Close", "Save", "Continue", "Later"), dice.randint(2, 3))
    behind, inside = {}, {}
    outer, inner = [], []
    for name in names:
        behind[name], markup = draw.button(name, plain=True)
        outer.append(markup)
    for name in draw.some(names, len(names)):
        inside[name], markup = draw.button(name, "close", plain=True)
        inner.append(markup)
    title = dice.choice(("Rename project", "Choose a date", "Export", "Invite people"))
    native = dice.random() < 0.5
    modal = native or dice.random() < 0.5
    style = "position:fixed;left:340px;top:200px;width:380px;background:white;border:2px solid;padding:16px"
    content = f"<h2 id=dt>{title}</h2><p>Please decide.</p>{' '.join(inner)}"
    box = (
        f"<dialog data-modal aria-labelledby=dt>{content}</dialog>"
        if native
        else f'<div role=dialog {"aria-modal=true " if modal else ""}aria-labelledby=dt style="{style}">{content}</div>'
    )
    page = draw.page(f"<p>{' '.join(outer)}</p>", box)
    name = dice.choice(names)
    text = dice.choice(
        (
            f'click "{name}" in the dialog', f'click the button in the dialog labeled "{name}"',
            f'click "{name}" in the "{title}" dialog', f'click the "{name}" button of the dialog',
        )
    )  # fmt: skip
    if modal and dice.random() < 0.3:
        text = f'click "{name}"'
    return Goal("dialogs", page, text, frozenset({f"press {inside[name]}"}))


def prose(dice: random.Random) -> Goal:
    """A control whose label also stands in prose, headings and other labels."""
    draw = Draw(dice)
    label = dice.choice(("Settings", "Profile", "Reports", "Help", "History", "Billing"))
    key, markup = draw.button(label, plain=True)
    others = [draw.button(each, plain=True)[1] for each in draw.some(("News", "Teams", "Files", "Search"), 2)]
    parts = [
        f"<p>You can change this under {label} at any time. {label} opens in a new part.</p>",
        f"<h2>{dice.choice(('About', 'New'))} {label.lower()}</h2>",
        f"<nav>{others[0]} {markup} {others[1]}</nav>",
        f"<p>{label}</p>" if dice.random() < 0.3 else "",
    ]
    dice.shuffle(parts)
    text = dice.choice((f'click "{label}"', f"click {label}", f"open {label}"))
    return Goal("prose", draw.page(*parts), text, frozenset({f"press {key}"}))


def dead_button(dice: random.Random) -> Goal:
    """A button that does nothing: no success."""
    draw = Draw(dice)
    names = draw.some(("Refresh", "Apply", "Sync", "Rebuild", "Generate"), 3)
    body = " ".join(draw.button(name, "dead", plain=True)[1] for name in names)
    return Goal("dead button", draw.page(f"<p>{body}</p>"), f'click "{dice.choice(names)}"', None)


def assertions(dice: random.Random) -> Goal:
    """Checks of texts, fields and their states, that hold or do not."""
    draw = Draw(dice)
    amount = f"{dice.randint(11, 99)}.{dice.choice(('25', '50', '75'))}"
    texts = draw.some(("In stock", "Order received", "3 items", "Free delivery", "Signed in as Ada"), 3)
    names = draw.some(FIELDS, 3)
    given = dice.sample(CITIES, 3)
    body, _ = form(draw, names, given)
    page = draw.page(f"<p>1{amount} €</p>", *(f"<p>{each}</p>" for each in texts), body)
    there, absent = dice.choice(texts), dice.choice(("Out of stock", "Order refused", "13 items", "Signed in as Bob"))
    name, value, wrong = names[0], given[0], given[1]
    holds = frozenset[str]()
    text, effects = dice.choice(
        (
            (f'check that the page shows "{there}"', holds),
            (f'check that the page shows "{absent}"', None),
            (f'check that the page shows "{absent}" and "{there}"', None),
            (f'check that the page shows "{there}" and "{absent}"', None),
            (f'check that the page does not show "{absent}"', holds),
            (f'check that the page does not show "{there}"', None),
            (f'check that the page shows "{amount}"', None),
            (f'check that the page shows "1{amount} €"', holds),
            (f'check that "{name}" contains "{value}"', holds),
            (f'check that "{name}" contains "{wrong}"', None),
            (f'check that "{name}" does not contain "{value}"', None),
            (f'check that "Colour" does not contain "{value}"', None),
            (f'verify that the page shows "{texts[0]}" and "{texts[1]}"', holds),
            (f'check that the title is "{there}"', None),
        )
    )
    return Goal("assertions", page, text, effects)


#: Kinds of page, and how often each is drawn.
KINDS: dict[Callable[[random.Random], Goal], int] = {
    repeated: 26, absent_item: 5, two_steps: 5, cart: 8, add_to: 5, sections: 12, values: 12, settings: 12,
    resisting: 7, choices: 8, dialogs: 9, prose: 5, dead_button: 1, assertions: 8,
}  # fmt: skip


def goal(seed: int, number: int) -> Goal:
    """The goal of that number; the same for the same seed."""
    dice = random.Random(f"{seed}/{number}")
    return dice.choices(list(KINDS), list(KINDS.values()))[0](dice)
