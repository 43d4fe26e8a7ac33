"""Compare `Browser.elements()` with Chromium's accessibility tree: `python -m benchmarks.accessibility_tree`.

Two sources are compared: CDP's `Accessibility.getFullAXTree`, and Playwright's `aria_snapshot(mode="ai", boxes=True)`.
For each page the command prints how many acting elements (elements that a person can click or type into) both list,
how often role, name and states agree, what each side lacks, and the median time of each.
The pages are the bundled ones and five made with UI kits. The kits come from npm into `--kits`, a temporary folder by
default; `--no-kits` omits them. `--details` prints every difference.

Links: https://chromedevtools.github.io/devtools-protocol/tot/Accessibility/
https://playwright.dev/python/docs/api/class-locator#locator-aria-snapshot
"""

# ruff: noqa: E501 - pages read better unbroken

from __future__ import annotations

import argparse
import functools
import json
import re
import statistics
import subprocess
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handeye.scenarios.demo.shop.shop_server import Shop
from handeye.tools import Browser
from handeye.tools.actions import Navigate
from handeye.tools.element import INTERACTIVE, Element

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.async_api import CDPSession, Page

SITE = Path(__file__).parents[1] / "scenarios" / "suites" / "web" / "site"

#: npm packages of the UI kits.
KITS = (
    "bootstrap@5",
    "@shoelace-style/shoelace@2",
    "@mui/material@5",
    "react@18",
    "react-dom@18",
    "antd@5",
    "dayjs@1",
    "jquery@3",
    "jquery-ui-dist@1",
)

#: Role names of CDP that ARIA writes otherwise.
ARIA = {
    "DisclosureTriangle": "button",
    "DisclosureTriangleGrouped": "button",
    "ColorWell": "textbox",
    "Date": "textbox",
    "DateTime": "textbox",
    "InputTime": "textbox",
    "ToggleButton": "button",
    "PopUpButton": "combobox",
    "MenuListOption": "option",
    "MenuListPopup": "",
}

STATES = ("enabled", "checked", "expanded", "selected", "pressed", "focused")

Fields = dict[str, Any]


@dataclass
class Comparison:
    """Counts of one page for one source."""

    both: int = 0
    same_role: int = 0
    same_name: int = 0
    same_states: int = 0
    only_handeye: list[str] = field(default_factory=list)
    only_tree: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    milliseconds: float = 0.0


def compare(own: dict[str, Element], tree: dict[str, Fields], lacking: list[str]) -> Comparison:
    """Compare by element id; `lacking` names the acting nodes of the tree that have no element."""
    result = Comparison(only_tree=list(lacking))
    for key, element in own.items():
        other = tree.get(key)
        if other is None:
            if element.acts:
                flags = [flag for flag in ("covered", "inert", "clipped") if getattr(element, flag)]
                result.only_handeye.append(f"{element.role} “{element.name}” {' '.join(flags)}".rstrip())
            continue
        if not element.acts and other["role"] not in INTERACTIVE:
            continue
        result.both += 1
        states = {state: (getattr(element, state) or False, other.get(state, state == "enabled")) for state in STATES}
        wrong = [f"{state} {mine}≠{its}" for state, (mine, its) in states.items() if bool(mine) != bool(its)]
        result.same_role += element.role == other["role"]
        result.same_name += element.name == other["name"]
        result.same_states += not wrong
        if element.role != other["role"]:
            wrong.insert(0, f"role {element.role}≠{other['role']}")
        if element.name != other["name"]:
            wrong.insert(0, f"name “{element.name}”≠“{other['name']}”")
        if wrong:
            result.differences.append(f"{element.role} “{element.name}”: {', '.join(wrong)}")
    return result


# The two trees


