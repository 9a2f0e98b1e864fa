"""A headless Chromium, spoken to through pipes in the DevTools protocol; no package and no network needed."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)
REASON = "no Chromium is installed"


class Tab:
    """A page in a browser.

    Attributes:
      events: what the browser told while it was asked something.
    """

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back, self._number, self._rest = to, back, 0, b""
        self.session = ""
        self.events: list[dict[str, Any]] = []

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Sends a command and waits for its answer."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = os.read(self._back, 1 << 20)
            assert part, "the browser has gone"
            self._rest += part
        text, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message

    def value(self, script: str) -> Any:
        """What a script gives, promises waited for."""
        found = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, userGesture=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def resize(self, width: int, height: int = 900, dark: bool = False) -> None:
        """Sets the size of the window, and whether the reader prefers a dark page."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", media="", features=[scheme])

    def screenshot(self, path: Path) -> None:
        """Writes a picture of the whole page as PNG."""
        shot = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def problems(self) -> list[str]:
        """Errors of scripts and of what could not be loaded, and requests that left the page."""
        found = []
        for event in self.events:
            method, values = event.get("method", ""), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                found.append(str(values["exceptionDetails"]["text"]))
            elif method == "Log.entryAdded" and values["entry"]["level"] == "error":
                found.append(str(values["entry"]["text"]))
            elif method == "Runtime.consoleAPICalled" and values["type"] in ("error", "assert"):
                found.append(str(values["args"]))
            elif method == "Network.requestWillBeSent" and not values["request"]["url"].startswith(("file:", "data:")):
                found.append(f"asked for {values['request']['url']}")
        return found


@contextmanager
def opened(path: Path, profile: Path) -> Iterator[Tab]:
    """A page in a browser of its own.

    Args:
      path: HTML file. profile: folder for what the browser keeps.
    """
    there, to = os.pipe()
    back, here = os.pipe()
    flags = "--headless --no-sandbox --disable-gpu --no-first-run --mute-audio --remote-debugging-pipe"
    command = f'exec "$0" {flags} --autoplay-policy=no-user-gesture-required "--user-data-dir=$1" 3<&{there} 4>&{here}'
    process = subprocess.Popen(
        ["bash", "-c", command, CHROMIUM, str(profile)], pass_fds=(there, here), stderr=subprocess.DEVNULL
    )
    os.close(there)
    os.close(here)
    try:
        tab = Tab(to, back)
        target = tab.ask("Target.createTarget", url="about:blank")["targetId"]
        tab.session = tab.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            tab.ask(f"{domain}.enable")
        tab.ask("Page.navigate", url=path.absolute().as_uri())
        waiting = "document.readyState === 'complete' ? done(1) : addEventListener('load', () => done(1))"
        tab.value(f"new Promise(done => {waiting})")
        yield tab
    finally:
        os.close(to)
        os.close(back)
        process.kill()
        process.wait()
