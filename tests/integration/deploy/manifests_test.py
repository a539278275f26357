#!/usr/bin/env python3
# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""The Dockerfile, compose.yaml and the kubernetes manifests, as far as they can be judged without an engine: what they say, and
that the services take the settings that they give. tests/deploy/engine runs them."""
import glob
import os
import re
import subprocess
import tempfile

from files import DEPLOY, documents, have, run, text_of
from platform_under_test import ROOT, Tap, module, tool

tap = Tap()
DOMAINS = "/usr/local/lib/fluvius/domains"
SECRETS = ("client-token", "pgpass", "postgres-password", "service-token", "tokens")


# ---- the image ----

def dockerfile():
    text = text_of("Dockerfile")
    stages = re.findall(r"^FROM (\S+)(?: AS (\w+))?", text, flags=re.M)
    tap.check([stage[1] for stage in stages] == ["builder", "development", ""], "the image is built in stages", stages)
    tap.check(all(stage[0] in ("${BASE}", "builder") for stage in stages), "on a base that is an argument")
    last = text.split("FROM")[-1]
    for line in ("USER $UID:$UID", "STOPSIGNAL SIGTERM", "VOLUME /var/lib/fluvius", "rm -rf /var/lib/apt/lists/*",
                 'CMD ["fluvius", "health", "--alive"'):
        tap.check(line in last, f"its last stage says {line[:40]}")
    tap.check("--strip" not in text, "nothing is stripped: modules are looked over by their symbols")
    ignored = os.path.join(ROOT, ".dockerignore")
    with open(ignored, encoding="utf-8") as file:
        lines = file.read().split()
    tap.check("*" in lines and "deploy/secrets" in lines, "no build tree and no secret goes into the image", lines)


def mirrors():
    """Where packages come from is said by the base image alone."""
    found = [path for path in glob.glob(os.path.join(DEPLOY, "**"), recursive=True) if os.path.isfile(path)
             and re.search(r"https?://(?!example|127\.0\.0\.1)\S*(debian|mirror|registry|proxy)", open(path, encoding="utf-8").read())]
    tap.check(not found, "no mirror of packages or images is written down", found)


# ---- secrets ----

def prepared(directory):
    code, said = run(os.path.join(DEPLOY, "prepare"), directory)
    if not os.path.exists(os.path.join(DEPLOY, ".env")) or os.geteuid() == 0:
        tap.check(code == 0 and sorted(os.listdir(directory)) == list(SECRETS), "deploy/prepare makes the secrets", said)
    modes = {name: os.stat(os.path.join(directory, name)).st_mode & 0o777 for name in SECRETS}
    tap.check(all(mode == (0o644 if name == "postgres-password" else 0o600) for name, mode in modes.items()) and
              os.stat(directory).st_mode & 0o077 == 0, "that nobody else reads", modes)
    before = {name: open(os.path.join(directory, name), encoding="utf-8").read() for name in SECRETS}
    run(os.path.join(DEPLOY, "prepare"), directory)
    after = {name: open(os.path.join(directory, name), encoding="utf-8").read() for name in SECRETS}
    tap.check(before == after, "once")
    tap.check(all(line.split()[0] in (before["client-token"], before["service-token"]) for line in before["tokens"].splitlines()[1:]),
              "the tokens are those of the token file")


# ---- settings in an environment ----

def takes(name, command, environment, directory):
    """Does the program take these settings? What they name lies in the container, so it is put where it is found."""
    here = {key: value.replace("/run/secrets/fluvius", directory).replace("/run/secrets", directory)
            for key, value in environment.items() if key not in ("FLUVIUS_DOMAIN", "FLUVIUS_CONFIG")}
    here["FLUVIUS_DOMAIN"] = module("bank")
    asked = ["fluvius", "config"] if command == ["fluvius", "up"] else [*command, "--print-config"]  # config shows the services' too
    code, said = run(tool(asked[0]), *asked[1:], environment=here, cwd=directory)
    unused = [key for key in here if key.startswith("FLUVIUS_") and key not in said
              and key not in ("FLUVIUS_TOKEN", "FLUVIUS_DOMAIN", "FLUVIUS_SERVICE_TOKEN")]
    tap.check(code == 0 and not unused, f"{name}: {command[0]} takes all settings that it is given", f"{unused}\n{said}")


def probe_is_known(name, words):
    """Runs a health check's command, where nothing listens: it must be understood."""
    code, said = run(tool(words[0]), *words[1:], "--deadline", "1")
    tap.check(code != 2 and "is not an option" not in said, f"{name}: its probe is a command", said)