async def full_tree(line: CDPSession) -> list[Fields]:
    """CDP's accessibility nodes of all frames of this process that are not ignored, with their `backend` node ids."""
    frames = (await line.send("Page.getFrameTree"))["frameTree"]
    pending, found = [frames], []
    while pending:
        at = pending.pop()
        pending += at.get("childFrames", [])
        answer = await line.send("Accessibility.getFullAXTree", {"frameId": at["frame"]["id"]})
        for node in answer["nodes"]:
            if node["ignored"] or "backendDOMNodeId" not in node:
                continue
            properties = {each["name"]: each["value"].get("value") for each in node.get("properties", ())}
            role = node["role"].get("value", "")
            found.append(
                {
                    "backend": node["backendDOMNodeId"],
                    "role": ARIA.get(role, role),
                    "name": " ".join(str(node.get("name", {}).get("value", "")).split()),
                    "enabled": not properties.get("disabled"),
                    "checked": properties.get("checked") in {"true", "mixed", True},
                    "expanded": properties.get("expanded"),
                    "selected": properties.get("selected"),
                    "pressed": properties.get("pressed") in {"true", "mixed", True},
                    "focused": properties.get("focused"),
                }
            )
    return found


SNAPSHOT = re.compile(r"^\s*- '?(?P<role>[a-z]+)(?: \"(?P<name>(?:[^\"\\]|\\.)*)\")?(?P<flags>(?: \[[^\]]*\])*)")


def snapshot_nodes(text: str) -> list[Fields]:
    """The nodes of an `aria_snapshot` that have a reference."""
    found = []
    for row in text.splitlines():
        match = SNAPSHOT.match(row)
        flags = {flag.partition("=")[0]: flag.partition("=")[2] for flag in re.findall(r"\[([^\]]*)\]", row)}
        if match is None or "ref" not in flags:
            continue
        found.append(
            {
                "ref": flags["ref"],
                "role": match["role"],
                "name": json.loads(f'"{match["name"] or ""}"'),
                "enabled": "disabled" not in flags,
                "focused": "active" in flags,
                **{state: state in flags for state in ("checked", "expanded", "selected", "pressed")},
            }
        )
    return found


# Both sides refer to DOM nodes; these find the element id of a node


MARK = """ids => { for (const id of ids) {
  const node = document[Symbol.for('handeye')].node(id);
  if (node?.nodeType === 1) node.setAttribute('data-handeye-id', id) } }"""


async def mark(page: Page, ids: list[str]) -> None:
    """Write the element ids into the page as an attribute."""
    for frame in page.frames:
        await frame.evaluate(MARK, ids)


async def marked(line: CDPSession) -> dict[int, str]:
    """The element id of each backend node id, through frames and shadow roots."""
    root = (await line.send("DOM.getDocument", {"depth": -1, "pierce": True}))["root"]
    pending, found = [root], {}
    while pending:
        node = pending.pop()
        pending += node.get("children", []) + node.get("shadowRoots", [])
        if "contentDocument" in node:
            pending.append(node["contentDocument"])
        attributes = node.get("attributes", [])
        pairs = dict(zip(attributes[::2], attributes[1::2], strict=True))
        if "data-handeye-id" in pairs:
            found[node["backendNodeId"]] = pairs["data-handeye-id"]
    return found


async def measure_page(page: Page, elements: list[Element], repeats: int) -> tuple[Comparison, Comparison]:
    """CDP's tree and Playwright's snapshot against the elements of the page."""
    from playwright.async_api import Error

    line = await page.context.new_cdp_session(page)
    own = {element.id: element for element in elements}
    snapshot, snapshot_time = "", []
    for _ in range(repeats):
        started = time.perf_counter()
        snapshot = await page.aria_snapshot(mode="ai", boxes=True)
        snapshot_time.append(time.perf_counter() - started)
    await mark(page, list(own))
    tree: dict[str, Fields] = {}
    lacking = []
    for node in snapshot_nodes(snapshot):
        if node["role"] not in INTERACTIVE:
            continue
        try:
            place = page.locator(f"aria-ref={node['ref']}")
            key = await place.evaluate("el => el.getAttribute('data-handeye-id')", timeout=1000)
        except Error:  # a reference ends when the name of its node changes
            key = None
        if key is None:
            lacking.append(f"{node['role']} “{node['name']}”")
        else:
            tree[key] = node
    from_snapshot = compare(own, tree, lacking)
    from_snapshot.milliseconds = 1000 * statistics.median(snapshot_time)

    await line.send("Accessibility.enable")
    nodes, full_time = [], []
    for _ in range(repeats):
        started = time.perf_counter()
        nodes = await full_tree(line)
        full_time.append(time.perf_counter() - started)
    by_node = await marked(line)
    tree, lacking = {}, []
    for node in nodes:
        if node["backend"] in by_node:
            tree[by_node[node["backend"]]] = node
        elif node["role"] in INTERACTIVE:
            lacking.append(f"{node['role']} “{node['name']}”")
    from_cdp = compare(own, tree, lacking)
    from_cdp.milliseconds = 1000 * statistics.median(full_time)
    await line.send("Accessibility.disable")
    await line.detach()
    return from_cdp, from_snapshot


