"""What a repository's existing definitions say of how it is set up and tested, friendly and hostile."""

from __future__ import annotations

import time

import pytest

from bot.ports import Service
from python_projects import tree_of
from sandbox.toolchains.hints import Hints, read_hints
from sandbox.toolchains.hints_commands import steps_of
from sandbox.toolchains.hints_containers import Said
from sandbox.toolchains.hints_reading import read_json, read_yaml
from sandbox.toolchains.python_commands import environ_for_tests, said_by
from sandbox.toolchains.python_detect import PythonProject, detect_python
from sandbox.toolchains.services import compose_services

CI = """\
env:
  STAGE: all
jobs:
  lint:
    steps: [{run: ruff check .}]
    services: {unused: {image: "nginx:1"}}
  test:
    runs-on: ubuntu-latest
    env:
      DJANGO_SETTINGS_MODULE: shop.settings
      API_TOKEN: ${{ secrets.TOKEN }}
    services:
      postgres:
        image: postgres:16
        env: {POSTGRES_PASSWORD: secret, POSTGRES_USER: "${{ secrets.X }}"}
        ports: ["5433:5432"]
        options: >-
          --health-cmd "pg_isready -U me" --health-interval 5s
    steps:
      - uses: actions/checkout@v4
      - run: |
          sudo apt-get update && sudo apt-get install -y --no-install-recommends \\
            libpq-dev git python3-dev
          python -m pip install -r requirements/ci.txt 'mock>=4' pip tox -e .[cli,tests]
          uv sync --extra api --group=slow
      - name: Tests
        env: {DATABASE_URL: "postgres://localhost/x", TZ: UTC}
        run: PYTHONPATH=. SEED=1 python -m pytest -x --ds shop.settings --cov -n 4 tests | tee out.txt
"""
FILES = {".github/workflows/ci.yml": CI, "requirements/ci.txt": "respx\n-e ./lib\n", "shop.py": "", "test_shop.py": ""}


def hints(files: dict[str, str], folder: str = ".") -> Hints:
    return read_hints(tree_of(files), folder)


def project(files: dict[str, str], folder: str = ".") -> PythonProject:
    found = detect_python(tree_of(files), folder)
    assert found is not None
    return found


# --------------------------------------------------------------- workflows


def test_the_jobs_that_run_tests_give_their_variables_without_secrets() -> None:
    assert dict(hints(FILES).environ) == {
        "STAGE": "all",
        "DJANGO_SETTINGS_MODULE": "shop.settings",
        "DATABASE_URL": "postgres://localhost/x",
        "TZ": "UTC",
        "PYTHONPATH": ".",
        "SEED": "1",
    }


def test_services_of_those_jobs_are_named_with_how_to_see_that_they_are_ready() -> None:
    (service,) = hints(FILES).services
    assert service == Service(
        "postgres", "postgres:16", (("POSTGRES_PASSWORD", "secret"),), (5432,), "pg_isready -U me"
    )


def test_what_ci_installs_of_the_system_is_said_to_people_without_what_is_here_anyway() -> None:
    assert hints(FILES).notes == (".github/workflows/ci.yml installs libpq-dev, which this sandbox does not.",)


def test_python_takes_requirements_extras_groups_variables_and_plain_options_from_ci() -> None:
    manifest = """\
[project]
name = "shop"
dependencies = []
[project.optional-dependencies]
api = ["httpx"]
docs = ["sphinx"]
[dependency-groups]
slow = ["numpy"]
dev = ["black"]
"""
    found = project({**FILES, "pyproject.toml": manifest, "lib/setup.py": ""})
    assert found.needs.tests == ("numpy", "respx", "-e {tree}/lib", "mock>=4")
    assert found.needs.extras == ("api",)
    assert found.options == ("--ds=shop.settings",)
    assert ("DJANGO_SETTINGS_MODULE", "shop.settings") in found.environ
    assert found.services[0].name == "postgres"
    assert ("pytest_django", "pytest-django") in found.imported


def test_a_job_for_another_part_of_the_repository_says_nothing_of_this_one() -> None:
    workflow = (
        "jobs:\n  t:\n    defaults: {run: {working-directory: mail}}\n    env: {A: '1'}\n    steps: [{run: pytest}]\n"
    )
    files = {".github/workflows/x.yaml": workflow}
    assert (hints(files, "shop").environ, hints(files, "mail").environ) == ((), (("A", "1"),))


