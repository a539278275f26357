#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""Consumer groups: consumers that are killed, records that cannot be handled, dead letters.

  groups_test.py [--kills 50] [--events 5000] [--groups 3000]"""
import argparse
import json
import random
import signal
import subprocess
import time
import urllib.request

from scene import HOLDER, Scene, Tap, command, os, tool, wait_for

tap = Tap()


def handled(path):
    """[(partition, seq, aggregate, version)] in the order in which the handler had them; a torn last line is left out."""
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    records = [json.loads(line) for line in lines[:-1] if line]
    return [(record["partition"], record["seq"], record["identifier"], record["version"]) for record in records]


def deposit_all(scene, accounts, events):
    client = scene.client()
    client.send_all([command("bank:open", f"account/{name}", HOLDER) for name in accounts])
    for start in range(0, events, 200):
        client.send_all([command("bank:deposit", f"account/{accounts[i % len(accounts)]}", {"amount": 1})
                         for i in range(start, min(events, start + 200))])


def consumer(scene, group, *options):
    return subprocess.Popen([tool("fluvius"), "subscribe", group, "--data", scene.platform.data, *options],
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def group_shown(scene, name):
    answer = scene.fluvius("groups", name)
    return json.loads(answer.stdout) if answer.returncode == 0 else {}


def end(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stderr.close()


def killed_consumers(scene, kills, events):
    """Three at a time; each kill takes one away in the middle of what it does."""
    accounts, path = [f"g-{i}" for i in range(12)], os.path.join(scene.platform.data, "handled")
    deposit_all(scene, accounts, events)
    options = ["--create", "--namespace", "bank", "--lease-ms", "1000", "--batch", "20", "--exec", f"cat >>'{path}'"]
    running = [consumer(scene, "killed", *options) for _ in range(3)]
    for _ in range(kills):
        time.sleep(random.uniform(0.1, 0.5))
        victim = random.randrange(len(running))
        running[victim].kill()
        running[victim].wait()
        running[victim].stderr.close()
        running[victim] = consumer(scene, "killed", *options)
    total = len(accounts) + events
    mine = lambda: [record for record in handled(path) if record[2] in accounts]
    wait_for(lambda: len({record[:2] for record in mine()}) >= total, 60)
    wait_for(lambda: group_shown(scene, "killed").get("pending") == 0, 30)
    for process in running:
        end(process)
    records = mine()
    tap.check(len({record[:2] for record in records}) == total,
              f"with {kills} consumers killed every record was handled",
              f"{len({record[:2] for record in records})} of {total}")
    tap.check(not first_out_of_order(records), "first time in order, aggregate by aggregate", first_out_of_order(records))
    tap.check(group_shown(scene, "killed").get("pending") == 0, "and acknowledged", group_shown(scene, "killed"))
    tap.note(f"{len(records) - total} of {total} records were handed out again")


def first_out_of_order(records):
    versions = {}
    for record in records:
        _, _, name, version = record
        if version > versions.get(name, 0) + 1:
            return f"{name}: {version} after {versions.get(name, 0)}"
        versions[name] = max(version, versions.get(name, 0))
    return None


def dead_letters(scene):
    """One record in the middle cannot be handled: it alone is set aside, what is behind it is not held up for ever."""
    client, path = scene.client(), os.path.join(scene.platform.data, "letters")
    client.send("bank:open", "account/dead", HOLDER)
    for amount in (1, 666, 2, 3):
        client.send("bank:deposit", "account/dead", {"amount": amount})
    options = ["--create", "--once", "--identifier", "dead", "--attempts", "3", "--backoff-ms", "50"]
    answer = scene.fluvius("subscribe", "letters", *options, "--exec", f"grep -v '\"amount\":666' >>'{path}'")
    tap.check(answer.returncode == 0, "a group with a record that fails goes on", answer)
    tap.check([record[3] for record in handled(path)] == [1, 2, 4, 5], "what is behind it is handled in order", handled(path))
    letters = [json.loads(line) for line in scene.fluvius("dead-letters", "letters").stdout.splitlines()]
    tap.check(len(letters) == 1 and letters[0]["attempts"] == 3 and letters[0]["fault"] == "exit code 1" and
              letters[0]["record"]["data"] == {"amount": 666}, "after three tries it is listed, with the reason", letters)
    answer = scene.fluvius("dead-letters", "letters", "--replay", letters[0]["place"])
    tap.check(answer.returncode == 0, "it can be replayed", answer)
    answer = scene.fluvius("subscribe", "letters", "--once", "--exec", f"cat >>'{path}'")
    tap.check([record[3] for record in handled(path)] == [1, 2, 4, 5, 3], "it is handed out again alone", handled(path))
    tap.check(scene.fluvius("dead-letters", "letters").stdout == "", "and is gone when that went well")
    answer = scene.fluvius("dead-letters", "letters", "--replay", "0.99")
    tap.check(answer.returncode == 3 and "no_dead_letter" in answer.stderr, "another place is refused (3)", answer)


def full_dead_letters(scene):
    """Without room for another dead letter the partition halts; it goes on when there is room. Nothing is skipped."""
    client, path = scene.client(), os.path.join(scene.platform.data, "full")
    client.send("bank:open", "account/full", HOLDER)
    client.send("bank:deposit", "account/full", {"amount": 1})
    options = ["--identifier", "full", "--attempts", "1", "--dead-letters", "1", "--create", "--once"]
    scene.fluvius("subscribe", "full", *options, "--exec", "false")
    shown = group_shown(scene, "full")
    tap.check(shown["dead_letters"] == 1 and [it["halted"] for it in shown["failing"]] == [True] and shown["pending"] == 1,
              "a partition halts when the dead letters are full", shown)
    scene.fluvius("dead-letters", "full", "--discard")
    scene.fluvius("subscribe", "full", "--once", "--exec", f"cat >>'{path}'")
    tap.check([record[3] for record in handled(path)] == [2] and group_shown(scene, "full")["failing"] == [],
              "and goes on with the same record when there is room", handled(path))


def silent_group(scene):
    """Records wait and nobody acknowledges: an alarm, until somebody does."""
    client = scene.client()
    client.send("fluvius:create", "group/silent", {"silence_ms": 1000, "select": {"identifier": "dead"}})
    alarms = lambda: [alarm for alarm in client.health()["alarms"] if "group silent" in alarm]
    tap.check(wait_for(alarms), "a group whose records wait too long is an alarm")
    tap.check("degraded" in scene.fluvius("health").stdout, "which fluvius health shows")
    scene.fluvius("subscribe", "silent", "--once")
    tap.check(wait_for(lambda: not alarms()), "until they are acknowledged", alarms())
    shown = [json.loads(line)["group"] for line in scene.fluvius("groups").stdout.splitlines()]
    tap.check(sorted(shown) == ["full", "letters", "silent"], "fluvius groups lists all groups", shown)


def consumers_of(client, name):
    return {it["name"]: it["until"] for it in client.state(f"fluvius.group/{name}").data["consumers"]}


def long_command(scene):
    """A command that takes longer than the lease, while another consumer waits for its share: the lease is renewed, the
    record is handed out once, and then both go on."""
    client = scene.client()
    go, path = (os.path.join(scene.platform.data, name) for name in ("long-go", "long"))
    client.send_all([command("bank:open", f"account/long-{i}", HOLDER) for i in range(4)])
    options = ["--create", "--namespace", "bank", "--types", "opened", "--lease-ms", "1000", "--from",
               client.ask("follow", data={"from": "end"}).position]
    client.send_all([command("bank:open", f"account/long-{i}", HOLDER) for i in range(4, 12)])
    running = [consumer(scene, "long", *options, "--consumer", "first", "--exec",
                        f"echo >>'{go}-begun'; while [ ! -e '{go}' ]; do sleep 0.05; done; cat >>'{path}'")]
    wait_for(lambda: os.path.exists(go + "-begun"))
    began = consumers_of(client, "long")["first"]
    running.append(consumer(scene, "long", *options, "--consumer", "second", "--exec", f"cat >>'{path}'"))
    wait_for(lambda: "second" in consumers_of(client, "long"))
    # Times are text of one form: a lease that began after the first one would have ended.
    second = consumers_of(client, "long")["second"]
    tap.check(wait_for(lambda: consumers_of(client, "long").get("first", "") > max(began, second)),
              "the lease is renewed while a command takes longer than it", consumers_of(client, "long"))
    tap.check("first" in consumers_of(client, "long"), "and the consumer still takes part", consumers_of(client, "long"))
    open(go, "w", encoding="ascii").close()
    wait_for(lambda: group_shown(scene, "long").get("pending") == 0)
    for process in running:
        end(process)
    places = sorted(record[:2] for record in handled(path))
    tap.check(len(places) == len(set(places)) == 8 and group_shown(scene, "long")["pending"] == 0,
              "each record was handed out once, to one of the two", places)


def once_waits(scene):
    """--once does not end before what a consumer holds that has fallen silent."""
    client, path = scene.client(), os.path.join(scene.platform.data, "once")
    client.send("bank:open", "account/once", HOLDER)
    client.send("fluvius:create", "group/once", {"lease_ms": 1000, "select": {"identifier": "once"}})
    client.send("fluvius:join", "group/once", {"consumer": "silent", "partitions": client.health()["partitions"]})
    answer = scene.fluvius("subscribe", "once", "--once", "--exec", f"cat >>'{path}'")
    tap.check(answer.returncode == 0 and [record[3] for record in handled(path)] == [1],
              "--once takes over what a silent consumer held", handled(path))


def told(client, name, target, data):
    """The reply, whatever it says."""
    return client.send_all([command(name, target, data)])[0]


def mistakes(scene):
    """What is not so is refused by name, and changes nothing."""
    client = scene.client()
    client.send("fluvius:create", "group/strict", {"lease_ms": 2000, "select": {"namespace": "bank", "types": ["opened"]}})
    for options in (["--lease-ms", "3000"], ["--namespace", "objects"], ["--types", "closed"], ["--attempts", "9", "--create"]):
        answer = scene.fluvius("subscribe", "strict", "--once", *options)
        tap.check(answer.returncode == 7 and "settings_differ" in answer.stderr and options[0] in answer.stderr,
                  f"a group that is there is not what {' '.join(options)} says (7)", answer)
    answer = scene.fluvius("subscribe", "strict", "--once", "--create", "--lease-ms", "2000", "--types", "opened",
                           "--exec", "true")
    tap.check(answer.returncode == 0, "what is so is no mistake", answer)
    for words in (["dead-letters", "nobody"], ["dead-letters", "nobody", "--replay"], ["groups", "nobody"],
                  ["subscribe", "nobody", "--once"]):
        answer = scene.fluvius(*words)
        tap.check(answer.returncode == 5, f"{' '.join(words)}: there is no such group (5)", answer)
    partitions = client.health()["partitions"]
    for wrong in (partitions + 1, partitions - 1):
        reply = told(client, "fluvius:join", "group/strict", {"consumer": "c", "partitions": wrong})
        tap.check(reply.code == "wrong_partitions", f"{wrong} partitions are refused", reply)
    client.send("fluvius:join", "group/strict", {"consumer": "c", "partitions": partitions})
    place = {"partition": 3, "seq": 10 ** 9}
    for name, data in (("ack", {"places": [place]}), ("nack", {"place": place})):
        reply = told(client, f"fluvius:{name}", "group/strict", {"consumer": "c", **data})
        tap.check(reply.code == "no_such_place", f"{name} of a record that is not there is refused", reply)
    tap.check(client.state("fluvius.group/strict").data["partitions"][3]["checkpoint"] < 10 ** 9, "nothing was skipped")
    client.send("fluvius:remove", "group/strict")


def many_groups(scene, count):
    """More than a page of them: all are watched, all are listed."""
    client = scene.client()
    names = [f"many-{i:04}" for i in range(count)]
    client.send_all([command("fluvius:create", f"group/{name}", {}) for name in names])

    def watched():
        with urllib.request.urlopen(scene.platform.http + "/metrics", timeout=30) as answer:
            return max([int(line.split()[-1]) for line in answer.read().decode().splitlines()
                        if line.startswith("fluvius_groups{") or line.startswith("fluvius_groups ")], default=0)
    tap.check(wait_for(lambda: watched() >= count), f"{count} groups are watched", watched())


def over_http(scene):
    """A group is an aggregate: everything is a command that any client can send."""
    client = scene.client()
    made = client.send("fluvius:create", "group/web", {"select": {"namespace": "bank"}})
    tap.check(made.ok, "a group is made by a command", made)
    client.send("fluvius:join", "group/web", {"consumer": "c", "partitions": client.health()["partitions"]})
    partition = client.send("bank:deposit", "account/dead", {"amount": 1}).position.partition(":")[2].partition(".")[0]
    partition = int(partition)
    client.send("fluvius:ack", "group/web", {"consumer": "c", "places": [{"partition": partition, "seq": 1}]})
    state = client.state("fluvius.group/web").data
    tap.check(state["partitions"][partition]["checkpoint"] == 1 and state["partitions"][partition]["holder"] == "c",
              "its state is read like any other", state)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--events", type=int, default=240)
    parser.add_argument("--groups", type=int, default=1100)
    options = parser.parse_args()
    with Scene(queries=1) as scene:
        dead_letters(scene)
        full_dead_letters(scene)
        silent_group(scene)
        over_http(scene)
        long_command(scene)
        once_waits(scene)
        mistakes(scene)
        many_groups(scene, options.groups)
        killed_consumers(scene, options.kills, options.events)
    tap.end()


main()
