"""Where a new test goes, what it is called, and that the file around it stays as it was."""

from __future__ import annotations

import pytest

from bot.core.tree import Tree, TreeFile
from bot.reproducers.claims import Style
from bot.reproducers.insertion import NewTest, written
from bot.reproducers.modules import Import, Modules
from bot.reproducers.placement import Place, Subject, name_for, names_taken, place_for

TEST = NewTest("test_new", "assert pack(1) == 'a'", (Import("pkg.boxes", "pack"),))


def tree(*paths: str, **texts: str) -> Tree:
    files = dict.fromkeys(paths, "def test_x():\n    pass\n")
    files |= {"pkg/__init__.py": "", "pkg/boxes.py": "def pack(x):\n    return x\n"}
    return Tree({path: TreeFile(text.encode()) for path, text in (files | texts).items()})


def put(text: str, test: NewTest = TEST, **place: str) -> str:
    style = Style.METHOD if place else Style.FUNCTION
    return written(Place("tests/test_boxes.py", text, style, **place), test, Modules(tree()))


# --------------------------------------------------------------- placement


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["tests/test_boxes.py", "tests/test_other.py"], "tests/test_boxes.py"),
        (["tests/unit/boxes_test.py", "tests/unit/other_test.py"], "tests/unit/boxes_test.py"),
        (["tests/test_packing_boxes.py", "tests/test_other.py"], "tests/test_packing_boxes.py"),
        (["tests/test_other.py"], "tests/test_boxes.py"),
        (["check/other_test.py", "check/more_test.py"], "check/boxes_test.py"),
        ([], "tests/test_boxes.py"),
    ],
)
def test_a_test_goes_to_the_file_about_its_module_or_a_new_one_named_like_the_others(
    paths: list[str], expected: str
) -> None:
    ids = [f"{path}::test_x" for path in paths]
    assert place_for(tree(*paths), ids, Subject(("pkg/boxes.py",), ("pack",))).path == expected


def test_a_file_that_uses_the_function_is_nearer_than_one_that_does_not() -> None:
    held = tree("tests/test_a.py", **{"tests/test_b.py": "from pkg.boxes import pack\n\ndef test_x():\n    pack(1)\n"})
    ids = ["tests/test_a.py::test_x", "tests/test_b.py::test_x"]
    assert place_for(held, ids, Subject(("pkg/boxes.py",), ("pack",))).path == "tests/test_b.py"


def test_a_file_that_does_not_parse_is_left_alone() -> None:
    held = tree(**{"tests/test_boxes.py": "def test_x(:\n"})
    place = place_for(held, ["tests/test_boxes.py::test_x"], Subject(("pkg/boxes.py",), ("pack",)))
    assert (place.path, place.text) == ("tests/test_boxes_2.py", None)


def test_a_file_of_classes_gets_a_method_in_the_class_that_knows_the_function() -> None:
    text = (
        "import unittest\n\nclass A(unittest.TestCase):\n    def test_x(self):\n        pack(1)\n\n"
        "class B(unittest.TestCase):\n    def test_y(self):\n        pass\n"
    )
    ids = ["tests/test_boxes.py::A::test_x", "tests/test_boxes.py::B::test_y"]
    place = place_for(tree(**{"tests/test_boxes.py": text}), ids, Subject(("pkg/boxes.py",), ("pack",)))
    assert (place.class_name, place.style) == ("A", Style.TEST_CASE)


def test_a_class_named_for_the_function_comes_before_one_that_mentions_more() -> None:
    text = (
        "class PackTests:\n    def test_x(self):\n        pack(1)\n\n"
        "class UnpackTests:\n    def test_y(self):\n        unpack(pack(1))\n"
    )
    ids = ["tests/test_boxes.py::PackTests::test_x", "tests/test_boxes.py::UnpackTests::test_y"]
    held = tree(**{"tests/test_boxes.py": text})
    assert place_for(held, ids, Subject(("pkg/boxes.py",), ("pack", "unpack"))).class_name == "PackTests"


