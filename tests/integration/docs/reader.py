# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Somebody who reads a document from top to bottom with one terminal open, in a clone of the repository with a platform
running, and types every command."""
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from platform_under_test import BUILD, ROOT, Platform

TIME_LIMIT_S = 300
EXIT = re.compile(r"\s+# exit (\d+)$")
STOPPED = "# with the platform stopped"
STARTED = re.compile(r"# with fluvius up (.*)")
END = "=== end of a command:"


class Terminal:
    """A shell that keeps its directory and variables from one command to the next."""

    def __init__(self, directory):
        self.shell = subprocess.Popen(["sh"], cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT,
                                      env={**os.environ, "PYTHONPATH": os.path.join(directory, "clients", "python")})

    def type(self, command):
        """(output, exit code)"""
        self.shell.stdin.write(f"{{ {command}\n}} </dev/null\necho '{END}' $?\n".encode())
        self.shell.stdin.flush()
        output, until = b"", time.monotonic() + TIME_LIMIT_S
        while not (end := re.search(rf"{END} (\d+)\n$".encode(), output)):
            ready, _, _ = select.select([self.shell.stdout], [], [], max(0.0, until - time.monotonic()))
            piece = os.read(self.shell.stdout.fileno(), 65536) if ready else b""
            if not piece:
                return output.decode(errors="replace"), "none: it did not come back"
            output += piece
        return output[:end.start()].decode(errors="replace"), int(end[1])

    def close(self):
        self.shell.kill()
        self.shell.wait()
        self.shell.stdin.close()
        self.shell.stdout.close()


def commands(lines):
    """Joins lines to whole commands: the shell says which are not whole yet."""
    found, command = [], ""
    for line in lines:
        command += ("\n" if command else "") + line
        parsed = subprocess.run(["bash", "-n"], input=command.encode(), capture_output=True, check=False)
        if not command.endswith("\\") and parsed.returncode == 0 and not parsed.stderr:
            if command.strip() and not command.lstrip().startswith("#"):
                found.append(command)
            command = ""
    return found + ([command] if command else [])


class Reader:
    """with Reader() as reader: reader.prepare(block); reader.type(command) ..."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="fluvius-docs-")
        for name in os.listdir(ROOT):
            if name not in ("build", "data") and not name.startswith("."):
                os.symlink(os.path.join(ROOT, name), os.path.join(self.directory, name))
        os.symlink(BUILD, os.path.join(self.directory, "build"))
        self.terminal = Terminal(self.directory)
        self.platform, self.options = None, None

    def _start(self, options):
        if self.platform is not None and self.options == options:
            return
        self._stop()
        before = os.getcwd()
        os.chdir(self.directory)  # options may name files
        try:
            self.platform, self.options = Platform(*options, data=os.path.join(self.directory, "data")), options
        finally:
            os.chdir(before)
        self.terminal.type(f"export FLUVIUS_BUS={self.platform.bus}")

    def _stop(self):
        if self.platform is not None:
            self.platform.stop()
        self.platform = None
        self.terminal.type("unset FLUVIUS_BUS")

    def prepare(self, block):
        """Has the platform run as the block's first line wants it."""
        first = block.lines[0] if block.lines else ""
        options = STARTED.match(first)
        if first == STOPPED:
            self._stop()
        else:
            self._start(options[1].split() if options else [])

    def own(self, text):
        """The text with this platform's addresses instead of the usual ones."""
        if self.platform is None:
            return text
        for usual, mine in (("127.0.0.1:8080", self.platform.http), ("127.0.0.1:7410", self.platform.bus),
                            ("127.0.0.1:7411", self.platform.events)):
            text = text.replace(usual, mine.split("://")[1])
        return text

    def type(self, command):
        """Types one command. Gives (output, what is wrong or None)."""
        wanted = EXIT.search(command)
        output, code = self.terminal.type(EXIT.sub("", self.own(command)))
        wanted = int(wanted[1]) if wanted else 0
        return output, None if code == wanted else f"exit code {code}, wanted {wanted}:\n{output}"

    def python(self, block):
        """Runs a program whose prints have comments with what they show. Gives what is wrong, or None."""
        path = os.path.join(self.directory, "program.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.own(block.text))
        output, wrong = self.type("python3 program.py")
        wanted = re.findall(r"print\(.*\)\s+# (.*)$", block.text, flags=re.M)
        shown = output.splitlines()
        return wrong or (None if not wanted or shown == wanted else f"printed {shown}, not {wanted}")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._stop()
        self.terminal.close()
        shutil.rmtree(self.directory, ignore_errors=True)
