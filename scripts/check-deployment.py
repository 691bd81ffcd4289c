#!/usr/bin/env python3
"""Checks Dockerfile, docker-compose.yml and the systemd unit as far as that goes without an engine.

Each check is one sentence; the closing line counts them. Where a tool that knows better is installed
(`docker compose`, `systemd-analyze`), it is asked too, and the output says so.
"""

import ipaddress
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
passed, failed = 0, 0


def check(sentence, holds):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    print(f"{'ok    ' if holds else 'FAILED'} {sentence}")


def dockerfile():
    """The instructions of the Dockerfile, continuation lines joined."""
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line and not line.startswith("#")]


def check_image():
    steps = dockerfile()
    last = max(at for at, (word, _) in enumerate(steps) if word == "FROM")
    final = dict(steps[last:])
    check("the image is built in stages", sum(word == "FROM" for word, _ in steps) > 1)
    check("every base image has a fixed version", all(":" in rest.split()[0] for word, rest in steps if word == "FROM"))
    check("the image runs as a user without rights", final.get("USER", "root").split(":")[0] not in ("root", "0"))
    check("the image checks its own health", '"chairside", "healthcheck"' in final.get("HEALTHCHECK", ""))
    check("what serves is not a shell", final.get("ENTRYPOINT") == '["chairside"]' and final.get("CMD") == '["serve"]')
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")}
    copied = {name for word, rest in steps if word == "COPY" and "--from" not in rest for name in rest.split()[:-1]}
    check("what the image copies exists and is sent to the builder", all((ROOT / n).exists() for n in copied) and copied == allowed)
    embedded = {ROOT / p for f in ROOT.glob("src/**/*.rs") for p in re.findall(r'embed_migrations!\("([^"]+)"\)', f.read_text())}
    included = {(f.parent / p).resolve() for f in ROOT.glob("src/**/*.rs") for p in re.findall(r'include_(?:str|bytes)!\(\s*"([^"]+)"', f.read_text())}
    inside = [any(path.is_relative_to(ROOT / name) for name in copied) for path in embedded | included]
    check("every file the binary embeds is copied into the build", all(inside))


def check_compose():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    database, migrate, server = (compose["services"][name] for name in ("database", "migrate", "server"))
    check("the database reports its health", "pg_isready" in " ".join(database["healthcheck"]["test"]))
    check("migrations wait for a healthy database", migrate["depends_on"]["database"]["condition"] == "service_healthy")
    check("the server waits for the migrations", server["depends_on"]["migrate"]["condition"] == "service_completed_successfully")
    check("the server reports its health", server["healthcheck"]["test"] == ["CMD", "chairside", "healthcheck"])
    check("the server's root file system is read-only", server["read_only"] is True and migrate["read_only"] is True)
    check("the server is not root and has no capability", server["user"] not in ("0", "root") and server["cap_drop"] == ["ALL"])
    check("the server is reached from this host only", all(str(port).startswith("127.0.0.1:") for port in server["ports"]))
    network = compose["networks"]["default"]["ipam"]["config"][0]
    proxies = server["environment"]["CHAIRSIDE_TRUSTED_PROXIES"]
    check("plain HTTP is taken from the host alone", proxies == f"{network['gateway']}/32")
    check("the host is in the network of the containers", ipaddress.ip_address(network["gateway"]) in ipaddress.ip_network(network["subnet"]))
    mounts = [mount.split(":")[0] for service in compose["services"].values() for mount in service.get("volumes", [])]
    check("every volume is declared", set(mounts) == set(compose["volumes"]))
    check("no password stands in the file", "POSTGRES_PASSWORD:?" in database["environment"]["POSTGRES_PASSWORD"])
    user = next(rest for word, rest in reversed(dockerfile()) if word == "USER")
    check("compose and image agree on the user", server["user"] == user)
    if shutil.which("docker") and not subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        run = subprocess.run(["docker", "compose", "config", "--quiet"], cwd=ROOT, env={**os.environ, "POSTGRES_PASSWORD": "x"})
        check("docker compose accepts the file", run.returncode == 0)
    else:
        print("note   docker compose is not installed here: its own check was not run")


def check_unit():
    text = (ROOT / "contrib/chairside.service").read_text()
    settings = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    check("the unit starts the server", settings["ExecStart"] == "/usr/local/bin/chairside serve")
    check("a reload reads certificate and keys again", settings["ExecReload"] == "/bin/kill -HUP $MAINPID")
    hardened = {"NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
                "DynamicUser": "yes", "CapabilityBoundingSet": "", "UMask": "0077", "MemoryDenyWriteExecute": "yes"}
    check("the unit is hardened", all(settings.get(name) == value for name, value in hardened.items()))
    if shutil.which("systemd-analyze"):
        # The program is not installed where this runs; any other complaint counts.
        run = subprocess.run(["systemd-analyze", "verify", str(ROOT / "contrib/chairside.service")], capture_output=True, text=True)
        complaints = [line for line in run.stderr.splitlines() if "chairside.service" in line and "not executable" not in line]
        check("systemd accepts the unit", not complaints)
    else:
        print("note   systemd-analyze is not installed here: its own check was not run")


def check_programs():
    """What the files call must be a command of the binary, when one has been built."""
    binary = Path(os.environ.get("CHAIRSIDE_BIN", ROOT / "target/debug/chairside"))
    if not binary.exists():
        print("note   no binary has been built yet: its commands were not compared")
        return
    usage = subprocess.run([binary, "--help"], capture_output=True, text=True, timeout=20).stdout
    for command in ("serve", "migrate", "healthcheck", "bootstrap", "init", "keys"):
        check(f"the binary has the command {command}", re.search(rf"^\s+{command}\b", usage, re.M))


for part in (check_image, check_compose, check_unit, check_programs):
    part()
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
