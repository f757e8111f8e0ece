"""What is shipped fits together: image, compose file, settings and their documentation, and what a wheel carries."""

from __future__ import annotations

import json
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.cli import _parser
from bot.settings import ServerSettings
from bot.stages.gather import FOUND_LIMIT_BYTES
from bot.store.redis_client import DAY_S
from bot.store.redis_inbox import SEEN_S
from bot.store.redis_register import PULL_KEPT_S
from bot.store.redis_store import KEPT_S as RUN_KEPT_S
from bot.worker.actors import DELIVERY_ATTEMPTS
from handlers import HANDLERS
from sandbox.environments import IN_USE_S, KEPT_S, MOST_KEPT

ROOT = Path(__file__).parent.parent
VARIABLE = re.compile(r"FIXBUGS_[A-Z_]+[A-Z]")
COMPOSE_ONLY = {"FIXBUGS_PORT", "FIXBUGS_DOCKER_SOCKET", "FIXBUGS_DOCKER_GROUP"}  # read by compose.yaml itself


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(text("compose.yaml"))
    return loaded


def read_by_the_settings() -> set[str]:
    return {name for file in ("settings", "sandbox_settings") for name in VARIABLE.findall(text(f"bot/{file}.py"))}


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    documented = set(re.findall(r"^\| `(FIXBUGS_[A-Z_]+)`", text("docs/server.md"), re.MULTILINE))

    assert documented == read_by_the_settings()


@pytest.mark.parametrize(
    ("variable", "field"),
    [
        ("FIXBUGS_ACTIVE_RUNS", "active_runs"),
        ("FIXBUGS_ACTIVE_RUNS_PER_REPOSITORY", "active_runs_per_repository"),
        ("FIXBUGS_WORKER_THREADS", "worker_threads"),
        ("FIXBUGS_SANDBOX", "sandbox"),
        ("FIXBUGS_NOTICE_GAP_S", "notice_gap_s"),
        ("FIXBUGS_LEASE_S", "lease_s"),
        ("FIXBUGS_SWEEP_S", "sweep_s"),
        ("FIXBUGS_REDELIVER_S", "redeliver_s"),
        ("FIXBUGS_GITHUB_URL", "web_url"),
        ("FIXBUGS_GITHUB_API_URL", "api_url"),
    ],
)
def test_the_documented_defaults_are_the_real_ones(tmp_path: Path, variable: str, field: str) -> None:
    row = re.search(rf"^\| `{variable}` \| `([^`]*)`", text("docs/server.md"), re.MULTILINE)
    value = getattr(ServerSettings.load({}, tmp_path), field)

    assert row is not None
    assert row[1] == (f"{value:g}" if isinstance(value, float) else str(value))


@pytest.mark.parametrize("name", ["compose.yaml", "Dockerfile", "fixbugs.env.example", "README.md"])
def test_every_variable_that_is_shipped_is_one_of_the_settings(name: str) -> None:
    assert set(VARIABLE.findall(text(name))) - COMPOSE_ONLY <= read_by_the_settings()


def test_compose_runs_commands_that_the_command_line_knows() -> None:
    for name in ("web", "worker"):
        program, *arguments = compose()["services"][name]["command"]
        assert program == "fixbugs"
        assert _parser().parse_args(arguments)


def test_compose_waits_for_redis_keeps_its_data_and_starts_everything_again() -> None:
    services = compose()["services"]

    assert set(services) == {"web", "worker", "redis"}
    assert {services[name]["restart"] for name in services} == {"unless-stopped"}
    assert all("healthcheck" in service for service in services.values())
    assert services["redis"]["command"][1:3] == ["--appendonly", "yes"]
    assert "noeviction" in services["redis"]["command"]
    assert services["redis"]["volumes"] == ["redis:/data"]
    for name in ("web", "worker"):
        assert services[name]["depends_on"] == {"redis": {"condition": "service_healthy"}}
        assert services[name]["cap_drop"] == ["ALL"]


def test_no_network_leads_to_the_redis_of_compose() -> None:
    """Builds run the code of repositories, and with the worker's network."""
    services = compose()["services"]
    redis = services["redis"]

    assert redis["network_mode"] == "none"
    assert "ports" not in redis
    assert redis["command"][-6:] == ["--port", "0", "--unixsocket", "/data/redis.sock", "--unixsocketperm", "777"]
    assert redis["healthcheck"]["test"][1:4] == ["redis-cli", "-s", "/data/redis.sock"]
    for name in ("web", "worker"):
        assert services[name]["environment"]["FIXBUGS_REDIS_URL"] == "unix:///run/fixbugs-redis/redis.sock"
        assert "redis:/run/fixbugs-redis:ro" in services[name]["volumes"]


def test_the_image_is_built_once_for_both_so_that_another_up_restarts_nothing() -> None:
    services = compose()["services"]

    assert [name for name, service in services.items() if "build" in service] == ["web"]
    assert services["web"]["image"] == services["worker"]["image"]


def test_what_pip_needs_to_know_reaches_the_build_as_secrets_that_the_documentation_names() -> None:
    steps = text("Dockerfile").replace("\\\n", " ").splitlines()
    installing = [step for step in steps if "pip install" in step]
    documented = YAML(typ="safe").load(re.findall(r"```yaml\n(.*?)```", text("docs/server.md"), re.DOTALL)[0])

    assert len(installing) == 2
    for step in installing:
        assert re.findall(r"--mount=type=secret,id=(\w+)", step) == sorted(documented["secrets"], reverse=True)
    assert set(documented["services"]) < set(compose()["services"])
    assert documented["services"]["web"]["build"]["secrets"] == list(documented["secrets"])
    assert not re.findall(r"^(?:ARG|ENV) .*(?:PIP|SSL)", text("Dockerfile"), re.MULTILINE)


