"""The UI kits and templates whose pages are rendered, and the fixed split by kit."""

from __future__ import annotations

import re
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.strangers import kit_markup
from handeye.tools.errors import SetupError

if TYPE_CHECKING:
    from benchmarks.strangers.page_builder import Markup
    from benchmarks.strangers.screens import Split


@dataclass(frozen=True)
class Kit:
    """One UI kit or template: its npm packages, and the pages to render."""

    name: str
    split: Split
    packages: tuple[str, ...]
    """npm packages with a version range; the first one contains the pages."""
    pages: tuple[str, ...] = ()
    """Patterns of the pages that the package ships, relative to it. Without any, the pages are built from `markup`."""
    root: str = "."
    """The folder of the package that is the root of its web server."""
    rewrites: tuple[tuple[str, str], ...] = ()
    """Patterns of request paths of missing files, and what is served instead: `package:path`."""
    fragments: str = ""
    """The pages are fragments: the head that they need, as HTML."""
    joined: int = 9
    """Number of fragments that make one page."""
    markup: Markup | None = None
    """Component markup, from which pages are built."""


_BOOTSTRAP_4 = ("bootstrap@4", "jquery@3", "popper.js@1", "@fortawesome/fontawesome-free@5")

#: Kits that ship example pages.
SHIPPED = (
    Kit("gentelella", "fit", ("gentelella@4.2",), ("dist/production/*.html",), "dist"),
    Kit("stisla", "fit", ("stisla@2", *_BOOTSTRAP_4), ("*.html",)),
    Kit("sb-admin-2", "fit", ("startbootstrap-sb-admin-2@4",), ("*.html",)),
    Kit("material-dashboard", "fit", ("material-dashboard@3", "material-icons@1"), ("pages/*.html",)),
    Kit(
        "foundation",
        "fit",
        ("foundation-sites@6", "jquery@3"),
        ("test/visual/*/*.html",),
        rewrites=(
            (r".*/foundation(-\w+)?\.css", r"foundation-sites:dist/css/foundation\1.css"),
            (r".*/vendor\.js", "jquery:dist/jquery.js"),
            (r".*/foundation\.js", "foundation-sites:dist/js/foundation.js"),
        ),
    ),
    Kit(
        "govuk",
        "fit",
        ("govuk-frontend@6",),
        ("dist/govuk/components/*/template-*.html",),
        "dist/govuk",
        fragments='<link rel="stylesheet" href="/govuk-frontend.min.css"><body class="govuk-template__body" '
        'style="padding: 20px 40px">',
        rewrites=((r"/assets/(.*)", r"govuk-frontend:dist/govuk/assets/\1"),),
    ),
    Kit("sneat", "look", ("sneat-bootstrap-html-admin-template-free@1",), ("html/*.html",)),
    Kit("semantic", "look", ("semantic-ui@2", "jquery@3"), ("examples/*.html", "examples/components/*.html")),
    Kit("jquery-ui", "look", ("jquery-ui-dist@1", "jquery@3"), ("index.html",)),
    Kit(
        "sb-admin",
        "look",
        ("startbootstrap-sb-admin@7", "@fortawesome/fontawesome-free@6", "bootstrap@5", "simple-datatables@7"),
        ("dist/*.html",),
        "dist",
        rewrites=((r".*/js/all\.js", "@fortawesome/fontawesome-free:js/all.js"),),
    ),
    Kit("equation", "blind", ("equation-admin-template@1",), ("ltr/*.html",)),
    Kit(
        "uikit",
        "blind",
        ("uikit@3",),
        ("tests/*.html",),
        fragments='<link rel=stylesheet href="/dist/css/uikit.min.css"><script src="/dist/js/uikit.min.js"></script>'
        '<script src="/dist/js/uikit-icons.min.js"></script>',
        joined=1,
    ),
    Kit("spectre", "blind", ("spectre.css@0.5",), ("docs/*.html", "docs/*/*.html"), "docs"),
    Kit("argon", "blind", ("@creative-tim-official/argon-dashboard-free@1",), ("examples/*.html",)),
    Kit(
        "carbon",
        "blind",
        ("carbon-components@10",),
        ("html/*/*.html",),
        fragments='<link rel="stylesheet" href="/css/carbon-components.min.css"><body style="padding: 24px 32px">',
    ),
)

#: Kits whose pages are built from the markup of their documentation.
BUILT = (
    Kit("bootstrap", "fit", ("bootstrap@5", "bootstrap-icons@1"), markup=kit_markup.BOOTSTRAP),
    Kit("tabler", "fit", ("@tabler/core@1", "@tabler/icons-webfont@3"), markup=kit_markup.TABLER),
    Kit("material", "fit", ("material-components-web@14", "material-icons@1"), markup=kit_markup.MATERIAL),
    Kit("bulma", "fit", ("bulma@1", "@mdi/font@7"), markup=kit_markup.BULMA),
    Kit(
        "patternfly",
        "look",
        ("@patternfly/patternfly@6", "@fortawesome/fontawesome-free@5"),
        markup=kit_markup.PATTERNFLY,
    ),
    Kit("shoelace", "look", ("@shoelace-style/shoelace@2",), markup=kit_markup.SHOELACE),
    Kit(
        "element-plus",
        "look",
        ("element-plus@2", "vue@3", "@element-plus/icons-svg@2"),
        markup=kit_markup.ELEMENT,
    ),
    Kit("pico", "look", ("@picocss/pico@2", "remixicon@4"), markup=kit_markup.PICO),
    Kit("primer", "blind", ("@primer/css@21", "@primer/octicons@19"), markup=kit_markup.PRIMER),
    Kit("antd", "blind", ("antd@4", "@ant-design/icons-svg@4"), markup=kit_markup.ANT),
    Kit("layui", "blind", ("layui@2",), markup=kit_markup.LAYUI),
    Kit("fluent", "blind", ("@fluentui/web-components@2", "@vscode/codicons@0.0.45"), markup=kit_markup.FLUENT),
)
KITS = (*SHIPPED, *BUILT)


def fetch_packages(specs: tuple[str, ...], folder: Path) -> dict[str, Path]:
    """Download npm packages into the folder, without their dependencies, and return their paths by name.

    Raises SetupError when npm cannot fetch one.
    """
    return {_name(spec): _fetch(spec, folder) for spec in specs}


def _name(spec: str) -> str:
    return re.sub(r"(?<=.)@.*", "", spec)


def _fetch(spec: str, folder: Path) -> Path:
    target = folder / spec.replace("/", "+")
    if target.is_dir():
        return target
    with tempfile.TemporaryDirectory() as temporary:
        made = subprocess.run(
            ["npm", "pack", "--silent", "--pack-destination", temporary, spec],
            capture_output=True,
            text=True,
            cwd=temporary,
            check=False,
        )
        archives = list(Path(temporary).glob("*.tgz"))
        if made.returncode or not archives:
            raise SetupError(f"npm cannot fetch {spec}: {made.stderr.strip()[-300:]}")
        part = target.with_name(f"{target.name}.part")
        with tarfile.open(archives[0]) as archive:
            archive.extractall(part, filter="data")
        roots = [path for path in part.iterdir() if path.is_dir()]
        roots[0].rename(target)
    return target