def test_a_folder_that_is_entered_is_where_the_following_commands_run() -> None:
    workflow = "jobs:\n  t:\n    steps: [{run: 'cd mail && A=1 pytest'}]\n"
    assert hints({".github/workflows/x.yml": workflow}, "mail").environ == (("A", "1"),)


def test_variables_that_would_reach_into_the_machine_or_the_runner_are_never_taken() -> None:
    given = ("PATH", "HOME", "LD_PRELOAD", "PYTHONSTARTUP", "PYTEST_ADDOPTS", "http_proxy", "PIP_INDEX_URL", "GIT_DIR")
    assert environ_for_tests((*((name, "x") for name in given), ("OK", "1"), ("A B", "1"), ("X", "$HOME"))) == (
        ("OK", "1"),
    )


def test_tox_gives_options_and_variables() -> None:
    tox = "[testenv]\nsetenv =\n    MODE = fast\n    ROOT = {toxinidir}\n"
    tox += "commands = pytest --import-mode=importlib {posargs:tests} -k x\n"
    found = project({"tox.ini": tox, "a.py": "", "test_a.py": ""})
    assert (found.options, found.environ) == (("--import-mode=importlib",), (("MODE", "fast"),))


def test_toxs_own_table_is_read_as_its_ini_file_is() -> None:
    manifest = """\
[dependency-groups]
check = ["mock"]
[tool.tox.env_run_base]
deps = ["attrs", "-r more.txt", "{env:X}"]
dependency_groups = ["check"]
set_env = {MODE = "fast"}
commands = [["pytest", "--import-mode=importlib"]]
"""
    found = project({"pyproject.toml": manifest, "more.txt": "six", "a.py": ""})
    assert found.needs.tests == ("mock", "attrs", "six")
    assert (found.options, found.environ) == (("--import-mode=importlib",), (("MODE", "fast"),))


# -------------------------------------------------- containers and services


def test_a_devcontainer_and_a_dockerfile_are_told_of() -> None:
    files = {
        ".devcontainer/devcontainer.json": """{
            // what we work in
            "image": "mcr.example/python:3.11", /* soon newer */
            "features": {"ghcr.io/devcontainers/features/node:1": {"version": "lts"}},
            "postCreateCommand": "pip install 'respx' && make hooks",
        }""",
        "Dockerfile": "FROM debian:12 AS base\nFROM base\nRUN apt-get install -y \\\n  libxml2-dev=2.9 gcc\n",
    }
    found = hints(files)
    assert found.images[0] == Said("mcr.example/python:3.11", ".devcontainer/devcontainer.json")
    assert found.packages == (Said("libxml2-dev", "Dockerfile"),)
    assert said_by(found.steps, tree_of({}), ".").requirements == ("respx",)
    assert found.notes == (
        "Dockerfile installs libxml2-dev, which this sandbox does not.",
        ".devcontainer/devcontainer.json asks for ghcr.io/devcontainers/features/node:1: not used.",
        ".devcontainer/devcontainer.json names the image mcr.example/python:3.11: to be tested in it, name it as "
        "`image` in .github/fixbugs.yml.",
    )


def test_a_compose_file_gives_its_well_known_servers_only() -> None:
    compose = """\
x-common: &common {restart: always, environment: {A: "1"}}
services:
  web: {build: ., image: "acme/web"}
  worker: {image: "acme/worker"}
  cache_db:
    <<: *common
    image: "bitnami/redis:${REDIS:-7}"
    ports: ["127.0.0.1:6380:6379"]
    healthcheck: {test: ["CMD", "redis-cli", "ping"]}
  db:
    image: mysql:8
    environment: ["MYSQL_DATABASE=shop", "MYSQL_PASSWORD=$PW"]
"""
    assert compose_services(tree_of({"docker-compose.yml": compose})) == (
        Service("cache-db", "bitnami/redis:7", (("A", "1"),), (6379,), "redis-cli ping"),
        Service("db", "mysql:8", (("MYSQL_DATABASE", "shop"),), (3306,)),
    )


