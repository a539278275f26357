#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""A platform whose buses speak TLS, with certificates made for the test: its commands work; who is not to be let in is told
why and disturbs nobody; handshakes and frames that stay half-sent, and peers that die, leave nothing behind."""
import contextlib
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "cli")]
from authority import PATIENCE_S, REQ, Authority, Identity, Wire, greeting, is_closed, plain, port_of, wait_for, wrapped
from commands import ADA, fluvius
from platform_under_test import Platform, Tap, tool

tap = Tap()
TLS = ("--bus", "tls+tcp://127.0.0.1:0", "--events", "tls+tcp://127.0.0.1:0")
HEALTH = {"v": 1, "t": "req", "q": [{"op": "health"}]}
METRICS = {"v": 1, "t": "req", "q": [{"op": "metrics"}]}
DIED = 200


def said(text, wanted, name):
    return tap.check(wanted in text, name, f"wanted: {wanted}\nsaid: {text}")


class Certificates:
    def __init__(self, directory):
        ours, strangers = Authority(directory, "ours"), Authority(directory, "strangers")
        self.broker = ours.sign("broker", "DNS:localhost,IP:127.0.0.1")
        self.client = ours.sign("client", "DNS:client")
        self.elsewhere = ours.sign("elsewhere", "DNS:elsewhere")
        self.expired = ours.sign("expired", "DNS:client,IP:127.0.0.1", "-days", "-1")
        self.outsider = strangers.sign("outsider", "DNS:client").trusting(ours.pem)
        self.stranger = Identity(self.client.certificate, self.client.key, strangers.pem)
        self.nobody = Identity(None, None, ours.pem)


@contextlib.contextmanager
def broker(identity, *options, bus="tls+tcp://127.0.0.1:0", events="tcp://127.0.0.1:0", environment=None):
    """(bus, what was logged until now) of a lone broker."""
    read, write = os.pipe()
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen([tool("fluvius-broker"), "--bus", bus, "--events", events, *options], stderr=log,
                                   pass_fds=[write], env={**os.environ, **(identity.environment() if identity else {}),
                                                          "FLUVIUS_READY_FD": str(write), **(environment or {})})
        os.close(write)

        def logged():
            log.seek(0)
            return log.read()
        try:
            with os.fdopen(read) as ready:
                line = ready.readline().split()
            yield (line[1] if len(line) > 1 else None), logged
        finally:
            process.terminate()
            process.wait(20)


def metric(text, name):
    found = re.search(rf"^{name}(?:{{.*}})? (\d+)$", text, flags=re.M)
    return int(found[1]) if found else -1


# ---- what works ----

def commands_work(platform, run):
    answer = run("send", "bank:open", "account/ada", ADA)
    tap.check(answer.code == 0, "a command is decided", answer)
    tap.check(run("send", "bank:deposit", "account/ada", '{"amount":500}').code == 0, "and another")
    tap.check(run("state", "bank.account/ada").json().get("data", {}).get("balance") == 500, "state shows what came of them")
    tap.check(len(run("events", "bank.account/ada").lines()) >= 1, "events are shown")
    tap.check(len(run("tail").lines()) == 2, "tail shows the log")
    tap.check(run("describe").code == 0 and run("health").json().get("status") == "ok", "describe and health answer")
    tap.check(metric(run("metrics").out, "fluvius_tls_expiry_time") > 0, "the certificate's end is a metric")
    done = subprocess.run(["curl", "-s", "--json", '{"amount":1}', platform.http + "/bank:deposit/account/ada"],
                          stdout=subprocess.PIPE, text=True, check=False)
    tap.check('"OK"' in done.stdout, "the gateway's requests come by TLS", done.stdout)


def tail_follows(platform, certificates):
    with subprocess.Popen([tool("fluvius"), "tail", "--follow", "--data", platform.data], stdout=subprocess.PIPE, text=True,
                          env={**os.environ, **certificates.client.environment()}) as tail:
        first = [tail.stdout.readline() for _ in range(3)]
        fluvius("send", "bank:deposit", "account/ada", '{"amount":2}', "--data", platform.data,
                environment=certificates.client.environment())
        line = tail.stdout.readline()
        tail.terminate()
    tap.check(all(first) and '"amount":2' in line, "tail --follow hears of what is committed", line)


def others_speak(platform, certificates):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with Wire(platform.bus, certificates.client, version) as wire:
            tap.check(wire.ask(HEALTH)["r"][0]["st"] == "ok", f"another TLS library is answered by {version.name}")
    try:
        wrapped(platform.bus, certificates.client, ssl.TLSVersion.TLSv1_1, "DEFAULT:@SECLEVEL=0").close()
        tap.check(False, "TLS 1.1 is refused")
    except ssl.SSLError as error:
        tap.check("alert protocol version" in str(error), "TLS 1.1 is refused", error)


# ---- who is refused ----

class Steady:
    """Somebody who sends deposits all the time: with Steady(...) as steady, then steady.failed, steady.sent."""

    def __init__(self, platform, environment):
        self.platform, self.environment = platform, environment
        self.sent, self.failed, self.stopping = 0, [], False
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        while not self.stopping:
            answer = fluvius("send", "bank:deposit", "account/ada", '{"amount":1}', "--data", self.platform.data,
                             environment=self.environment)
            self.sent += 1
            if answer.code != 0:
                self.failed.append(str(answer))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.stopping = True
        self.thread.join()


def refused_clients(platform, certificates):
    url = platform.bus
    cases = (("without a certificate", certificates.nobody.environment(), "wants a certificate of ours"),
             ("of another authority", certificates.outsider.environment(), "does not know the authority of our certificate"),
             ("whose certificate has expired", certificates.expired.environment(), "says that our certificate has expired"),
             ("that trusts another authority", certificates.stranger.environment(), "of an authority that is not in tls-authority"),
             ("that expects another name", certificates.client.environment(server_name="elsewhere"), 'is not for "elsewhere"'))
    for name, environment, wanted in cases:
        answer = fluvius("state", "bank.account/ada", "--bus", url, "--deadline", "1500", environment=environment)
        tap.check(answer.code == 10, f"a client {name} is not answered", answer)
        said(answer.err, f"{url} ", f"a client {name} is told where")
        said(answer.err, wanted, f"a client {name} is told why")
    answer = fluvius("state", "bank.account/ada", "--bus", url.replace("tls+", ""), "--deadline", "1500")
    said(answer.err, "speaks TLS: tls+tcp:// is meant", "a client in plain TCP is told why")
    host = "tls+tcp://localhost:" + url.rsplit(":", 1)[1]
    answer = fluvius("state", "bank.account/ada", "--bus", host, environment=certificates.client.environment())
    tap.check(answer.code == 0, "every name of the certificate will do", answer)
    answer = fluvius("state", "bank.account/ada", "--bus", url)
    said(answer.err, "tls-authority is missing", "a client without settings is told what is missing")


def refusals_are_told(platform, run):
    with open(platform.log, encoding="utf-8") as log:
        text = log.read()
    for reason in ("shows no certificate", "shows a certificate of an authority that is not in tls-authority",
                   "shows a certificate that has expired", "does not speak TLS"):
        said(text, reason, f"the broker's log says: {reason}")
    tap.check(metric(run("metrics").out, "fluvius_tls_refusals_total") >= 6, "refusals are counted")


def refusing(platform, certificates, run):
    before = platform.children()
    with Steady(platform, certificates.client.environment()) as steady:
        refused_clients(platform, certificates)
    tap.check(steady.sent > 5 and not steady.failed, "nobody else was disturbed", "\n".join(steady.failed))
    tap.check(platform.children() == before, "and no process ended")
    refusals_are_told(platform, run)


# ---- half-sent, and dead peers ----

def half_handshakes(platform, certificates, run):
    with Steady(platform, certificates.client.environment()) as steady:
        sockets = [plain(platform.bus) for _ in range(60)]
        for number, sock in enumerate(sockets):
            if number % 3:
                sock.sendall(b"\x16\x03\x01" if number % 3 == 1 else b"\x16\x03\x01\x02\x00" + bytes(100))
        closed = [is_closed(sock) for sock in sockets]
    tap.check(all(closed), "handshakes that stay half-done are closed", f"{closed.count(False)} were not")
    tap.check(not steady.failed, "others were served meanwhile", "\n".join(steady.failed))
    for sock in sockets:
        sock.close()


def connections(run):
    return metric(run("metrics").out, "fluvius_connections")


def dying_peers(platform, certificates, run):
    before, broker_before = connections(run), platform.children()["broker"]
    for number in range(DIED):
        wire = Wire(platform.bus, certificates.client)
        wire.send_part(100000 if number % 2 else 100, b"x" * (70000 if number % 2 else 10))
        wire.reset() if number % 4 < 2 else wire.close()
    settled = wait_for(lambda: connections(run) <= before)
    tap.check(settled, f"{DIED} peers that died in the middle of a message leave nothing behind", connections(run))
    tap.check(platform.children()["broker"] == broker_before, "and the broker did not have to start over")


def is_cut_for_not_reading(bus, certificates):
    """Asks again and again, and reads nothing."""
    with Wire(bus, certificates.client) as wire:
        wire.socket.settimeout(PATIENCE_S)
        try:
            for _ in range(1000000):
                wire.send({**METRICS, "q": METRICS["q"] * 100})
        except OSError as error:
            return not isinstance(error, TimeoutError)
        return False


def bounds(certificates):
    with broker(certificates.broker, "--connections-per-address", "8", "--idle-ms", "1000", "--send-ms", "500") as (bus, logged):
        sockets = [plain(bus) for _ in range(8)]
        tap.check(is_closed(plain(bus), 5), "one more than an address may have is closed, before any handshake")
        for sock in sockets:
            sock.close()

        def wire_again():
            with contextlib.suppress(OSError):
                return Wire(bus, certificates.client)
            return None
        wire = wait_for(wire_again)
        tap.check(wire is not None, "and there is room when they are gone")
        wire.send_part(1000, b"half")
        tap.check(is_closed(wire.socket), "a frame that stays half-sent is closed after idle-ms")
        with Wire(bus, certificates.client) as large:
            large.send_part(1 << 40, b"")
            tap.check(is_closed(large.socket), "a frame that is too large is closed")
        tap.check(is_cut_for_not_reading(bus, certificates), "who takes no replies is cut")
        with Wire(bus, certificates.client) as wire:
            alone = wait_for(lambda: metric(wire.ask(METRICS)["r"][0]["data"], "fluvius_connections") == 1)
            tap.check(alone, "and of all these nothing is left behind")
        tap.check("starting over" not in logged(), "the broker is well", logged())


def listening_ports(pid):
    """The ports on which a process listens."""
    inodes = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            inodes.add(os.readlink(f"/proc/{pid}/fd/{name}"))
    with open("/proc/net/tcp", encoding="ascii") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    return {int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes}


def past_the_tunnel(platform):
    """The broker's nng listens on loopback, but only for its own process."""
    outer = {port_of(platform.bus), port_of(platform.events)}
    inner = listening_ports(platform.children()["broker"]) - outer
    tap.check(len(inner) == 2, "behind each TLS address is one of loopback", inner)
    for port in inner:
        with plain(f"tcp://127.0.0.1:{port}") as sock:
            sock.sendall(greeting(REQ) + (5).to_bytes(8, "big") + b"\x80\0\0\1\x80")
            answer = bytearray()
            closed = is_closed(sock, answer=answer)
        tap.check(closed and len(answer) <= 8, "who connects there from outside is closed, unanswered", answer)


