"""The web process: gunicorn around the application, configured from here and from nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped] # gunicorn has no types

from bot.local.listening import address, check_free

WORKERS, THREADS = 2, 8


class _Web(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    def __init__(self, load: Callable[[], Flask], options: dict[str, object]) -> None:
        self._load_app, self._options = load, options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._load_app()


def run_web(load: Callable[[], Flask], host: str, port: int) -> None:
    """Serves until SIGTERM or SIGINT, then ends this process. Raises InputError when the address cannot be had."""
    check_free(host, port)
    options: dict[str, object] = {
        "bind": address(host, port),
        "worker_class": "gthread",
        "workers": WORKERS,
        "threads": THREADS,
        "timeout": 60,
        "graceful_timeout": 10,
        "keepalive": 30,
        "preload_app": True,
        "loglevel": "warning",
        "proc_name": "fixbugs-web",
        "control_socket_disable": True,
    }
    memory = Path("/dev/shm")  # noqa: S108 (a folder for gunicorn's heartbeat files, which it names safely)
    if memory.is_dir():
        options["worker_tmp_dir"] = str(memory)
    _Web(load, options).run()