# ---- compose ----

def compose_says(services):
    tap.check(set(services) >= {"postgres", "migrate", "broker-1", "broker-2", "shard", "query", "gateway", "embedded"}, "compose has its services",
              list(services))
    for name, service in services.items():
        contained = service.get("read_only") and service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]
        tap.check(contained and service["logging"]["options"]["max-size"] and service["mem_limit"] and service["pids_limit"],
                  f"{name} is shut in, and its memory, processes and logs are bounded", service)
        tap.check(service["restart"] == ("no" if name in ("migrate", "fluvius", "backup") else "unless-stopped"), f"{name} is started again as it should")
    tap.check(services["shard"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully", "shards wait for migrate")
    command = services["postgres"]["command"]
    tap.check({"-cfsync=on", "-cfull_page_writes=on", "-csynchronous_commit=on"} <= set(command), "PostgreSQL is told to be durable", command)
    tap.check("container_name" not in services["shard"] and "ports" not in services["shard"] and "hostname" not in services["shard"],
              "shards can be scaled")
    secret = [name for name, service in services.items() if any("PASSWORD" in key and not key.endswith("_FILE") for key in service.get("environment", {}))]
    tap.check(not secret, "no password stands in an environment", secret)


def compose(directory):
    path = os.path.join(DEPLOY, "compose.yaml")
    whole, = documents(path)
    tap.check(set(whole) - {key for key in whole if key.startswith("x-")} == {"services", "networks", "volumes", "secrets"},
              "compose.yaml has nothing that docker-compose 1.29 does not know", list(whole))
    services = whole["services"]
    compose_says(services)
    for name, service in services.items():
        if name in ("postgres", "fluvius", "backup"):
            continue
        environment = {key: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value)) for key, value in service["environment"].items()}
        takes(f"compose {name}", service["command"], environment, directory)
        if not service.get("healthcheck", {}).get("disable"):
            probe_is_known(f"compose {name}", service["healthcheck"]["test"][1:])
    if have("docker-compose"):
        code, said = run("docker-compose", "-f", path, "--profile", "embedded", "--profile", "tools", "config", "-q",
                         environment={"FLUVIUS_SECRETS": directory})
        tap.check(code == 0, "docker-compose takes it", said)
    else:
        tap.note("no docker-compose here: compose.yaml was read as YAML alone")


# ---- kubernetes ----

def pod_of(document):
    return document["spec"]["template"]["spec"]


def workload(document, directory):
    name, pod = document["metadata"]["name"], pod_of(document)
    labels = document["spec"]["template"]["metadata"]["labels"]
    tap.check(document["spec"]["selector"]["matchLabels"].items() <= labels.items(), f"{name}: its selector selects it")
    context = pod["securityContext"]
    tap.check(context["runAsNonRoot"] and context["seccompProfile"]["type"] == "RuntimeDefault" and context["fsGroup"] == 10001 and
              pod["automountServiceAccountToken"] is False and pod["enableServiceLinks"] is False, f"{name}: no root, no account", context)
    volumes = {volume["name"] for volume in pod["volumes"]}
    for container in pod.get("initContainers", []) + pod["containers"]:
        inner = container["securityContext"]
        tap.check(inner == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}} and
                  container["resources"]["limits"]["memory"], f"{name}: container {container['name']} is shut in", inner)
        tap.check({mount["name"] for mount in container.get("volumeMounts", [])} <= volumes, f"{name}: its mounts are volumes")
        environment = {entry["name"]: entry["value"] for entry in container["env"] if "value" in entry}
        takes(f"kubernetes {name}", container["command"], environment, directory)
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if "exec" in container.get(probe, {}):
                probe_is_known(f"kubernetes {name} {probe}", container[probe]["exec"]["command"])
            if "httpGet" in container.get(probe, {}):
                asked = container[probe]["httpGet"]
                tap.check({"name": "Host", "value": "localhost"} in asked["httpHeaders"], f"{name}: {probe} names a host that is served")


