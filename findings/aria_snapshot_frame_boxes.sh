#!/usr/bin/env bash
# The boxes of Playwright's aria snapshot are in the viewport of each frame, those of `bounding_box()` in the page's.
#
# `page.aria_snapshot(mode="ai", boxes=True)` lists the elements of all frames in one tree. The box of an element in a
# frame counts from the top left corner of that frame, without its offset and scale; `locator.bounding_box()` of the
# same element gives pixels of the page. Nothing in the snapshot marks the difference, so the mouse at the middle of a
# box from a frame presses another place of the page.
#
# Needs Python 3.11+ and a Chromium on the PATH (Debian: apt-get install chromium). Exits 1 if this changes.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" --disable-pip-version-check install --quiet playwright==1.65.2 2>/dev/null
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
cat > "$dir/show.py" <<'PYTHON'
import re
import sys

from playwright.sync_api import sync_playwright

INSIDE = "<body style='margin:0'><button style='width:80px;height:20px'>Inside</button>"
PAGE = f'''<body style="margin:0"><div style="height:100px"></div>
<iframe style="border:0;margin-left:200px;transform:scale(.5);transform-origin:0 0" srcdoc="{INSIDE}"></iframe>'''

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=sys.argv[1], args=["--no-sandbox"])
    print("Chromium", browser.version)
    page = browser.new_page()
    page.set_content(PAGE)
    button = page.frames[1].get_by_role("button", name="Inside")
    button.wait_for()
    snapshot = page.aria_snapshot(mode="ai", boxes=True)
    box = button.bounding_box()
    browser.close()
print(snapshot)
print("bounding_box():", box)
listed = re.search(r'button "Inside".*\[box=([\d,]+)\]', snapshot)
wrong = listed and listed[1] == "0,0,80,20"
sys.exit(not (wrong and box == {"x": 200, "y": 100, "width": 40, "height": 10}))
PYTHON
"$dir/venv/bin/pip" list 2>/dev/null | grep -i '^playwright'
"$dir/venv/bin/python" "$dir/show.py" "$chromium"