# Pages


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server of the folder's files."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Write no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


HEAD = "<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"

BOOTSTRAP = """<link rel=stylesheet href=/node_modules/bootstrap/dist/css/bootstrap.min.css>
<body class="container py-3"><nav class="navbar navbar-expand bg-body-tertiary"><a class=navbar-brand href=#>Acme</a>
<ul class=navbar-nav><li class=nav-item><a class="nav-link active" href=#home>Home</a><li class="nav-item dropdown">
<a class="nav-link dropdown-toggle" href=# role=button data-bs-toggle=dropdown aria-expanded=false>More</a>
<ul class=dropdown-menu><li><a class=dropdown-item href=#a>First</a><li><a class=dropdown-item href=#b>Second</a></ul></ul>
<form class="d-flex ms-auto" role=search><input class=form-control type=search placeholder=Search aria-label=Search>
<button class="btn btn-outline-success">Go</button></form></nav>
<div class="form-floating my-2"><input type=email class=form-control id=mail placeholder=x><label for=mail>Email address</label></div>
<div class="form-check form-switch"><input class=form-check-input type=checkbox role=switch id=wifi checked><label for=wifi>Wi-Fi</label></div>
<div class=form-check><input class=form-check-input type=radio name=r id=r1><label for=r1>Small</label></div>
<div class=form-check><input class=form-check-input type=radio name=r id=r2 checked><label for=r2>Large</label></div>
<div class=btn-group><input type=radio class=btn-check name=bt id=b1 checked><label class="btn btn-outline-primary" for=b1>Left</label>
<input type=radio class=btn-check name=bt id=b2><label class="btn btn-outline-primary" for=b2>Right</label></div>
<label class=form-label for=range>Volume</label><input type=range class=form-range id=range>
<select class=form-select aria-label=Country><option>France<option>Peru</select><input class=form-control type=file aria-label=Photo>
<div class=accordion id=acc><div class=accordion-item><h2 class=accordion-header><button class=accordion-button data-bs-toggle=collapse
 data-bs-target=#c1 aria-expanded=true>Item one</button></h2><div id=c1 class="accordion-collapse collapse show"><div class=accordion-body>Body
 <a href=#deep>deep link</a></div></div></div></div>
<ul class="nav nav-tabs my-2" role=tablist><li role=presentation><button class="nav-link active" role=tab aria-selected=true>One</button>
<li role=presentation><button class=nav-link role=tab aria-selected=false>Two</button></ul>
<ul class=pagination><li class="page-item disabled"><a class=page-link>Previous</a><li class=page-item><a class=page-link href=#2>2</a></ul>
<div class=card style=width:20rem><div class=card-body><h5><a href=#card class=stretched-link>A card</a></h5><p>Some text</p></div></div>
<div class="alert alert-warning alert-dismissible">Careful <button class=btn-close data-bs-dismiss=alert aria-label=Close></button></div>
<button class="btn btn-primary" disabled>Disabled</button><script src=/node_modules/bootstrap/dist/js/bootstrap.bundle.min.js></script>"""

