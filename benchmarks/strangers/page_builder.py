"""Builds pages out of a kit's documented component markup, for kits that ship no example pages."""

from __future__ import annotations

import random
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Icons that the pages use, by their names in `icon_names.CONCEPTS`.
_ICON_WORDS = """
trash search gear bell home user envelope calendar heart star menu close plus check pencil download upload share
link lock cart camera image refresh print save folder file copy filter eye info help globe clock chat paperclip more
"""
ICONS = _ICON_WORDS.split()


def icon_table(names: str) -> dict[str, str]:
    """The names of `ICONS` in an icon set, written in the same order; `-` where the set lacks one."""
    return {icon: name for icon, name in zip(ICONS, names.split(), strict=True) if name != "-"}


@dataclass(frozen=True)
class Markup:
    """The components of a kit, as its documentation writes them. `{0}` is a label, `{id}` an id, `{icon}` an icon."""

    head: str
    icons: dict[str, str]
    icon: str
    """Markup of one icon; `{0}` is its name in the set."""
    button: str
    primary: str
    icon_button: str
    link: str
    nav: str
    """Around the entries of a navigation; `{0}` are the entries."""
    nav_entry: str
    """`{0}` is the label, `{icon}` an icon, `{on}` is ` active` for the current entry."""
    field: str
    """`{type}` is the type of the input, `{hint}` its placeholder."""
    area: str
    select: str
    """`{options}` are option elements."""
    checkbox: str
    radio: str
    switch: str
    slider: str
    card: str
    """`{0}` is the title, `{body}` what is inside."""
    table: str
    """The opening tag of a table."""
    body: str = "<body>{0}</body>"
    alert: str = "<div role=alert style='padding: 10px; border: 1px solid #999'>{0}</div>"
    tabs: str = "<div role=tablist>{0}</div>"
    tab: str = "<button role=tab aria-selected={selected}>{0}</button>"
    option: str = "<option>{0}</option>"
    dark_head: str = ""


SECTIONS = """
Overview | Customers | Invoices | Reports | Warehouse | Suppliers | Campaigns | Team | Billing | Integrations |
Projects | Help centre | Payroll | Bookings | Rooms | Patients | Courses | Tickets | Feedback | Archive | Audit
log | Shipments | Recipes | Playlists
"""
ACTIONS = """
Save changes | Cancel | Send invitation | Create invoice | Export CSV | Apply filter | Reset | Add member |
Publish | Discard draft | Archive project | Continue | Book room | Print label | Request refund | Mark as paid |
Duplicate | Start import | Connect account | Upgrade plan | Check availability | Assign to me | Schedule visit |
Resend code | Compare versions | Generate report | Pause campaign | Approve
"""
FIELDS = """
First name | Last name | Email address | Company | Street | Postcode | City | Phone number | Order number |
Coupon code | VAT number | Username | Project title | Budget | Arrival date | Guest name | Reference | Website |
Department | Card holder | Iban | Invoice number
"""
SELECTS = """
Country | Language | Time zone | Currency | Priority | Status | Category | Payment method | Delivery method |
Room type | Assignee | Region
"""
CHOICES = """
Germany | France | Japan | English | Spanish | Euro | Dollar | High | Low | Medium | Open | Closed | Standard |
Express | Single | Double | North | South
"""
CHECKS = """
Remember me | Subscribe to newsletter | Accept the terms | Include archived items | Send me a copy | Gift
wrapping | Show prices with tax | Use two-factor login | Notify by email | Keep me signed in | Public profile |
Repeat every week
"""
RADIOS = """
Standard delivery | Express delivery | Pick up in store | Monthly | Yearly | Private | Shared | Bank transfer |
Credit card | Cash
"""
SWITCHES = """
Dark mode | Automatic updates | Location services | Email alerts | Airplane mode | Auto save | Read receipts |
Background sync
"""
SLIDERS = """
Volume | Brightness | Opacity | Maximum price | Zoom level | Playback speed
"""
LINKS = """
Forgot your password? | Terms of service | Privacy policy | Learn more | View all orders | Contact support |
Release notes | Read the guide | See pricing | Change address | Manage cookies | Unsubscribe | Track parcel |
Report a problem
"""
TITLES = """
Recent orders | Account details | Shipping address | Monthly revenue | Team members | Upcoming events | Payment
details | Notifications | Security | Storage | Latest comments | Sales by region | Open tasks | Appearance |
Booking details | Top products
"""
PEOPLE = """
Nora Lindqvist | Tomas Vega | Aisha Rahman | Lena Hofmann | Victor Osei | Mei Tanaka | Pablo Ruiz | Ingrid Dahl
| Omar Haddad | Chloe Martin | Sven Eriksson | Priya Nair
"""
THINGS = """
Oak table | Desk lamp | Travel mug | Wool blanket | Garden chair | Notebook A5 | Bike helmet | Rain jacket |
Coffee grinder | Wall clock
"""
TAB_NAMES = """
General | Members | Permissions | History | Attachments | Comments | Advanced | Preview | Activity | Usage
"""


