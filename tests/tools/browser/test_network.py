"""A second server stands for a forbidden domain: no page can connect to it."""

# ruff: noqa: E501 - pages read better unbroken

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from benchmarks.reliability.injection import Forbidden
from handeye.tools.actions import Click, Navigate
from handeye.tools.browser import Browser
from handeye.tools.errors import ActionFailed, ActionRefused, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.tools.browser.conftest import Aim, Site


def until(true: Callable[[], bool]) -> None:
    """Return when something has become true."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def forbidden() -> Iterator[Forbidden]:
    made = Forbidden()
    yield made
    made.close()


def everything(host: str, site: Site, tls: str = "") -> str:
    """A page that requests an address in every way that needs no user input. `host` includes the port."""
    at = f"http://{host}/"
    site.page(
        "/worker.js",
        f"fetch('{at}worker', {{mode: 'no-cors'}}).catch(() => 0); new WebSocket('ws://{host}/worker-socket')",
    )
    site.page("/frame", f"<script>fetch('{at}from-frame', {{mode: 'no-cors'}})</script><img src={at}frame-img>")
    site.redirect("/away", f"{at}redirected")
    return f"""<title>Home</title>
<link rel=prefetch href={at}prefetch><link rel=preload as=image href={at}preload><link rel=dns-prefetch href=//{host}>
<link rel=preconnect href={at}><link rel=modulepreload href={at}m.js><link rel=prerender href={at}prerender>
<link rel=stylesheet href={at}style.css><link rel=icon href={at}icon><link rel=manifest href={at}manifest>
<style>@import "{at}import.css"; @font-face {{ font-family: F; src: url({at}font) }} body {{ font-family: F; background: url({at}bg) }}</style>
<script type=speculationrules>{{"prefetch": [{{"source": "list", "urls": ["{at}speculative"]}}], "prerender": [{{"source": "list", "urls": ["{at}prerendered"]}}]}}</script>
<p>text</p><img src={at}img><img srcset="{at}srcset 1x"><img src=/away><picture><source srcset={at}source><img></picture><svg><image href={at}svg /></svg>
<iframe src={at}frame></iframe><iframe src=/frame></iframe><iframe src=/away></iframe><iframe src="data:text/html,<img src={at}data>"></iframe>
<iframe srcdoc="<img src={at}srcdoc>"></iframe><iframe src="javascript:fetch('{at}javascript')"></iframe>
<iframe src="http://user:pw@{host}/userinfo"></iframe>
<object data={at}object></object><embed src={at}embed><video src={at}video poster={at}poster><track src={at}track></video><audio src={at}audio></audio>
<script src={at}script></script><script type=module>import("{at}module.js").catch(() => 0)</script>
<script>
const quiet = (work) => {{ try {{ const made = work(); if (made && made.catch) made.catch(() => 0) }} catch (e) {{ }} }}
quiet(() => fetch("{at}fetch", {{mode: "no-cors"}}))
quiet(() => fetch("{at}post", {{mode: "no-cors", method: "POST", body: "x"}}))
quiet(() => fetch("{at}keepalive", {{mode: "no-cors", keepalive: true}}))
quiet(() => fetch("/away", {{mode: "no-cors"}}))
quiet(() => navigator.sendBeacon("{at}beacon", "x"))
quiet(() => {{ const r = new XMLHttpRequest(); r.open("GET", "{at}xhr"); r.send() }})
quiet(() => {{ const r = new XMLHttpRequest(); r.open("GET", "{at}sync", false); r.send() }})
quiet(() => new EventSource("{at}events"))
quiet(() => new WebSocket("ws://{host}/socket"))
quiet(() => new WebTransport("https://{host}/transport").ready)
quiet(() => new Worker("/worker.js"))
quiet(() => new SharedWorker("/worker.js"))
quiet(() => navigator.serviceWorker.register("/worker.js"))
quiet(() => new Worker(URL.createObjectURL(new Blob(["fetch('{at}blob', {{mode: 'no-cors'}})"]))))
quiet(() => {{ const f = document.createElement("iframe"); f.src = URL.createObjectURL(new Blob(["<img src={at}blob-frame>"], {{type: "text/html"}})); document.body.append(f) }})
quiet(() => {{ new Image().src = "{at}image" }})
quiet(() => CSS.paintWorklet.addModule("{at}worklet"))
quiet(() => {{ const c = new RTCPeerConnection({{iceServers: [{{urls: "stun:{host}"}}, {{urls: "turn:{host}?transport=udp", username: "u", credential: "c"}}, {{urls: "turn:{host}?transport=tcp", username: "u", credential: "c"}}]}})
  c.onicegatheringstatechange = () => {{ if (c.iceGatheringState == "complete") fetch("/gathered") }}
  c.createDataChannel("d"); c.createOffer().then((o) => c.setLocalDescription(o)) }})