@pytest.mark.parametrize("doctest", ["pkg/boxes.py::pkg.boxes.pack", "pkg/boxes.py::boxes"])
def test_a_file_of_doctests_gets_no_test_as_a_fix_may_change_it(doctest: str) -> None:
    held = tree("tests/test_other.py")
    for ids in ([doctest], [doctest, "tests/test_other.py::test_x"]):
        assert place_for(held, ids, Subject(("pkg/boxes.py",), ("pack",))).path == "tests/test_boxes.py"


# -------------------------------------------------------------------- name


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("pack() loses the last item", "test_pack_loses_the_last_item"),
        ("[BUG] Pack doesn't work", "test_pack_doesnt_work"),
        ("Bug: wrong sum", "test_wrong_sum"),
        ("Bug #12 - wrong sum", "test_wrong_sum"),
        ("Größe falsch", "test_groe_falsch"),
        ("Crash", "test_pack_as_reported"),
        ("日本語", "test_pack_as_reported"),
        ("", "test_pack_as_reported"),
        (
            "When a very long title goes on and on with the aim of being cut it ends at a word",
            "test_when_a_very_long_title_goes_on_and_on_with_the_aim_of_being_cut",
        ),
    ],
)
def test_a_test_is_named_after_the_title(title: str, name: str) -> None:
    assert name_for(title, "pack as reported", ()) == name
    assert name.isidentifier()


def test_a_name_that_is_taken_gets_a_number() -> None:
    place = Place("t.py", "def test_wrong_sum(): ...\ntest_wrong_sum_2 = 1\n", Style.FUNCTION)
    assert name_for("Wrong sum", "", names_taken(place)) == "test_wrong_sum_3"


# --------------------------------------------------------------- insertion


def test_a_function_is_added_at_the_end_and_its_import_among_the_imports() -> None:
    text = '"""Docs."""\nimport os\n\nimport pytest\n\nfrom pkg import other\n\n\ndef test_x():\n    pass\n'
    assert put(text) == (
        '"""Docs."""\nimport os\n\nimport pytest\n\nfrom pkg import other\nfrom pkg.boxes import pack\n\n\n'
        'def test_x():\n    pass\n\n\ndef test_new():\n    assert pack(1) == "a"\n'
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("from pkg.boxes import open_box", "from pkg.boxes import open_box, pack"),
        ("from pkg.boxes import Box, unpack", "from pkg.boxes import Box, pack, unpack"),
        ("from pkg.boxes import zip_up, box", "from pkg.boxes import zip_up, box, pack"),
        ("from pkg.boxes import pack", "from pkg.boxes import pack"),
    ],
)
def test_a_name_joins_the_import_that_is_there(line: str, expected: str) -> None:
    assert put(f"{line}\n\n\ndef test_x():\n    pass\n").startswith(f"{expected}\n\n\ndef test_x")


def test_an_import_over_several_lines_or_with_a_comment_is_left_as_it_is() -> None:
    for line in ("from pkg.boxes import (\n    box,\n)", "from pkg.boxes import box  # noqa: F401"):
        assert put(f"{line}\n\n\ndef test_x():\n    pass\n").startswith(f"{line}\nfrom pkg.boxes import pack\n\n")


def test_a_section_that_is_missing_gets_its_own_lines() -> None:
    assert put("import os\n\n\ndef test_x():\n    pass\n").startswith(
        "import os\n\nfrom pkg.boxes import pack\n\n\ndef"
    )
    test = NewTest("test_new", "json", (Import("json"),))
    assert put("from pkg import a\n\n\ndef test_x():\n    pass\n", test).startswith(
        "import json\n\nfrom pkg import a\n"
    )


def test_a_file_without_imports_gets_them_after_its_docstring() -> None:
    assert put("def test_x():\n    pass\n").startswith("from pkg.boxes import pack\n\n\ndef test_x")
    assert put('"""Docs."""\n\n\ndef test_x():\n    pass\n').startswith(
        '"""Docs."""\n\nfrom pkg.boxes import pack\n\n\ndef'
    )


