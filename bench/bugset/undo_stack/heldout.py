import random

from editing import Buffer


def test_against_snapshots():
    rng = random.Random(30)
    for _ in range(40):
        buffer = Buffer("start")
        past, future = [], []
        for _ in range(60):
            kind = rng.choice("eeur")
            before = buffer.text
            if kind == "e":
                buffer.replace(rng.randint(0, len(before)), rng.randint(0, 3), rng.choice(["", "x", "yz"]))
                if buffer.can_undo and buffer.text != before:
                    past.append(before)
                    future.clear()
            elif kind == "u":
                assert buffer.undo() == bool(past)
                if past:
                    future.append(before)
                    assert buffer.text == past.pop()
            else:
                assert buffer.redo() == bool(future)
                if future:
                    past.append(before)
                    assert buffer.text == future.pop()
            assert (buffer.can_undo, buffer.can_redo) == (bool(past), bool(future))


def test_undo_then_redo_is_nothing():
    buffer = Buffer()
    buffer.insert(0, "abc")
    buffer.undo()
    buffer.redo()
    assert (buffer.text, buffer.can_undo, buffer.can_redo) == ("abc", True, False)


def test_redo_can_be_undone():
    buffer = Buffer("x")
    buffer.delete(0, 1)
    for _ in range(3):
        assert buffer.undo() and buffer.text == "x"
        assert buffer.redo() and buffer.text == ""


def test_change_without_effect_keeps_redo():
    buffer = Buffer("abc")
    buffer.delete(0, 1)
    buffer.undo()
    buffer.replace(0, 1, "a")
    assert buffer.can_redo


def test_redo_order():
    buffer = Buffer()
    for letter in "abc":
        buffer.insert(len(buffer.text), letter)
    while buffer.undo():
        pass
    seen = []
    while buffer.redo():
        seen.append(buffer.text)
    assert seen == ["a", "ab", "abc"]


def test_branch_after_partial_redo():
    buffer = Buffer()
    for letter in "abc":
        buffer.insert(len(buffer.text), letter)
    buffer.undo()
    buffer.undo()
    buffer.redo()
    buffer.insert(2, "Z")
    assert not buffer.redo()
    assert buffer.text == "abZ"
