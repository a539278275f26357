#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""The state is what the events say: the bytes that live actors reported before everything was killed equal those that a
fresh process derives from the events alone, whatever compiler and optimization it was built with."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from platform_under_test import Platform, Tap, BUILD, ROOT

ACCOUNTS, ANSWERS = 300, 20000
VARIANTS = (("gcc -O0", "gcc", "-O0"), ("gcc -O2", "gcc", "-O2"), ("clang -O2", "clang", "-O2"))
tap = Tap()


def tools(name):
    return os.path.join(BUILD, "tests", "tools", name)


def work(platform):
    """Commands of all kinds from three clients, until there are enough answers."""
    subprocess.run([tools("kill_client"), platform.bus, "open", str(ACCOUNTS), "64"], stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, check=True)
    clients = []
    for seed in range(1, 4):
        log = open(os.path.join(platform.data, f"client-{seed}.log"), "wb")
        clients.append((subprocess.Popen([tools("kill_client"), platform.bus, str(seed), str(ACCOUNTS), "64"],
                                         stdin=subprocess.PIPE, stdout=log, stderr=subprocess.DEVNULL), log))
    while sum(os.path.getsize(log.name) for _, log in clients) < ANSWERS * 90:  # a line has about 90 bytes
        time.sleep(0.02)
    for client, log in clients:
        client.stdin.close()
        client.wait()
        log.close()


def live_states(platform):
    done = subprocess.run([tools("live_states"), platform.bus, str(ACCOUNTS)], stdout=subprocess.PIPE, check=False)
    tap.check(done.returncode == 0, "live actors report their states")
    return set(done.stdout.decode().splitlines())


def kill_all(platform):
    children = platform.children()
    os.kill(platform.process.pid, signal.SIGKILL)
    for pid in children.values():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    platform.process.wait()


def build(name, compiler, optimization, directory):
    command = ["cmake", "-S", ROOT, "-B", directory, "-G", "Ninja", f"-DCMAKE_C_COMPILER={compiler}",
               "-DCMAKE_BUILD_TYPE=None", f"-DCMAKE_C_FLAGS={optimization}", "-DFLUVIUS_TESTS=OFF"]
    for step in (command, ["cmake", "--build", directory, "--target", "fluvius", "bank"]):
        done = subprocess.run(step, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            tap.check(False, f"{name} builds", done.stdout.decode()[-3000:])
            return False
    return True


def derived_states(data, directory):
    done = subprocess.run([os.path.join(directory, "bin", "fluvius"), "replay", "--states", "--data", data, "--domain",
                           os.path.join(directory, "domains", "bank.so")], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    lines = {line for line in done.stdout.decode().splitlines() if not line.startswith("{")}
    return lines, done


def main():
    directory = tempfile.mkdtemp(prefix="fluvius-variants-")
    with Platform() as platform:
        work(platform)
        live = live_states(platform)
        kill_all(platform)
        first = None
        for name, compiler, optimization in VARIANTS:
            variant = os.path.join(directory, name.replace(" ", ""))
            if not build(name, compiler, optimization, variant):
                continue
            derived, done = derived_states(platform.data, variant)
            tap.check(done.returncode == 0, f"{name}: every state is derived again and matches its snapshot",
                      (done.stdout + done.stderr).decode()[-2000:])
            tap.check(live and live <= derived, f"{name}: the bytes of {len(live)} live states are derived again",
                      "\n".join(sorted(live - derived)[:5]))
            first = first or derived
            tap.check(derived == first, f"{name}: all {len(derived)} states equal those of the first build")
    shutil.rmtree(directory, ignore_errors=True)
    tap.end()


main()
