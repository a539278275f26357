# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""A Docker engine, found or started, and the project of deploy/compose.yaml on it."""
import json
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))
from platform_under_test import ROOT
from postgres_under_test import free_port

BASE, IMAGE, POSTGRES = "fluvius-engine/base", "fluvius-engine/fluvius", "fluvius-engine/postgres"
DEVELOPMENT = "fluvius-engine/development"
SUBNET, FORWARDING = "10.223.0.1/24", "/proc/sys/net/ipv4/ip_forward"


class Network:
    """What a dockerd changes in the machine's network, put back when it is gone."""

    def __init__(self):
        self.rules = subprocess.run(["iptables-save"], check=False, stdout=subprocess.PIPE).stdout
        self.bridge = os.path.exists("/sys/class/net/docker0")
        with open(FORWARDING, encoding="ascii") as file:
            self.forwarding = file.read()

    def put_back(self):
        # Tables that had no rules are not in the copy.
        for table in ("filter", "nat"):
            for words in (["-F"], ["-X"]):
                subprocess.run(["iptables", "-t", table, *words], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["iptables", "-P", "FORWARD", "ACCEPT"], check=False)
        subprocess.run(["iptables-restore"], input=self.rules, check=False)
        with open(FORWARDING, "w", encoding="ascii") as file:
            file.write(self.forwarding)
        if not self.bridge:
            subprocess.run(["ip", "link", "delete", "docker0"], check=False, stderr=subprocess.DEVNULL)


class Engine:
    """with Engine(directory) as engine: engine.usable, engine.docker("ps") ..."""

    def __init__(self, directory):
        self.directory, self.process, self.why, self.about = directory, None, "", ""
        self.network = None
        self.environment = dict(os.environ)

    def docker(self, *words, check=True, **more):
        return subprocess.run(["docker", *words], check=check, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env=self.environment, **more)

    def answers(self):
        return self.docker("info", check=False).returncode == 0

    def _start(self):
        """Gives why there is none, or an empty text."""
        missing = [program for program in ("docker", "docker-compose") if shutil.which(program) is None]
        if missing:
            return f"no {missing[0]} (Debian: docker.io docker-compose)"
        if self.answers():
            return ""
        if os.geteuid() != 0:
            return "none runs, and only root can start one"
        missing = [program for program in ("dockerd", "iptables", "ip") if shutil.which(program) is None]
        if missing:
            return f"none runs, and there is no {missing[0]} to start one (Debian: docker.io iptables iproute2)"
        self.network = Network()
        self.environment["DOCKER_HOST"] = f"unix://{self.directory}/docker.sock"
        with open(os.path.join(self.directory, "dockerd.log"), "wb") as log:
            self.process = subprocess.Popen(
                ["dockerd", "--data-root", self.directory + "/docker", "--exec-root", self.directory + "/exec", "--bip", SUBNET,
                 "--pidfile", self.directory + "/dockerd.pid", "-H", self.environment["DOCKER_HOST"]], stdout=log, stderr=log)
        for _ in range(60):
            if self.process.poll() is not None:
                break
            if self.answers():
                return ""
            time.sleep(0.5)
        with open(os.path.join(self.directory, "dockerd.log"), encoding="utf-8", errors="replace") as log:
            return "dockerd does not start here: " + log.read().splitlines()[-1]

    @property
    def usable(self):
        return self.why == ""

    def __enter__(self):
        self.why = self._start()
        if self.usable:
            info = json.loads(self.docker("info", "--format", "{{json .}}").stdout)
            self.about = f"Docker {info['ServerVersion']}, {info['Driver']}, cgroup v{info.get('CgroupVersion', '1')}" + \
                (", started for this" if self.process else "")
        return self

    def __exit__(self, *exc):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)
        if self.network is not None:
            self.network.put_back()


def make_base(engine, tap):
    """A Debian of packages alone, with this machine's sources: where the registry cannot be reached."""
    if engine.docker("image", "inspect", BASE, check=False).returncode != 0:
        tap.note("mmdebstrap makes the base image")
        tree = subprocess.Popen(["mmdebstrap", "--quiet", "--variant=minbase", "bookworm", "-"], stdout=subprocess.PIPE)
        engine.docker("import", "-", BASE, stdin=tree.stdout)
        if tree.wait() != 0:
            raise RuntimeError("mmdebstrap failed")
    return BASE