def kubernetes(directory):
    found = {}
    for path in sorted(glob.glob(os.path.join(DEPLOY, "kubernetes", "base", "*.yaml"))):
        for document in documents(path):
            found[document["kind"], document.get("metadata", {}).get("name")] = document
    workloads = [document for (kind, _), document in found.items() if kind in ("Deployment", "StatefulSet")]
    tap.check({document["metadata"]["name"] for document in workloads} >= {"fluvius-broker", "fluvius-shard", "fluvius-projector", "fluvius-query", "fluvius-gateway"},
              "kubernetes has broker, shard, projector, query and gateway", list(found))
    for document in workloads:
        name = document["metadata"]["name"]
        workload(document, directory)
        budget = found.get(("PodDisruptionBudget", name), {}).get("spec")
        tap.check(budget == {"maxUnavailable": 1, "selector": document["spec"]["selector"]}, f"{name}: pods are not all taken away at once", budget)
        service = found.get(("Service", name), {}).get("spec", {})
        tap.check(service.get("selector") == document["spec"]["selector"]["matchLabels"], f"{name}: its service finds it", service)
        ports = {port["name"] for port in pod_of(document)["containers"][0].get("ports", [])}
        tap.check({port["targetPort"] for port in service.get("ports", [])} <= ports, f"{name}: the service's ports are the container's")
        if document["kind"] == "StatefulSet":
            tap.check(service.get("clusterIP") == "None" and document["spec"]["serviceName"] == name, f"{name}: its pods have names")
    brokers = found["StatefulSet", "fluvius-broker"]["spec"]["replicas"]
    buses = ",".join(f"tcp://fluvius-broker-{number}.fluvius-broker:7410" for number in range(brokers))
    for kind, name in (("StatefulSet", "fluvius-shard"), ("Deployment", "fluvius-projector"), ("Deployment", "fluvius-query"), ("Deployment", "fluvius-gateway")):
        environment = pod_of(found[kind, name])["containers"][0]["env"]
        tap.check({"name": "FLUVIUS_BUS", "value": buses} in environment, f"{name} knows all brokers", environment)
    overlay(directory)


def overlay(directory):
    for path in ("base", "example"):
        listed, = documents(os.path.join(DEPLOY, "kubernetes", path, "kustomization.yaml"))
        files = listed["resources"] + [patch["path"] for patch in listed.get("patches", [])] + \
            [name for maker in listed.get("configMapGenerator", []) for name in maker["files"]]
        missing = [name for name in files if not os.path.exists(os.path.join(DEPLOY, "kubernetes", path, name))]
        tap.check(not missing, f"kubernetes/{path} names files that are there", missing)
        for name in files:
            if name.endswith(".yaml"):
                tap.check(documents(os.path.join(DEPLOY, "kubernetes", path, name)), f"{path}/{name} is YAML")
    if not have("kustomize"):
        tap.note("no kustomize here (it is not in Debian): manifests were judged by this test's own checks")
        return
    tree = os.path.join(directory, "kubernetes")
    run("cp", "-r", os.path.join(DEPLOY, "kubernetes"), tree)
    run(os.path.join(DEPLOY, "prepare"), os.path.join(tree, "example", "secrets"))
    code, said = run("kustomize", "build", os.path.join(tree, "example"))
    tap.check(code == 0, "kustomize builds the example", said)


def main():
    with tempfile.TemporaryDirectory(prefix="fluvius-deploy-") as directory:
        dockerfile()
        mirrors()
        prepared(directory)
        compose(directory)
        kubernetes(directory)
    tap.note("an engine is asked for by tests/deploy/engine alone")
    tap.end()


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        tap.check(False, "it comes to an end", error)
        tap.end()
