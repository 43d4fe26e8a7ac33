#!/usr/bin/env bash
# Chromium's DevTools protocol reports a `securityOrigin` for sandboxed frames that they do not have.
#
# `Page.getFrameTree` describes `securityOrigin` as "Frame document's security origin". For a document in a sandbox
# (by the iframe's attribute, or by its own Content-Security-Policy header) it reports the origin of the address, as if
# the document belonged to the site; the document's own `self.origin` is "null", and so is what
# `Runtime.executionContextCreated` reports ("://"). For about:blank and srcdoc it is the other way round: the
# document inherits its parent's origin, and `securityOrigin` is "://".
# Whoever decides by `securityOrigin` whether a frame may be trusted with a password decides wrongly both ways.
#
# Needs Python 3.11+ and a Chromium on the PATH (Debian: apt-get install chromium). Exits 1 if this changes.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" --disable-pip-version-check install --quiet playwright==1.55.0 2>/dev/null
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
cat > "$dir/show.py" <<'PYTHON'
import asyncio, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.async_api import async_playwright


class Pages(BaseHTTPRequestHandler):
    def do_GET(self):
        top = ("<iframe src=/plain></iframe><iframe sandbox=allow-scripts src=/attribute></iframe>"
               "<iframe src=/header></iframe><iframe srcdoc=x></iframe><iframe></iframe>")
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        if self.path == "/header":
            self.send_header("Content-Security-Policy", "sandbox allow-scripts")
        self.end_headers()
        self.wfile.write(top.encode() if self.path == "/" else b"<p>text")

    def log_message(self, *_):
        pass


async def main(address):
    found = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=sys.argv[1], args=["--no-sandbox"])
        print("Chromium", browser.version)
        page = await browser.new_page()
        await page.goto(address)
        await page.wait_for_timeout(500)
        for frame in page.frames:
            try:
                session = await page.context.new_cdp_session(frame)
            except Exception:
                continue  # rendered by its parent's process
            contexts = []
            session.on("Runtime.executionContextCreated", lambda event: contexts.append(event["context"]))
            await session.send("Runtime.enable")
            tree = (await session.send("Page.getFrameTree"))["frameTree"]
            for each in [tree["frame"], *(child["frame"] for child in tree.get("childFrames", ()))]:
                for context in contexts:
                    if context["auxData"]["isDefault"] and context["auxData"]["frameId"] == each["id"]:
                        own = await session.send("Runtime.evaluate", {"expression": "self.origin", "contextId": context["id"]})
                        path = each["url"].removeprefix(address) or "/"
                        found[path] = (each["securityOrigin"], context["origin"], own["result"]["value"])
        await browser.close()
    site = address.rstrip("/")
    print(f"{'frame':14} {'securityOrigin':24} {'context origin':24} self.origin")
    for path, origins in found.items():
        print(f"{path:14} {origins[0]:24} {origins[1]:24} {origins[2]}")
    wanted = {
        "plain": (site, site, site),
        "attribute": (site, "://", "null"),
        "header": (site, "://", "null"),
        "about:srcdoc": ("://", site, site),
        "about:blank": ("://", site, site),
    }
    return 0 if all(found.get(path) == origins for path, origins in wanted.items()) else 1


server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.exit(asyncio.run(main(f"http://127.0.0.1:{server.server_port}/")))
PYTHON
"$dir/venv/bin/python" "$dir/show.py" "$chromium"