def test_imports_stay_behind_the_future() -> None:
    text = "from __future__ import annotations\n\n\ndef test_x():\n    pass\n"
    assert put(text).startswith("from __future__ import annotations\n\nfrom pkg.boxes import pack\n\n\ndef test_x")


def test_a_name_that_means_something_else_in_the_file_is_imported_in_the_test() -> None:
    text = "from shutil import pack\n\n\ndef test_x():\n    pass\n"
    assert put(text) == text + ('\n\ndef test_new():\n    from pkg.boxes import pack\n\n    assert pack(1) == "a"\n')


def test_a_method_is_added_to_its_class_and_nothing_else_changes() -> None:
    text = "from pkg.boxes import pack\n\n\nclass TestA:\n  def test_x(self):\n    pass\n\n\nclass TestB:\n  pass\n"
    assert put(text, class_name="TestA") == text.replace(
        "    pass\n\n\nclass TestB",
        '    pass\n\n  def test_new(self):\n      assert pack(1) == "a"\n\n\nclass TestB',
    )


def test_a_file_that_runs_itself_still_does_so_last() -> None:
    text = "from pkg.boxes import pack\n\n\ndef test_x():\n    pass\n\n\nif __name__ == '__main__':\n    test_x()\n"
    assert put(text).endswith("    assert pack(1) == 'a'\n\n\nif __name__ == '__main__':\n    test_x()\n")


def test_line_ends_and_quotes_are_those_of_the_file() -> None:
    text = "from pkg.boxes import pack\r\n\r\n\r\ndef test_x():\r\n    print('x')\r\n"
    test = NewTest("test_new", 'assert pack("b") == "it\'s"', TEST.imports)
    assert put(text, test) == text + "\r\n\r\ndef test_new():\r\n    assert pack('b') == \"it's\"\r\n"


def test_a_file_without_a_last_line_end_is_continued_properly() -> None:
    assert put("from pkg.boxes import pack\ndef test_x(): pass").startswith(
        "from pkg.boxes import pack\ndef test_x(): pass\n\n\ndef test_new():\n"
    )


# ----------------------------------------------------------- module names


def modules(*paths: str, **texts: str) -> Modules:
    return Modules(Tree({path: TreeFile(text.encode()) for path, text in (dict.fromkeys(paths, "") | texts).items()}))


@pytest.mark.parametrize(
    ("path", "others", "expected"),
    [
        ("pkg/mod.py", {"pkg/__init__.py": ""}, "pkg.mod"),
        ("src/pkg/mod.py", {"src/pkg/__init__.py": ""}, "pkg.mod"),
        ("pkg/__init__.py", {}, "pkg"),
        ("mod.py", {}, "mod"),
        ("programs/mod.py", {"tests/test_mod.py": "from programs.mod import f\n"}, "programs.mod"),
        ("code/app/mod.py", {"tests/test_mod.py": "import app.mod\n"}, "app.mod"),
        ("pkg/mod.py", {"pkg/__init__.py": "from .mod import f\n"}, "pkg.mod"),
    ],
)
def test_a_module_is_called_as_its_repository_imports_it(path: str, others: dict[str, str], expected: str) -> None:
    assert modules(**{path: "def f(): ...\n"}, **others).dotted(path) == expected


def test_of_two_definitions_the_one_the_package_passes_on_or_the_report_names_is_meant() -> None:
    two = {"pkg/a.py": "def f(): ...\n", "pkg/b.py": "def f(): ...\n"}
    assert modules(**two, **{"pkg/__init__.py": ""}).find("f", called=True) is None
    assert modules(**two, **{"pkg/__init__.py": "from pkg.b import f\n"}).find("f", called=True) is None
    near = modules(**two, **{"pkg/__init__.py": ""}).find("f", called=True, near={"pkg/a.py"})
    assert near == Import("pkg.a", "f")


def test_an_installed_library_is_not_mistaken_for_a_module_of_the_same_name() -> None:
    held = modules(**{"pkg/__init__.py": "", "pkg/redis.py": "", "pkg/store.py": "import redis\n"})
    assert held.mend(Import("redis")) == Import("redis")
    assert held.mend(Import("json", "loads")) == Import("json", "loads")
