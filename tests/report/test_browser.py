"""The page in a real browser, as a reader sees it: on a desk, on a phone, light and dark, without a network.

It needs Chromium and its driver on the path, which machines of CI lack: it is one of the slow tests, run by hand.
"""

import contextlib
import json
import shutil
import socket
import subprocess
import time
import urllib.request

import pytest

from bayesgmm.report.page import write_report

pytestmark = pytest.mark.slow

PHONE, DESK = 390, 1280  # CSS pixels
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
]
MEASURE = """
const root = document.documentElement;
const texts = [...document.querySelectorAll('td, p, dd, li')];
return {
  width: window.innerWidth,
  room: root.clientWidth,
  needed: root.scrollWidth,
  loaded: performance.getEntriesByType('resource').map(entry => entry.name).filter(name => !name.startsWith('data:')),
  pictures: [...document.images].map(image => image.complete && image.naturalWidth > 0),
  paper: getComputedStyle(document.body).backgroundColor,
  smallest: Math.min(...texts.map(element => parseFloat(getComputedStyle(element).fontSize))),
};
"""


def find(program):
    path = shutil.which(program)
    assert path is not None, f"This test needs `{program}` on the path: install Chromium with its driver."
    return path


class Browser:
    """As much of the WebDriver protocol as is needed."""

    def __init__(self, port, folder):
        self.base = f"http://127.0.0.1:{port}/session"
        flags = [*FLAGS, f"--user-data-dir={folder}"]
        options = {"binary": find("chromium"), "args": flags}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self.base += "/" + self.post("", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]

    def post(self, path, content, method="POST"):
        data = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def tell(self, command, **parameters):
        self.post("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def read(self, path, width, scheme):
        """Open a file at a width and in a colour scheme; what was measured, and what stands on the console."""
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.tell("Emulation.setDeviceMetricsOverride", **metrics)
        self.tell("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.post("/url", {"url": path.as_uri()})
        measured = self.post("/execute/sync", {"script": MEASURE, "args": []})
        return measured, self.post("/se/log", {"type": "browser"})


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    driver = subprocess.Popen([find("chromedriver"), f"--port={port}"], stdout=subprocess.DEVNULL)
    try:
        wait_for(port)
        opened = Browser(port, tmp_path_factory.mktemp("profile"))
        yield opened
        opened.post("", None, "DELETE")
    finally:
        driver.terminate()
        driver.wait(timeout=30)


def wait_for(port):
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise AssertionError("chromedriver did not answer.")


@pytest.fixture(scope="module")
def pages(tmp_path_factory, posterior, crowded, em, faithful):
    folder = tmp_path_factory.mktemp("pages")
    return {
        "posterior": write_report(posterior, folder / "posterior.html"),
        "crowded": write_report(crowded, folder / "crowded.html"),
        "em": write_report(em, folder / "em.html", faithful),
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("name", ["posterior", "crowded", "em"])
def test_page_is_whole_and_fits(browser, pages, name, width, scheme):
    measured, console = browser.read(pages[name], width, scheme)
    assert console == []
    assert measured["width"] == width
    assert measured["needed"] <= measured["room"]
    assert measured["pictures"]
    assert all(measured["pictures"])
    assert measured["loaded"] == []
    assert measured["smallest"] >= 13.0
    assert (measured["paper"] == "rgb(255, 255, 255)") is (scheme == "light")
