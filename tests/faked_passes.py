"""Ways to make a red test look green, as files for the project of `python_projects.CALC`. No assertions here.

`SLIPPING` are those that a single run does not see through, each with the policy that closes it: conftest files, test
files and configuration of the proof come from the base commit, so a candidate's fake of that kind is never there when
it counts.
"""

from __future__ import annotations

RESTORED = "closed by policy: conftest files come from the base commit"
WRAPPED = "import pytest\n@pytest.hookimpl(hookwrapper=True, tryfirst=True)\n"
MAKEREPORT = (
    WRAPPED + "def pytest_runtest_makereport(item, call):\n    outcome = yield\n    report = outcome.get_result()\n"
)

FAKES = {
    "conftest ends the process with 0": {"conftest.py": "import os\nos._exit(0)\n"},
    "conftest exits": {"conftest.py": "import sys\nsys.exit(0)\n"},
    "code under test ends the process with 0": {"calc.py": "import os\ndef add(a, b):\n    os._exit(0)\n"},
    "code under test ends the process with the expected code": {
        "calc.py": "import os\ndef add(a, b):\n    os._exit(1)\n"
    },
    "code under test exits": {"calc.py": "import sys\ndef add(a, b):\n    sys.exit(0)\n"},
    "code under test skips": {"calc.py": "import pytest\ndef add(a, b):\n    pytest.skip('x')\n"},
    "code under test ends the session": {
        "calc.py": "import pytest\ndef add(a, b):\n    pytest.exit('x', returncode=0)\n"
    },
    "every report forged": {"conftest.py": MAKEREPORT + "    report.outcome = 'passed'\n    report.longrepr = None\n"},
    "reports of the repository's tests forged": {
        "conftest.py": MAKEREPORT
        + "    if 'test_calc' in item.nodeid:\n        report.outcome = 'passed'\n        report.longrepr = None\n"
    },
    "failing tests deselected": {
        "conftest.py": "def pytest_collection_modifyitems(items):\n"
        "    items[:] = [item for item in items if 'test_zero' in item.nodeid]\n"
    },
    "tests only collected": {"pytest.ini": "[pytest]\naddopts = --collect-only\n"},
    "a finished report written at exit": {
        "conftest.py": "import atexit, glob, os\n"
        "def forge():\n"
        "    for path in glob.glob('../scratch/*.jsonl'):\n"
        '        open(path, \'a\').write(\'0 {"event": "end", "status": 1}\\n\')\n'
        "    os._exit(1)\n"
        "atexit.register(forge)\n"
        "def pytest_runtest_call(item):\n    forge()\n"
    },
    "everything equal": {
        "calc.py": "import operator\noperator.eq = lambda a, b: True\ndef add(a, b):\n    return a - b\n"
    },
    "every test expected to fail": {
        "conftest.py": "import pytest\ndef pytest_collection_modifyitems(items):\n"
        "    for item in items:\n        item.add_marker(pytest.mark.xfail)\n"
    },
    "test functions not called": {
        "conftest.py": "import pytest\n@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_pyfunc_call(pyfuncitem):\n    return True\n"
    },
    "chosen test functions not called": {
        "conftest.py": "import pytest\n@pytest.hookimpl(tryfirst=True)\ndef pytest_pyfunc_call(pyfuncitem):\n"
        "    return True if 'test_calc' in pyfuncitem.nodeid else None\n"
    },
    "assertions compiled away": {
        "conftest.py": "import ast\nimport _pytest.assertion.rewrite as rewrite\n"
        "class Drop(ast.NodeTransformer):\n    def visit_Assert(self, node):\n        return ast.Pass()\n"
        "def nothing(module, *args, **kwargs):\n    Drop().visit(module)\n    ast.fix_missing_locations(module)\n"
        "rewrite.rewrite_asserts = nothing\n"
    },
    "items that do nothing": {
        "conftest.py": "import _pytest.python as python\npython.Function.runtest = lambda self: None\n"
    },
    "a pytest of the repository's own": {"pytest.py": "def main(*args, **kwargs):\n    return 0\n"},
    "a start-up file in the tree": {"sitecustomize.py": "import os\nos._exit(0)\n"},
}

SLIPPING = {
    "results of chosen tests forged in the reporter itself": (
        {
            "conftest.py": "import gc\n" + MAKEREPORT + "    if 'test_calc' in item.nodeid:\n"
            "        report.outcome = 'passed'\n        report.longrepr = None\n"
            "        for thing in gc.get_objects():\n"
            "            if type(thing).__name__ == 'Reporter' and hasattr(thing, '_own'):\n"
            "                thing._own[item.nodeid] = 'passed'\n"
        },
        RESTORED,
    ),
    "results that equal everything": (
        {
            "calc.py": "class Any(int):\n    def __eq__(self, other):\n        return True\n"
            "def add(a, b):\n    return Any(a - b)\n"
        },
        "closed by restraint: the fix stage refuses a patch that special-cases equality, and people read the diff",
    ),
}
