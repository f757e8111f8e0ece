import pytest
from editing import Buffer


@pytest.fixture
def buffer():
    buffer = Buffer()
    buffer.insert(0, "hello")
    buffer.insert(5, " world")
    return buffer


def test_insert(buffer):
    assert buffer.text == "hello world"


def test_delete(buffer):
    buffer.delete(0, 6)
    assert buffer.text == "world"


def test_undo(buffer):
    assert buffer.undo()
    assert buffer.text == "hello"


def test_undo_everything(buffer):
    assert [buffer.undo() for _ in range(3)] == [True, True, False]
    assert buffer.text == ""


def test_redo(buffer):
    buffer.undo()
    buffer.undo()
    assert buffer.redo()
    assert buffer.text == "hello"
    assert buffer.redo()
    assert buffer.text == "hello world"


def test_nothing_to_redo(buffer):
    assert not buffer.redo()


def test_new_change_ends_redo(buffer):
    buffer.undo()
    assert buffer.can_redo
    buffer.insert(5, "!")
    assert not buffer.can_redo
    assert not buffer.redo()
    assert buffer.text == "hello!"


def test_change_without_effect_is_not_recorded():
    buffer = Buffer("abc")
    buffer.replace(0, 1, "a")
    assert not buffer.can_undo


def test_history_is_limited():
    buffer = Buffer(max_history=2)
    for letter in "abc":
        buffer.insert(0, letter)
    while buffer.undo():
        pass
    assert buffer.text == "a"