# ---- mutual ----

def work(name, token=None):
    frame = {"v": 1, "t": "work", "shard": name, "boot": 1, "r": []}
    return {**frame, "tok": token} if token else frame


def services(certificates):
    environment = {"FLUVIUS_SERVICE_TOKEN": "s3cret-of-the-services"}
    with broker(certificates.broker, "--tls-clients", "optional", environment=environment) as (bus, _):
        with Wire(bus, certificates.nobody) as wire:
            tap.check(wire.ask(HEALTH)["r"][0]["st"] == "ok", "where certificates are optional a client needs none")
            answer = wire.ask(work("thief", environment["FLUVIUS_SERVICE_TOKEN"]))
            tap.check(answer.get("code") == "unauthenticated", "but a shard needs one, whatever token it has", answer)
        with Wire(bus, certificates.client) as wire:
            answer = wire.ask(work("thief", "another-token"))
            tap.check(answer.get("code") == "unauthenticated", "a certificate does not stand for the token", answer)
            wire.send(work("both", environment["FLUVIUS_SERVICE_TOKEN"]))
            with Wire(bus, certificates.client) as other:
                taken = wait_for(lambda: "both" in [shard["name"] for shard in other.ask(HEALTH)["r"][0]["data"]["shards"]])
            tap.check(taken, "a shard with both is taken")
        try:
            Wire(bus, certificates.outsider).close()
            tap.check(False, "a certificate that is shown must be good")
        except OSError:
            tap.check(True, "a certificate that is shown must be good")


