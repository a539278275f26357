#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""What `cmake --install` makes: programs that run, units that systemd takes, manual pages that say what --help says, a sample
that every service takes, and a tree in which domains are built."""
import os
import re
import subprocess
import tempfile

from files import DEPLOY, have, run, text_of
from platform_under_test import BUILD, Tap, tool

tap = Tap()
PROGRAMS = ("fluvius", "fluvius-broker", "fluvius-shard", "fluvius-projector", "fluvius-query", "fluvius-gateway")
UNITS = ("fluvius.service", "fluvius-broker.service", "fluvius-shard@.service", "fluvius-projector@.service", "fluvius-query@.service", "fluvius-gateway.service")
HARDENED = ("NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "DynamicUser=yes",
            "CapabilityBoundingSet=\n", "RestrictAddressFamilies=", "SystemCallFilter=@system-service", "Restart=always")


def installed(prefix):
    code, said = run("cmake", "--install", BUILD, "--prefix", prefix)
    tap.check(code == 0, "cmake --install puts everything there", said)
    wanted = [f"bin/{name}" for name in PROGRAMS + ("fluvius-backup",)] + [f"lib/systemd/system/{name}" for name in UNITS] + \
        [f"share/man/man1/{name}.1" for name in PROGRAMS] + \
        ["lib/fluvius/domains/bank.so", "lib/fluvius/domains/objects.so", "share/fluvius/fluvius.conf", "include/fluvius/domain.h",
         "lib/cmake/fluvius/fluvius-config.cmake"]
    missing = [name for name in wanted if not os.path.exists(os.path.join(prefix, name))]
    tap.check(not missing, "programs, domains, headers, units, pages, a sample", missing)
    for name in PROGRAMS:
        code, said = run(os.path.join(prefix, "bin", name), "--version")
        tap.check(code == 0 and said.startswith(name), f"{name} runs from there", said)
    with open(os.path.join(prefix, "lib/cmake/fluvius/fluvius-config.cmake"), encoding="utf-8") as file:
        tap.check(os.path.realpath(BUILD) not in file.read(), "what domains are built with names no build tree")


def units(prefix):
    directory = os.path.join(prefix, "lib/systemd/system")
    for name in UNITS:
        with open(os.path.join(directory, name), encoding="utf-8") as file:
            text = file.read()
        missing = [line for line in HARDENED if line not in text]
        tap.check(not missing, f"{name} is shut in and started again", missing)
        tap.check(f"={prefix}/bin/fluvius" in text and "@" not in re.sub(r"@system-service|fluvius-(shard|projector|query)@", "", text),
                  f"{name} starts the program that was installed", text)
    if have("systemd-analyze"):
        code, said = run("systemd-analyze", "verify", "--man=no", *[os.path.join(directory, name) for name in UNITS])
        tap.check(code == 0 and not said.strip(), "systemd-analyze verify has nothing to say", said)
    else:
        tap.note("no systemd-analyze here: units were not verified by systemd")


def pages():
    code, said = run(os.path.join(DEPLOY, "man", "generate"), "--check", environment={"FLUVIUS_BUILD": BUILD})
    tap.check(code == 0, "the manual pages say what --help says", said)
    for name in PROGRAMS:
        text = text_of("man", name + ".1")
        bare = [section for section in (".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION", ".SH EXIT STATUS", ".SH SEE ALSO")
                if section not in text]
        tap.check(not bare, f"{name}.1 has its sections", bare)
        if have("mandoc"):
            code, said = run("mandoc", "-T", "lint", "-W", "warning", os.path.join(DEPLOY, "man", name + ".1"))
            tap.check(code == 0, f"mandoc finds no fault in {name}.1", said)
        elif have("groff"):
            code, said = run("groff", "-man", "-ww", "-z", os.path.join(DEPLOY, "man", name + ".1"))
            tap.check(code == 0 and not said, f"groff finds no fault in {name}.1", said)


def sample():
    """As it is, and with every commented setting in force."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "fluvius.conf")
        for what, text in (("the sample", text_of("config", "fluvius.conf")),
                           ("each of its commented settings", re.sub(r"^#(?=[a-z-]+ =)", "", text_of("config", "fluvius.conf"), flags=re.M))):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace("file:/etc", "/etc"))
            for command in (["fluvius", "up"], ["fluvius-broker"], ["fluvius-shard"], ["fluvius-projector"], ["fluvius-query"], ["fluvius-gateway"]):
                code, said = run(tool(command[0]), *command[1:], "--config", path, "--print-config")
                tap.check(code == 0 and said, f"{' '.join(command)} takes {what}", said)
        shown = {line.split()[0]: line for line in re.findall(r"^#([a-z-]+ = .*)$", text_of("config", "fluvius.conf"), flags=re.M)}
        tap.check(len(shown) > 15, "the sample shows what there is", shown)


def domains(prefix):
    with tempfile.TemporaryDirectory() as directory:
        code, said = run(os.path.join(prefix, "bin", "fluvius"), "new", "domain", "orders", cwd=directory)
        tap.check(code == 0, "an installed fluvius new makes a domain", said)
        made = os.path.join(directory, "orders")
        with open(os.path.join(made, "CMakeLists.txt"), encoding="utf-8") as file:
            tap.check(f'"{prefix}"' in file.read(), "that is built with what is installed")
        code, said = run("sh", "-c", "cmake -B build && cmake --build build && ctest --test-dir build", cwd=made)
        tap.check(code == 0 and "100% tests passed" in said, "it builds and its tests pass", said)


def main():
    with tempfile.TemporaryDirectory(prefix="fluvius-install-") as prefix:
        installed(prefix)
        units(prefix)
        pages()
        sample()
        domains(prefix)
    tap.end()


if __name__ == "__main__":
    try:
        main()
    except subprocess.TimeoutExpired as error:
        tap.check(False, "it comes to an end", error)
        tap.end()