def test_every_volume_that_compose_mounts_is_declared_and_where_the_image_expects_it() -> None:
    services = compose()["services"]
    volumes = [volume for service in services.values() for volume in service.get("volumes", ())]
    mounted = [volume.split(":") for volume in volumes if "/var/run/docker.sock" not in volume]

    assert {name for name, *_ in mounted} == set(compose()["volumes"])
    assert {where for name, where, *_ in mounted if name == "credentials"} == {"/var/lib/fixbugs-credentials"}
    assert "FIXBUGS_CREDENTIALS_FILE=/var/lib/fixbugs-credentials/credentials.json" in text("Dockerfile")
    assert "FIXBUGS_CACHE_DIR=/var/lib/fixbugs " in text("Dockerfile").replace("\n", " ").replace("\\", " ")


def test_only_the_worker_of_compose_reaches_the_docker_engine_and_nobody_gives_up_a_profile() -> None:
    services = compose()["services"]

    reaching = [name for name, service in services.items() if "docker.sock" in str(service.get("volumes"))]
    assert reaching == ["worker"]
    assert services["worker"]["group_add"] == ["${FIXBUGS_DOCKER_GROUP:-999}"]
    for name in ("web", "worker"):
        assert services[name]["security_opt"] == ["no-new-privileges:true"]


def test_secrets_stay_out_of_compose_and_out_of_the_image() -> None:
    environment = compose()["services"]["web"]["environment"]

    assert not [name for name in environment if any(word in name for word in ("KEY", "SECRET", "TOKEN"))]
    assert text(".gitignore").count("fixbugs.env\n") == 1
    assert text(".dockerignore").splitlines()[1] == "*"


def test_the_image_is_built_from_files_that_exist_and_that_docker_is_shown() -> None:
    shown = [line[1:] for line in text(".dockerignore").splitlines() if line.startswith("!")]
    copied = [
        source
        for line in text("Dockerfile").splitlines()
        if line.startswith("COPY ") and "--from=" not in line
        for source in line.split()[1:-1]
    ]

    assert sorted(copied) == sorted(shown)
    assert all((ROOT / source).exists() for source in copied)


def test_the_image_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (.+)$", text("Dockerfile"), re.MULTILINE)

    assert users == ["10002:10002"]


@pytest.mark.parametrize(("package", "beside"), [("bot", ()), ("sandbox", ("images",))])
def test_a_wheel_carries_every_file_that_the_program_reads(package: str, beside: tuple[str, ...]) -> None:
    """`beside` are folders of a checkout: what makes images runs there."""
    tools = tomllib.loads(text("pyproject.toml"))["tool"]["setuptools"]
    patterns = tools["package-data"][package]
    files = [path.relative_to(ROOT / package) for path in (ROOT / package).rglob("*") if path.is_file()]
    read = [path for path in files if path.suffix not in (".py", ".pyc") and path.parts[0] not in beside]

    assert [str(path) for path in read if not any(fnmatch(str(path), pattern) for pattern in patterns)] == []
    assert tools["data-files"]["share/fixbugs"] == ["app.yml"]
    assert "app" in tools["py-modules"]


@pytest.mark.parametrize("package", ["bot", "handlers", "sandbox"])
def test_every_folder_with_code_is_a_package_that_a_wheel_carries(package: str) -> None:
    folders = {path.parent for path in (ROOT / package).rglob("*.py")}

    assert [str(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_the_manifest_asks_for_no_more_than_it_says_why() -> None:
    manifest = YAML(typ="safe").load(text("app.yml"))
    reasons = re.findall(r"^  (\w+): (?:read|write) # .+$", text("app.yml"), re.MULTILINE)

    assert manifest["public"] is False
    assert set(manifest["default_permissions"]) == {*reasons, "metadata"}
    assert len(manifest["description"]) <= 1000
    assert len(manifest["name"]) <= 34
    assert set(manifest["default_events"]) <= set(HANDLERS)
    assert json.dumps(manifest)


def test_the_page_on_security_names_the_apps_permissions_and_the_limits_as_they_are() -> None:
    page = text("docs/security.md")
    permissions = YAML(typ="safe").load(text("app.yml"))["default_permissions"]
    table = dict(re.findall(r"^\| ([a-z ]+): (read|write) \|", page, re.MULTILINE))

    assert {name.replace(" ", "_"): amount for name, amount in table.items()} == permissions
    found = {kind: size >> 20 for kind, size in FOUND_LIMIT_BYTES.items()}
    assert f"comments {found['comment']} MiB, logs {found['log']}, attachments {found['attachment']} at most" in page
    kept = f"{KEPT_S / 86_400:.0f} days unused; beyond {MOST_KEPT} of them, {IN_USE_S / 3600:.0f} hours"
    assert kept in page
    assert f"given up after {DELIVERY_ATTEMPTS} tries" in page
    assert (RUN_KEPT_S, SEEN_S, PULL_KEPT_S) == (30 * DAY_S, 10 * DAY_S, 400 * DAY_S)
    assert len(page.splitlines()) < 190