# ---- kills ----

def kill(platform, name):
    pid = platform.children()[name]
    os.kill(pid, signal.SIGKILL)
    return wait_for(lambda: platform.children().get(name, pid) != pid)


def kills(platform, certificates, run):
    with Steady(platform, certificates.client.environment()) as steady:
        for name in ("broker", "shard-0", "broker", "gateway", "shard-1", "broker"):
            tap.check(kill(platform, name), f"{name} is started again after kill -9")
            healthy = wait_for(lambda: run("health", "--deadline", "2000").json().get("status") == "ok")
            tap.check(healthy, "and all is well by itself", run("health"))
    tap.check(steady.sent > 5 and not steady.failed, "no command failed meanwhile", "\n".join(steady.failed))
    done = subprocess.run(["curl", "-s", "--json", '{"amount":1}', platform.http + "/bank:deposit/account/ada"],
                          stdout=subprocess.PIPE, text=True, check=False)
    tap.check('"OK"' in done.stdout, "the gateway found the broker again", done.stdout)


# ---- settings ----

def service_says(program, *options, environment=None):
    done = subprocess.run([tool(program), *options], capture_output=True, text=True, timeout=30, check=False,
                          env={**os.environ, **(environment or {})})
    return done.returncode, done.stderr


def bad_settings(certificates, directory):
    good, locked = certificates.broker, os.path.join(directory, "open.key")
    shutil.copy(good.key, locked)
    os.chmod(locked, 0o644)
    bus = ("--bus", "tls+tcp://127.0.0.1:0", "--events", "tcp://127.0.0.1:0")
    cases = (("no certificate", {}, "tls-certificate is missing"),
             ("no key", {"FLUVIUS_TLS_CERTIFICATE": good.certificate}, "tls-key is missing"),
             ("a file that is not there", good.environment(certificate="/none.pem"), "tls-certificate /none.pem: No such file"),
             ("a key of another certificate", good.environment(key=certificates.client.key), "is not the key of the certificate in"),
             ("a key that everybody may read", good.environment(key=locked), "open.key: everybody may read it"),
             ("clients to be checked, but against nothing", good.environment(authority=None, clients="required"), "tls-authority is missing"),
             ("a word that says nothing", good.environment(clients="perhaps"), "tls-clients perhaps: is not required, optional or none"))
    for name, environment, wanted in cases:
        code, text = service_says("fluvius-broker", *bus, environment=environment)
        tap.check(code == 2 and wanted in text, f"a broker with {name} is refused, by name", text)
    code, text = service_says("fluvius-broker", "--bus", "tcp://127.0.0.1:0", environment=good.environment())
    tap.check(code == 2 and "nothing would be encrypted" in text, "a certificate for nothing is refused", text)
    for program, options in (("fluvius-shard", ("--bus", "tls+tcp://127.0.0.1:1")), ("fluvius-gateway", ("--bus", "tls+tcp://127.0.0.1:1"))):
        code, text = service_says(program, *options)
        tap.check(code == 2 and "tls-authority is missing" in text, f"{program} without an authority is refused", text)
    code, text = service_says("fluvius", "up", "--data", os.path.join(directory, "none"), *TLS, environment={"FLUVIUS_TLS_KEY": good.key})
    tap.check(code == 2 and "tls-certificate is missing" in text, "fluvius up looks before it starts anything", text)
    shown = fluvius("config", *TLS, environment=good.environment()).out
    tap.check(shown.count(good.certificate) == 7 and "FLUVIUS_TLS_CERTIFICATE" in shown, "fluvius config shows them", shown)


