"""Which lines of the repository each test executes. Says nothing of branches, and nothing of lines that run while
modules are imported, unless a test imports them.

From Python 3.12 on it uses `sys.monitoring` (a line costs once per test), before that `sys.settrace`, limited to
code of the repository.
"""

import json
import os
import sys
import threading


class Recorder:
    """Appends one JSON line per test to a file: {"id": …, "lines": {path: [start, stop, start, stop, …]}}, where a
    path is relative to the tree and both ends of a range belong to it."""

    def __init__(self, path, tree):
        self._file = open(path, "w", encoding="utf-8")
        self._tree = tree.rstrip("/") + "/"
        self._paths = {}  # file name as Python knows it -> path in the repository, or None
        self._hits = set()
        self._meter = (
            Monitoring(self._inside, self._hits) if hasattr(sys, "monitoring") else Tracing(self._inside, self._hits)
        )

    def begin(self):
        self._hits.clear()
        self._meter.start()

    def end(self, test_id):
        self._meter.stop()
        by_path = {}
        for filename, line in self._hits:
            by_path.setdefault(self._paths[filename], []).append(line)
        record = {"id": test_id, "lines": {path: ranges(lines) for path, lines in sorted(by_path.items())}}
        self._file.write(json.dumps(record) + "\n")
        self._file.flush()

    def _inside(self, filename):
        if filename not in self._paths:
            full = filename if os.path.isabs(filename) else os.path.abspath(filename)
            inside = full.startswith(self._tree) and not filename.startswith("<")
            self._paths[filename] = full[len(self._tree) :] if inside else None
        return self._paths[filename] is not None


class Tracing:
    """Line events by `sys.settrace`, in code of the repository only."""

    def __init__(self, inside, hits):
        self._inside = inside
        self._hits = hits

    def start(self):
        threading.settrace(self._call)
        sys.settrace(self._call)

    def stop(self):
        sys.settrace(None)
        threading.settrace(None)

    def _call(self, frame, _event, _arg):
        return self._line if self._inside(frame.f_code.co_filename) else None

    def _line(self, frame, event, _arg):
        if event == "line":
            self._hits.add((frame.f_code.co_filename, frame.f_lineno))
        return self._line


class Monitoring:
    """Line events by `sys.monitoring`: each place is reported once per test, then costs nothing."""

    def __init__(self, inside, hits):
        self._inside = inside
        self._hits = hits
        self._api = sys.monitoring
        self._tool = next(i for i in (3, 4, 2, 1) if self._api.get_tool(i) is None)
        self._api.use_tool_id(self._tool, "fixbugs")
        self._api.register_callback(self._tool, self._api.events.LINE, self._line)

    def start(self):
        self._api.set_events(self._tool, self._api.events.LINE)
        self._api.restart_events()

    def stop(self):
        self._api.set_events(self._tool, 0)

    def _line(self, code, line):
        if self._inside(code.co_filename):
            self._hits.add((code.co_filename, line))
        return self._api.DISABLE


def ranges(lines):
    """Line numbers as flat inclusive ranges: [3, 4, 5, 9] -> [3, 5, 9, 9]."""
    flat = []
    for line in sorted(set(lines)):
        if flat and flat[-1] == line - 1:
            flat[-1] = line
        else:
            flat.extend((line, line))
    return flat