class Compose:
    """The project: compose.run("up", "-d"), compose.containers("shard") ..."""

    def __init__(self, engine, directory, base, keep):
        self.engine, self.directory, self.base, self.keep = engine, directory, base, keep
        self.secrets, self.backups = os.path.join(directory, "secrets"), os.path.join(directory, "backups")
        self.volumes = set()
        ports = {name: f"127.0.0.1:{free_port()}" for name in ("HTTP", "BUS", "EVENTS", "BUS_2", "EVENTS_2")}
        self.http, self.buses = ports["HTTP"], [f"tcp://{ports['BUS']}", f"tcp://{ports['BUS_2']}"]
        self.environment = {**engine.environment, "COMPOSE_PROJECT_NAME": "fluvius-engine", "FLUVIUS_SECRETS": self.secrets,
                            "FLUVIUS_BACKUPS": self.backups,
                            "FLUVIUS_IMAGE": IMAGE, "FLUVIUS_BASE": base, "POSTGRES_IMAGE": POSTGRES,
                            **{f"FLUVIUS_{name}_PORT": address for name, address in ports.items()}}
        subprocess.run([os.path.join(ROOT, "deploy", "prepare"), self.secrets], check=True, stdout=subprocess.DEVNULL)
        os.mkdir(self.backups)
        os.chmod(directory, 0o711)
        if os.geteuid() == 0:
            os.chown(self.backups, 10001, 10001)

    def secret(self, name):
        with open(os.path.join(self.secrets, name), encoding="utf-8") as file:
            return file.read().strip()

    def run(self, *words, check=True):
        return subprocess.run(["docker-compose", "-f", os.path.join(ROOT, "deploy", "compose.yaml"), *words], check=check,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self.environment)

    def build(self, tap):
        self.engine.docker("build", "-q", "-t", POSTGRES, "--build-arg", "BASE=" + self.base, "-f",
                           os.path.join(HERE, "postgres.Dockerfile"), HERE)
        self.run("build", "-q", "migrate")
        size = int(self.engine.docker("image", "inspect", "-f", "{{.Size}}", IMAGE).stdout)
        below = int(self.engine.docker("image", "inspect", "-f", "{{.Size}}", self.base).stdout)
        tap.check(size - below < 30 << 20, "the image is its base and less than 30 MB", f"{size} of {below}")
        tap.note(f"image: {size / 1e6:.0f} MB, of those {below / 1e6:.0f} MB base")

    def development(self, tap):
        """Domains are built in an image of their own: see docs/DEPLOY.md."""
        self.engine.docker("build", "-q", "-f", os.path.join(ROOT, "deploy", "Dockerfile"), "--target", "development", "--build-arg",
                           "BASE=" + self.base, "-t", DEVELOPMENT, ROOT)
        done = self.engine.docker("run", "--rm", DEVELOPMENT, "sh", "-c", "cd /tmp && fluvius new domain orders && cd orders && "
                                  "cmake -B build && cmake --build build && ctest --test-dir build && ls build/orders.so", check=False)
        tap.check(done.returncode == 0 and "100% tests passed" in done.stdout and "build/orders.so" in done.stdout,
                  "a domain is made, built and tested in the image for that", done.stdout + done.stderr)

    def inspect(self, container, what):
        return self.engine.docker("inspect", "-f", what, container).stdout.strip()

    def containers(self, service):
        """Those that run."""
        return self.run("ps", "-q", service).stdout.split()

    def healthy(self, services, seconds=90):
        """Waits until all containers of the services are; gives those that are not."""
        until = time.monotonic() + seconds
        while True:
            found = {container: self.inspect(container, "{{.State.Status}} {{.State.Health.Status}}")
                     for service in services for container in self.containers(service)}
            bad = {container: state for container, state in found.items() if state != "running healthy"}
            if (found and not bad) or time.monotonic() > until:
                return bad or ({} if found else {"nothing": "runs"})
            time.sleep(0.3)

    def sql(self, text):
        """Rows as COPY or psql print them."""
        return self.run("exec", "-T", "postgres", "psql", "-h", "/run/postgresql", "-X", "-q", "-A", "-t", "-U", "fluvius", "-d",
                        "fluvius", "-c", text).stdout

    def note_volumes(self):
        """Remembers the shards' own volumes: scaling down leaves them behind."""
        for container in self.run("ps", "-q", "-a", "shard", check=False).stdout.split():
            self.volumes.update(self.engine.docker("inspect", "-f", "{{range .Mounts}}{{.Name}} {{end}}", container, check=False).stdout.split())

    def remove(self):
        if self.keep:
            return
        self.note_volumes()
        self.run("--profile", "embedded", "--profile", "tools", "down", "-v", "--remove-orphans", "-t", "5", check=False)
        if self.volumes:
            self.engine.docker("volume", "rm", *self.volumes, check=False)
        self.engine.docker("image", "rm", "-f", IMAGE, DEVELOPMENT, POSTGRES, check=False)
        if self.base == BASE:
            self.engine.docker("image", "rm", "-f", BASE, check=False)