SHOELACE = """<link rel=stylesheet href=/node_modules/@shoelace-style/shoelace/cdn/themes/light.css>
<script type=module src=/node_modules/@shoelace-style/shoelace/cdn/shoelace.js></script><body>
<sl-button variant=primary>Save</sl-button><sl-button disabled>Off</sl-button><sl-button href=#x>Link</sl-button>
<sl-icon-button name=gear label=Settings></sl-icon-button><sl-input label=Name placeholder=Ada></sl-input>
<sl-input label=Password type=password password-toggle></sl-input><sl-textarea label=Notes></sl-textarea>
<sl-checkbox checked>I agree</sl-checkbox><sl-switch>Dark mode</sl-switch>
<sl-radio-group label=Size value=m><sl-radio value=s>Small</sl-radio><sl-radio value=m>Medium</sl-radio></sl-radio-group>
<sl-select label=Country value=fr><sl-option value=fr>France</sl-option><sl-option value=pe>Peru</sl-option></sl-select>
<sl-range label=Volume value=40></sl-range><sl-rating label=Rating value=3></sl-rating>
<sl-tab-group><sl-tab slot=nav panel=a>General</sl-tab><sl-tab slot=nav panel=b>Advanced</sl-tab><sl-tab-panel name=a>A</sl-tab-panel>
<sl-tab-panel name=b>B</sl-tab-panel></sl-tab-group><sl-details summary=More>Text</sl-details>
<sl-menu><sl-menu-item>Cut</sl-menu-item><sl-menu-item type=checkbox checked>Wrap</sl-menu-item></sl-menu>
<sl-tree><sl-tree-item>Root<sl-tree-item>Leaf</sl-tree-item></sl-tree-item></sl-tree><sl-tag removable>tag</sl-tag>"""

REACT = """<script src=/node_modules/react/umd/react.production.min.js></script>
<script src=/node_modules/react-dom/umd/react-dom.production.min.js></script><body><div id=root></div>"""

MUI = (
    REACT
    + """<script src=/node_modules/@mui/material/umd/material-ui.production.min.js></script><script>
const M = MaterialUI, e = React.createElement;
ReactDOM.createRoot(root).render(e(M.Stack, { spacing: 1 },
  e(M.Button, { variant: 'contained' }, 'Save'), e(M.Button, { disabled: true }, 'Off'), e(M.IconButton, { 'aria-label': 'delete' }, '×'),
  e(M.TextField, { label: 'Email' }), e(M.TextField, { label: 'Notes', multiline: true }),
  e(M.FormControlLabel, { control: e(M.Checkbox, { defaultChecked: true }), label: 'I agree' }),
  e(M.FormControlLabel, { control: e(M.Switch), label: 'Dark mode' }),
  e(M.RadioGroup, { defaultValue: 'm' }, e(M.FormControlLabel, { value: 's', control: e(M.Radio), label: 'Small' }),
    e(M.FormControlLabel, { value: 'm', control: e(M.Radio), label: 'Medium' })),
  e(M.FormControl, null, e(M.InputLabel, { id: 'l' }, 'Country'), e(M.Select, { labelId: 'l', label: 'Country', defaultValue: 1 },
    e(M.MenuItem, { value: 1 }, 'France'), e(M.MenuItem, { value: 2 }, 'Peru'))),
  e(M.Slider, { 'aria-label': 'Volume', defaultValue: 30 }), e(M.Rating, { value: 3 }),
  e(M.Tabs, { value: 0 }, e(M.Tab, { label: 'One' }), e(M.Tab, { label: 'Two' })),
  e(M.ToggleButtonGroup, { value: 'b' }, e(M.ToggleButton, { value: 'b' }, 'Bold'), e(M.ToggleButton, { value: 'i' }, 'Italic')),
  e(M.Chip, { label: 'Chip', onDelete() {} }), e(M.Autocomplete, { options: ['a', 'b'], renderInput: (p) => e(M.TextField, { ...p, label: 'Pick' }) }),
  e(M.Accordion, null, e(M.AccordionSummary, null, 'Details'), e(M.AccordionDetails, null, 'text')),
  e(M.List, null, e(M.ListItemButton, null, e(M.ListItemText, { primary: 'Inbox' }))), e(M.Pagination, { count: 3 })));
</script>"""
)