class PageBuilder:
    """Builds one page; equal seeds give equal pages."""

    def __init__(self, markup: Markup, seed: str) -> None:
        self.markup = markup
        self.rng = random.Random(seed)
        self.number = 0
        self.pools: dict[str, list[str]] = {}

    def take(self, pool: str, count: int = 1) -> list[str]:
        """The next texts of a pool, in random order, each once."""
        if pool not in self.pools:
            self.pools[pool] = [text.strip() for text in " ".join(pool.split()).split("|")]
            self.rng.shuffle(self.pools[pool])
        taken, self.pools[pool] = self.pools[pool][:count], self.pools[pool][count:]
        return taken

    def fill(self, template: str, label: str = "", **values: str) -> str:
        """A component; each gets an id."""
        self.number += 1
        values = {"id": f"c{self.number}", "icon": "", "on": "", "type": "text", "hint": "", **values}
        made = template
        for key, value in {"0": escape(label, quote=False), **values}.items():
            made = made.replace("{" + key + "}", value)
        return made

    def icon(self, name: str) -> str:
        """An icon of the set, marked with its name."""
        drawn = self.markup.icon.replace("{0}", self.markup.icons[name])
        return f'<span data-concept="{name}" style="display: inline-flex">{drawn}</span>'

    def icon_buttons(self, count: int) -> str:
        """A toolbar of buttons that show only an icon; half of them have an accessible name."""
        chosen = self.rng.sample(sorted(self.markup.icons), count)
        return " ".join(
            self.fill(self.markup.icon_button, icon=self.icon(each), name=each.capitalize()) for each in chosen
        )

    def buttons(self, count: int) -> str:
        """The first one is primary."""
        labels = self.take(ACTIONS, count)
        return " ".join(
            self.fill(self.markup.button if number else self.markup.primary, label)
            for number, label in enumerate(labels)
        )

    def links(self, count: int) -> str:
        """Links in a row."""
        return " ".join(
            f"<span style='margin-right: 18px'>{self.fill(self.markup.link, each)}</span>"
            for each in self.take(LINKS, count)
        )

    def fields(self, count: int) -> str:
        """Text fields, drop-downs and a text area in a grid."""
        made = []
        for label in self.take(FIELDS, count):
            kind = "date" if "date" in label else "email" if "Email" in label else "text"
            hint = self.rng.choice(
                ("", "", f"e.g. {self.rng.choice(('Berlin', 'A-1042', 'Maple Street'))}", "Optional")
            )
            made.append(self.fill(self.markup.field, label, type=kind, hint=hint))
        for label in self.take(SELECTS, max(1, count // 3)):
            options = "".join(
                self.fill(self.markup.option, each)
                for each in self.rng.sample([text.strip() for text in CHOICES.split("|")], 4)
            )
            made.append(self.fill(self.markup.select, label, options=options))
        columns = self.rng.choice((1, 2, 2, 3))
        cells = "".join(f"<div>{each}</div>" for each in made)
        return (
            f"<div style='display: grid; grid-template-columns: repeat({columns}, 1fr); gap: 14px 20px'>{cells}</div>"
        )

    def toggles(self) -> str:
        """Checkboxes, radio buttons, switches and a slider."""
        made = [self.fill(self.markup.checkbox, each) for each in self.take(CHECKS, self.rng.randint(1, 3))]
        made += [self.fill(self.markup.radio, each) for each in self.take(RADIOS, self.rng.choice((0, 2, 3)))]
        made += [self.fill(self.markup.switch, each) for each in self.take(SWITCHES, self.rng.randint(0, 2))]
        made += [self.fill(self.markup.slider, each) for each in self.take(SLIDERS, self.rng.randint(0, 1))]
        return "".join(f"<div style='margin: 9px 0'>{each}</div>" for each in made)

    def table(self, rows: int) -> str:
        """A table with row actions, as icons or as links."""
        names = self.rng.choice((PEOPLE, THINGS))
        act = self.rng.choice(("Edit", "Open", "Details"))
        icons = [icon for icon in ("pencil", "trash", "eye", "copy") if icon in self.markup.icons]
        icon = self.rng.choice(icons)
        body = ""
        for name in self.take(names, rows):
            action = (
                self.fill(self.markup.link, act)
                if self.rng.random() < 0.5
                else self.fill(self.markup.icon_button, icon=self.icon(icon), name=icon)
            )
            body += f"<tr><td>{name}</td><td>{self.rng.randint(10, 900)}.00</td><td>{action}</td></tr>"
        head = "<thead><tr><th>Name</th><th>Amount</th><th></th></tr></thead>"
        return f"{self.markup.table}{head}<tbody>{body}</tbody></table>"

    def card(self, body: str) -> str:
        """A card with a title."""
        return f"<div style='margin: 0 0 18px'>{self.fill(self.markup.card, self.take(TITLES)[0], body=body)}</div>"

    def tabs(self) -> str:
        """Three or four tabs, the first one selected."""
        labels = self.take(TAB_NAMES, self.rng.randint(3, 4))
        entries = "".join(
            self.fill(self.markup.tab, each, on=" active" if number == 0 else "", selected=str(number == 0).lower())
            for number, each in enumerate(labels)
        )
        return f"<div style='margin: 0 0 16px'>{self.fill_raw(self.markup.tabs, entries)}</div>"

    def fill_raw(self, template: str, inner: str) -> str:
        """A wrapper around markup."""
        return template.replace("{0}", inner)

    def navigation(self) -> str:
        """A side navigation; the entries may have icons."""
        icons = self.rng.sample(sorted(self.markup.icons), 7) if self.rng.random() < 0.5 else []
        entries = "".join(
            self.fill(
                self.markup.nav_entry,
                each,
                icon=self.icon(icons[number]) + "&nbsp; " if icons else "",
                on=" active" if number == 0 else "",
            )
            for number, each in enumerate(self.take(SECTIONS, 7))
        )
        return self.fill_raw(self.markup.nav, entries)

    def top(self) -> str:
        """A bar with a title, a search field and icon buttons."""
        hint = self.rng.choice(("Search", "Search…", "Find anything"))
        search = f"<input type=search placeholder='{hint}' aria-label='{hint}' style='padding: 6px 10px; width: 220px'>"
        title = self.rng.choice(("Northwind", "Parcelio", "Bluefin", "Atelier 9", "Kestrel"))
        return (
            "<header style='display: flex; align-items: center; gap: 14px; padding: 10px 20px;"
            " border-bottom: 1px solid #8884'>"
            f"<strong style='flex: 1'>{title}</strong>{search}{self.icon_buttons(self.rng.randint(2, 4))}</header>"
        )


def build_page(markup: Markup, seed: str, dark: bool) -> str:
    """One page as HTML: a form, a table, settings, a mixture of cards, or a dialog."""
    builder = PageBuilder(markup, seed)
    layouts: tuple[Callable[[], str], ...] = (
        lambda: builder.card(builder.fields(builder.rng.randint(4, 7)) + "<br>" + builder.buttons(2)),
        lambda: builder.card(builder.table(5) + builder.buttons(3)),
        lambda: builder.tabs() + builder.card(builder.toggles() + "<br>" + builder.buttons(2)),
        lambda: (
            "<div style='display: grid; grid-template-columns: 1fr 1fr; gap: 18px'>"
            + builder.card(builder.toggles())
            + builder.card(builder.icon_buttons(6) + "<p></p>" + builder.links(2))
            + "</div>"
        ),
        lambda: builder.card(
            builder.fill(markup.alert, "Your changes are not saved yet.") + "<br>" + builder.fields(3)
        ),
        lambda: builder.card(builder.icon_buttons(8)) + builder.card(builder.links(3)),
    )
    chosen = builder.rng.sample(layouts, 3)
    main = "".join(layout() for layout in chosen)
    body = (
        f"{builder.top()}<div style='display: flex; align-items: flex-start'>"
        f"<aside style='width: 210px; padding: 14px; flex: none'>{builder.navigation()}</aside>"
        f"<main style='flex: 1; padding: 18px 24px; min-width: 0'>"
        f"<h2>{builder.take(SECTIONS)[0]}</h2>{main}</main></div>"
    )
    head = markup.head + (markup.dark_head if dark else "")
    return f"<!doctype html><html><head><meta charset=utf-8>{head}</head>{builder.fill_raw(markup.body, body)}</html>"
