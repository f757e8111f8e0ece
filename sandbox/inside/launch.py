"""Starts pytest on a repository with our reporter in place. It decides nothing about tests; the request (JSON on
stdin) says what to run, and holds the key that the repository's code must not see.

Everything of ours is imported before the repository is on `sys.path`, so that no file of it can stand in for pytest
or the standard library; except when the repository *is* one of the libraries that pytest is made of.
"""

import importlib.util
import json
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def load(name):
    """A module next to this file, not registered in `sys.modules`."""
    spec = importlib.util.spec_from_file_location("fixbugs_inside." + name, os.path.join(HERE, name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def plugin_options():
    """Options that take the teeth out of installed plug-ins which change what runs, or in which order."""
    options = []
    if installed("xdist"):
        options += ["-n0"]
    if installed("pytest_cov"):
        options += ["--no-cov"]
    if installed("pytest_rerunfailures"):
        options += ["--reruns=0"]
    if installed("pytest_randomly"):
        options += ["-p", "no:randomly"]
    if installed("pytest_random_order"):
        options += ["-p", "no:random_order"]
    if installed("pytest_timeout"):
        options += ["--timeout=0"]
    return options


def installed(module):
    return importlib.util.find_spec(module) is not None


def enter_repository(tree, roots):
    """Makes the repository importable, as `python -m pytest` in its root does, for us and for child processes."""
    paths = [tree] + [os.path.join(tree, root) for root in roots if root != "."]
    sys.path[:] = paths + [path for path in sys.path if os.path.abspath(path or ".") != HERE]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths[1:] + paths[:1])
    os.chdir(tree)


def main():
    request = json.loads(sys.stdin.buffer.read().decode())
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    tree = request["tree"]
    if request["is_runner"]:
        enter_repository(tree, request["roots"])
    import pytest

    module = load("reporter")
    live = os.dup(1)
    os.set_inheritable(live, False)
    emit = module.emitter(request["report"], bytes.fromhex(request.pop("key")), live)
    recorder = load("coverage_recorder").Recorder(request["coverage"], tree) if request["coverage"] else None
    collect_only = request["mode"] == "collect"
    reporter = module.Reporter(
        emit,
        tree,
        wanted=request["ids"],
        canaries=None if collect_only else module.Canaries(*request["canaries"]),
        limiter=None if collect_only else module.Limiter(request["test_limit_s"], request["wall_s"]),
        recorder=recorder,
        collect_only=collect_only,
    )
    arguments = request["arguments"] + plugin_options()
    enter_repository(tree, request["roots"])
    emit(event="start", python=".".join(map(str, sys.version_info[:3])), pytest=pytest.__version__)
    random.seed(0)
    sys.argv = ["pytest"] + request["arguments"]
    code = pytest.main(arguments, plugins=[reporter])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(int(code))  # threads and exit handlers that tests left behind have no say in the result


if __name__ == "__main__":
    main()