ANTD = (
    REACT
    + """<script src=/node_modules/dayjs/dayjs.min.js></script><script src=/node_modules/antd/dist/antd.min.js></script><script>
const A = antd, e = React.createElement;
ReactDOM.createRoot(root).render(e(A.Space, { direction: 'vertical', style: { width: 500 } },
  e(A.Button, { type: 'primary' }, 'Save'), e(A.Button, { disabled: true }, 'Off'), e(A.Input, { placeholder: 'Name' }),
  e(A.Input.Password, { placeholder: 'Password' }), e(A.InputNumber, { defaultValue: 3 }), e(A.Checkbox, { defaultChecked: true }, 'I agree'),
  e(A.Radio.Group, { defaultValue: 2, options: [{ label: 'Small', value: 1 }, { label: 'Large', value: 2 }] }), e(A.Switch, null),
  e(A.Select, { defaultValue: 'fr', style: { width: 120 }, options: [{ value: 'fr', label: 'France' }, { value: 'pe', label: 'Peru' }] }),
  e(A.DatePicker, null), e(A.Slider, { defaultValue: 30 }), e(A.Rate, { defaultValue: 3 }), e(A.Segmented, { options: ['Day', 'Week'] }),
  e(A.Tabs, { items: [{ key: 1, label: 'One', children: 'a' }, { key: 2, label: 'Two', children: 'b' }] }),
  e(A.Collapse, { items: [{ key: 1, label: 'Details', children: 'text' }] }), e(A.Menu, { items: [{ key: 1, label: 'Home' }, { key: 2, label: 'Mail' }] }),
  e(A.Tree, { defaultExpandAll: true, treeData: [{ title: 'Root', key: 1, children: [{ title: 'Leaf', key: 2 }] }] }),
  e(A.Table, { rowSelection: {}, columns: [{ title: 'Name', dataIndex: 'n', sorter: () => 0 }], dataSource: [{ key: 1, n: 'Ada' }, { key: 2, n: 'Bob' }] }),
  e(A.Pagination, { total: 50 }), e(A.Upload, null, e(A.Button, null, 'Upload'))));
</script>"""
)

JQUERY = """<link rel=stylesheet href=/node_modules/jquery-ui-dist/jquery-ui.min.css><script src=/node_modules/jquery/dist/jquery.min.js></script>
<script src=/node_modules/jquery-ui-dist/jquery-ui.min.js></script><body>
<div id=tabs><ul><li><a href=#t1>One</a><li><a href=#t2>Two</a></ul><div id=t1>First</div><div id=t2>Second</div></div>
<div id=accordion><h3>Section 1</h3><div>Text</div><h3>Section 2</h3><div>Text</div></div>
<button id=b>Save</button> <label for=c1>Bold</label><input type=checkbox id=c1 checked> <label for=r1>Left</label><input type=radio name=r id=r1>
<label for=r2>Right</label><input type=radio name=r id=r2> <label for=s>Speed</label> <select id=s><option>Slow<option selected>Fast</select>
<label for=sp>Amount</label> <input id=sp value=3> <div id=slider style=width:200px></div> <label for=ac>City</label> <input id=ac>
<ul id=menu style=width:120px><li><div>Cut</div><li class=ui-state-disabled><div>Copy</div><li><div>More</div><ul><li><div>Sub</div></ul></ul>
<div id=date></div><div id=dialog title=Question>Sure?</div><script>
$('#tabs').tabs(); $('#accordion').accordion(); $('#b').button(); $('#c1,#r1,#r2').checkboxradio(); $('#s').selectmenu(); $('#sp').spinner();
$('#slider').slider(); $('#ac').autocomplete({ source: ['Rome'] }); $('#menu').menu(); $('#date').datepicker();
$('#dialog').dialog({ buttons: { Yes() {}, No() {} }, position: { my: 'right top', at: 'right top' } });</script>"""