@pytest.mark.parametrize("name", ["../x", "a b", "-rm", "x;reboot", "a" * 80])
def test_a_service_with_a_name_or_an_image_that_is_none_is_left_out(name: str) -> None:
    for entry in (f"{name!r}: {{image: 'redis:7'}}", f"db: {{image: {name + ' redis'!r}}}"):
        assert compose_services(tree_of({"compose.yaml": f"services: {{{entry}}}"})) == ()


def test_a_service_with_nothing_but_an_image_has_the_port_that_everybody_uses() -> None:
    workflow = "jobs:\n  t:\n    services: {cache: {image: redis}}\n    steps: [{run: uv}, {run: pytest}]\n"
    files = {".github/workflows/x.yml": workflow, "a.py": ""}
    assert project(files).services == (Service("cache", "redis", (), (6379,)),)


# ------------------------------------------------------------ hostile input

LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
MERGES = "m0: &m0 {x: y}\n" + "".join(f"m{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}]}}\n" for n in range(1, 60))


@pytest.mark.parametrize(
    "text",
    [
        "jobs: [pytest",
        "jobs: {a: {steps: pytest, services: [], env: 1}}",
        "pytest: " + "[" * 50_000,
        LAUGHS + "jobs: {pytest: {steps: *a59, services: {pytest: *a59}, env: *a59}}",
        MERGES + "jobs: {pytest: {steps: [{run: pytest, env: *m59}]}}",
        "jobs: &j {pytest: *j}",
        "jobs: !!python/object/apply:os.system [pytest]",
        'jobs: {t: {steps: [{run: "pytest \'unclosed"}]}}',
        "jobs: {t: {steps: [{run: pytest, working-directory: ../../etc}]}}",
        "\x00pytest",
        "pytest" * 100_000,
    ],
)
def test_a_hostile_workflow_says_nothing_and_costs_little(text: str) -> None:
    began = time.process_time()
    found = hints({".github/workflows/x.yml": text})
    assert time.process_time() - began < 5.0
    assert (found.services, found.packages, found.notes) == ((), (), ())


@pytest.mark.parametrize(
    "text", ["{", "[" * 50_000, '{"image": 1, "features": [], "postCreateCommand": {"a": {"b": "c"}}}']
)
def test_a_hostile_devcontainer_says_nothing(text: str) -> None:
    found = hints({".devcontainer.json": text})
    assert (found.packages, found.features) == ((), ())


def test_what_a_shell_would_have_to_work_out_is_left_out() -> None:
    script = "pip install `cat x` y\npip install $(cat x)\n: ; pip install a > log.txt 2>&1\nif x; then rm -rf /; fi"
    assert ("pip", "install", "a") in {step.words for step in steps_of(script)}
    assert said_by(steps_of(script), tree_of({}), ".").requirements == ("a",)


@pytest.mark.parametrize(
    "line",
    [
        "pip install -r ../../../etc/passwd",
        "pip install 'x; import os'",
        "pip install --index-url=https://e x@https://e/x",
    ],
)
def test_nothing_from_outside_the_repository_or_from_an_address_is_taken(line: str) -> None:
    assert said_by(steps_of(line), tree_of({}), ".").requirements == ()


def test_comments_and_commas_too_many_in_json_are_no_harm_but_texts_stay() -> None:
    assert read_json('{"a": "http://x", /* b */ "c": ["d",],}') == {"a": "http://x", "c": ["d"]}


def test_every_scalar_stays_as_it_is_written() -> None:
    assert read_yaml("a: 08\nb: on\nc: 1.10\nd:\n") == {"a": "08", "b": "on", "c": "1.10", "d": ""}


def test_manifests_that_go_in_circles_end() -> None:
    files = {
        "a.py": "",
        "requirements.txt": "-r requirements.txt\n-r b.txt\n",
        "b.txt": "-r requirements.txt\n-r b.txt\nsix\n",
        "setup.py": "A = {'x': B, 'y': B}\nB = {'x': A, 'y': A}\nsetup(extras_require=A, install_requires=A)\n",
        "pyproject.toml": "[dependency-groups]\n"
        + "".join(f"g{n} = [{{include-group = 'g{n + 1}'}}, {{include-group = 'g{n + 1}'}}]\n" for n in range(40))
        + "test = [{include-group = 'g0'}, {include-group = 'test'}]\n",
    }
    assert project(files).needs.declared == ("six",)