def in_the_clear(certificates, directory):
    tokens = os.path.join(directory, "tokens")
    with open(os.open(tokens, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
        file.write("a-token-that-is-long-enough ada acme\n")
    everywhere = ("--token-file", tokens)
    with broker(None, *everywhere, bus="tcp://0.0.0.0:0") as (_, logged):
        said(logged(), "credentials travel in the clear", "a plain address beyond loopback is taken with a token file, with a warning")
    with broker(certificates.broker, *everywhere, bus="tls+tcp://0.0.0.0:0") as (_, logged):
        tap.check("in the clear" not in logged(), "with TLS there is no warning", logged())
    code, text = service_says("fluvius-broker", "--bus", "tls+tcp://0.0.0.0:0", environment=certificates.broker.environment())
    tap.check(code == 2 and "token-file" in text, "TLS does not stand for the token file", text)


def server_certificates(certificates):
    for identity, wanted in ((certificates.expired, "shows a certificate that has expired"),
                             (certificates.elsewhere, 'shows a certificate that is not for "127.0.0.1"')):
        with broker(identity) as (bus, logged):
            answer = fluvius("health", "--bus", bus, "--deadline", "1500", environment=certificates.client.environment())
            said(answer.err, wanted, f"a client of such a broker says: {wanted}")
            if identity is certificates.expired:
                said(logged(), "certificate ends soon", "and the broker said so as it started")
    with broker(None, bus="tcp://127.0.0.1:0") as (bus, _):
        answer = fluvius("health", "--bus", "tls+" + bus, "--deadline", "1500", environment=certificates.client.environment())
        said(answer.err, "does not speak TLS", "a TLS client of a plain broker says so")


def main():
    directory = tempfile.mkdtemp(prefix="fluvius-tls-")
    try:
        certificates = Certificates(directory)
        bad_settings(certificates, directory)
        in_the_clear(certificates, directory)
        server_certificates(certificates)
        services(certificates)
        bounds(certificates)
        with Platform(*TLS, environment=certificates.broker.environment()) as platform:
            def run(command, *words):
                return fluvius(command, *words, "--data", platform.data, environment=certificates.client.environment())
            commands_work(platform, run)
            tail_follows(platform, certificates)
            others_speak(platform, certificates)
            refusing(platform, certificates, run)
            half_handshakes(platform, certificates, run)
            dying_peers(platform, certificates, run)
            past_the_tunnel(platform)
            kills(platform, certificates, run)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    tap.end()


if __name__ == "__main__":
    main()