KIT_PAGES = {"bootstrap": BOOTSTRAP, "shoelace": SHOELACE, "mui": MUI, "antd": ANTD, "jquery-ui": JQUERY}


def write_kits(folder: Path) -> None:
    """Install the kits below the folder, where they are not yet, and write a page for each."""
    if not (folder / "node_modules" / "bootstrap").is_dir():
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), *KITS]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for name, body in KIT_PAGES.items():
        (folder / f"{name}.html").write_text(HEAD.format(title=name) + body, "utf-8")


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kits", type=Path, help="folder for the npm packages of the UI kits")
    parser.add_argument("--no-kits", action="store_true", help="compare the bundled pages only")
    parser.add_argument("--repeats", type=int, default=9, help="how often each source is read for its median time")
    parser.add_argument("--details", action="store_true", help="print every difference")
    options = parser.parse_args()
    with ExitStack() as stack:
        shop = stack.enter_context(Shop())
        site = stack.enter_context(served(SITE))
        pages = {f"shop{path}": f"{shop.url.rstrip('/')}{path}" for path in ("/", "/search?q=lamp", "/cart", "/login")}
        pages |= {f"site/{file.name}": f"{site}/{file.name}" for file in sorted(SITE.glob("*.html"))}
        if not options.no_kits:
            folder = options.kits or Path(stack.enter_context(tempfile.TemporaryDirectory()))
            write_kits(folder)
            kits = stack.enter_context(served(folder))
            pages |= {f"kit/{name}": f"{kits}/{name}.html" for name in KIT_PAGES}
        browser = stack.enter_context(Browser("about:blank"))
        totals = {"cdp": Comparison(), "snapshot": Comparison()}
        own_times = []
        print(
            "acting elements: listed by both, same role, same name, same states, lacking in the tree, lacking in handeye"
        )
        print(
            f"{'page':24} {'source':9} {'both':>5} {'role':>5} {'name':>5} {'state':>5} {'-tree':>6} {'-own':>5} {'ms':>7}"
        )
        for name, url in pages.items():
            own_times.append(measure(browser, name, url, options, totals))
        for source, total in totals.items():
            print_row("all", source, total, total.milliseconds / len(pages))
        print(f"handeye: {statistics.mean(own_times):.1f} ms on average")


def measure(browser: Browser, name: str, url: str, options: argparse.Namespace, totals: dict[str, Comparison]) -> float:
    """Open the page, compare it, print it, add it to the totals; return the milliseconds of handeye's own list."""
    browser.perform(Navigate(url=url))
    browser.settle()
    elements, times = [], []
    for _ in range(options.repeats):
        started = time.perf_counter()
        elements = browser.elements()
        times.append(time.perf_counter() - started)
    page = browser._session.front.page
    results = browser._call(measure_page(page, elements, options.repeats), "comparing")
    own = 1000 * statistics.median(times)
    acting = sum(element.acts for element in elements)
    print(f"{name:24} handeye   {acting:5} acting of {len(elements)} elements {own:19.1f}")
    for (source, total), result in zip(totals.items(), results, strict=True):
        print_row("", source, result, result.milliseconds)
        if options.details:
            for label in ("only_handeye", "only_tree", "differences"):
                for text in getattr(result, label):
                    print(f"      {source} {label}: {text}")
        total.both += result.both
        total.same_role += result.same_role
        total.same_name += result.same_name
        total.same_states += result.same_states
        total.only_handeye += result.only_handeye
        total.only_tree += result.only_tree
        total.milliseconds += result.milliseconds
    return own


def print_row(name: str, source: str, result: Comparison, milliseconds: float) -> None:
    """Print the counts of one source."""
    counts = f"{result.both:5} {result.same_role:5} {result.same_name:5} {result.same_states:5}"
    lacks = f"{len(result.only_handeye):6} {len(result.only_tree):5}"
    print(f"{name:24} {source:9} {counts} {lacks} {milliseconds:7.1f}")


if __name__ == "__main__":
    main()
