# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, driven through its debugging pipe: JSON messages ended by NUL (Chrome DevTools Protocol)."""
import json
import os
import shutil
import subprocess
import tempfile

NAMES = ("chromium", "chromium-browser", "google-chrome")
KEYS = {"Tab": 9, "Enter": 13}
WAIT_MS = 20000


def browser_path():
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    """with Browser() as b: b.open(url); b.wait("document.title === 'x'"); b.press("Tab")"""

    def __init__(self, path):
        self.place = tempfile.mkdtemp(prefix="fluvius-browser-")
        to_read, self.to = os.pipe()
        self.back, to_write = os.pipe()
        command = (f"exec '{path}' --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run "
                   f"--disable-background-networking --disable-component-update --disable-sync "
                   f"--user-data-dir='{self.place}' --remote-debugging-pipe about:blank 3<&{to_read} 4>&{to_write}")
        self.process = subprocess.Popen(["bash", "-c", command], pass_fds=(to_read, to_write), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(to_read)
        os.close(to_write)
        self.rest, self.number, self.session = b"", 0, None
        self.requests, self.complaints = [], []
        self.attach()

    def attach(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for part in ("Page", "Runtime", "Log", "Network"):
            self.call(part + ".enable")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        try:
            self.session = None
            self.call("Browser.close")
        except (OSError, EOFError):
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.to)
        os.close(self.back)
        shutil.rmtree(self.place, ignore_errors=True)

    def receive(self):
        while b"\0" not in self.rest:
            data = os.read(self.back, 65536)
            if not data:
                raise EOFError("the browser has ended")
            self.rest += data
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def note(self, message):
        """What the page does beside what it was asked."""
        method, said = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(said["exceptionDetails"].get("exception", {}).get("description", "?"))
        elif method == "Log.entryAdded" and said["entry"]["level"] in ("error", "warning"):
            self.complaints.append(said["entry"]["text"] + " " + said["entry"].get("url", ""))

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            reply = self.receive()
            if reply.get("id") == self.number:
                if "error" in reply:
                    raise RuntimeError(f"{method}: {reply['error']}")
                return reply["result"]
            self.note(reply)

    def open(self, url):
        self.call("Page.navigate", url=url)

    def ask(self, expression):
        reply = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in reply:
            raise RuntimeError(reply["exceptionDetails"]["exception"]["description"])
        return reply["result"].get("value")

    def wait(self, condition):
        """Until the condition holds; False when it does not within a while."""
        return self.ask(f"""new Promise((done) => {{
          const end = Date.now() + {WAIT_MS};
          const look = () => {{
            let holds = false;
            try {{ holds = !!({condition}); }} catch (error) {{ holds = false; }}
            if (holds || Date.now() > end) done(holds); else setTimeout(look, 20);
          }};
          look();
        }})""")

    def press(self, key):
        named = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key]}
        self.call("Input.dispatchKeyEvent", type="keyDown", **named, **({"text": "\r"} if key == "Enter" else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **named)

    def type(self, text):
        self.call("Input.insertText", text=text)