quiet(() => {{ const f = document.createElement("form"); f.method = "post"; f.target = "hidden"; f.action = "{at}form"; document.body.append(f); f.submit() }})
quiet(() => window.open("{at}opened"))
quiet(() => {{ const a = document.createElement("a"); a.href = "{at}download"; a.download = "x"; a.target = "_blank"; document.body.append(a); a.click() }})
quiet(() => {{ const a = document.createElement("a"); a.href = "/"; a.ping = "{at}ping"; a.target = "elsewhere"; document.body.append(a); a.click() }})
</script><p id=o>all tried</p>"""


def test_a_forbidden_place_hears_nothing_at_all(site: Site, forbidden: Forbidden) -> None:
    """By no way that a page has of its own: neither another port of the allowed host nor another name."""
    start = site.page("/", everything(f"127.0.0.1:{forbidden.port}", site))
    with Browser(start, allow_domains=[f"127.0.0.1:{site.port}"]) as browser:
        browser.settle()
        until(lambda: site.asked("/gathered") >= 1)  # WebRTC has given up
        before = site.asked("/gathered")
        browser.perform(Navigate(url=site.page("/again", everything(f"localhost:{forbidden.port}", site))))
        browser.settle()
        with suppress(
            AssertionError
        ):  # not every page reports a failed request; what counts is that the server received none
            until(lambda: site.asked("/gathered") > before)
    assert forbidden.heard == []
    assert site.asked("/away") >= 2
    assert site.asked("/worker.js") >= 2


def test_allowed_requests_reach_the_server(site: Site, forbidden: Forbidden) -> None:
    """The same page under no rules: else silence would prove nothing. And a name that is denied is not reached."""
    host = f"127.0.0.1:{forbidden.port}"
    start = site.page("/", everything(host, site))
    with Browser(start, deny_domains=["localhost"]) as browser:
        browser.settle()
        ways = ("TCP b'GET /socket", "TCP b'POST /beacon", "TCP b'GET /speculative", "UDP")
        until(lambda: all(any(each.startswith(way) for each in forbidden.heard) for way in ways))
        before = len(forbidden.heard)
        with pytest.raises(ActionRefused, match="all but localhost"):
            browser.perform(Navigate(url=f"http://LOCALHOST.:{forbidden.port}/"))
        assert not any("LOCALHOST" in each.upper() for each in forbidden.heard[before:])


def test_links_and_addresses_in_disguise_lead_nowhere(site: Site, forbidden: Forbidden, aim: Aim) -> None:
    port = forbidden.port
    links = {
        "plain": f"http://localhost:{port}/",
        "download": f"http://localhost:{port}/file.zip",
        "userinfo": f"http://127.0.0.1:{site.port}@localhost:{port}/",
        "dot": f"http://localhost.:{port}/",
        "number": f"http://2130706433:{port}/",
        "hexadecimal": f"http://0x7f.1:{port}/",
        "wide": f"http://ｌocalhost:{port}/",
        "script": f"javascript:location='http://localhost:{port}/'",
        "made up": f"data:text/html,<script>location='http://localhost:{port}/'</script>",
        "source": f"view-source:http://localhost:{port}/",
        "file": "file:///etc/hostname",
    }
    page = site.page(
        "/", "<title>Home</title>" + "".join(f'<p><a href="{url}">{name}</a>' for name, url in links.items())
    )
    with Browser(page, allow_domains=[f"127.0.0.1:{site.port}"]) as browser:
        browser.settle()
        for name, url in links.items():
            browser.perform(Click(target=aim(browser, name)))
            browser.settle()
            assert browser.signals().url.startswith((page, "chrome-error:", "data:")), name
            with suppress(ActionFailed, ActionRefused):
                browser.perform(Navigate(url=url))
            browser.settle()
            browser.perform(Navigate(url=page))
            browser.settle()
    assert forbidden.heard == []


def test_a_page_from_the_disk_opens_its_own_folder_alone(tmp_path: Path, aim: Aim) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "secret.html").write_text("<title>Secret</title>")
    (tmp_path / "site" / "two.html").write_text("<title>Two</title>")
    page = tmp_path / "site" / "one.html"
    page.write_text(
        "<title>One</title><p><a href=two.html>near</a><p><a href=../secret.html>far</a><iframe src=../secret.html></iframe>"
    )
    with Browser(str(page)) as browser:
        browser.settle()
        assert "Secret" not in browser.signals().tabs
        browser.perform(Click(target=aim(browser, "far")))
        browser.settle()
        assert browser.signals().title != "Secret"
        with pytest.raises(ActionRefused, match="outside"):
            browser.perform(Navigate(url=(tmp_path / "secret.html").as_uri()))
        browser.perform(Navigate(url=page.as_uri()))
        browser.settle()
        browser.perform(Click(target=aim(browser, "near")))
        browser.settle()
        assert browser.signals().title == "Two"


def test_an_attached_browser_cannot_be_limited_to_domains() -> None:
    with pytest.raises(UsageError, match="cannot be restricted to domains"):
        Browser(cdp="http://127.0.0.1:1", allow_domains=["example.com"])
