#!/usr/bin/env bash
# Playwright's aria snapshot for models shows the value of a password field; Chromium's accessibility tree masks it.
#
# `page.aria_snapshot(mode="ai")` is the text that agents give to a model. A typed password is in it as plain text,
# after the name of its field, with nothing that marks the field as a password. Chromium's own accessibility tree
# (`Accessibility.getFullAXTree`) and its `value` property for the same field has one bullet per character.
# An agent that sends such snapshots to a model, or logs them, has to find and remove passwords itself.
#
# Needs Python 3.11+ and a Chromium on the PATH (Debian: apt-get install chromium). Exits 1 if this changes.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" --disable-pip-version-check install --quiet playwright==1.65.2 2>/dev/null
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
cat > "$dir/show.py" <<'PYTHON'
import sys

from playwright.sync_api import sync_playwright

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=sys.argv[1], args=["--no-sandbox"])
    print("Chromium", browser.version)
    page = browser.new_page()
    page.set_content("<label>Password <input type=password></label>")
    page.get_by_label("Password").fill("lovelace")
    snapshot = page.aria_snapshot(mode="ai")
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    field = next(node for node in nodes if node["role"]["value"] == "textbox")
    browser.close()
value = field["value"]["value"]
print(snapshot)
print("accessibility tree:", field["role"]["value"], repr(field["name"]["value"]), repr(value))
sys.exit(not ("lovelace" in snapshot and value == "•" * 8))
PYTHON
"$dir/venv/bin/pip" list 2>/dev/null | grep -i '^playwright'
"$dir/venv/bin/python" "$dir/show.py" "$chromium"
