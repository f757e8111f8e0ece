import pytest
from mail_template import Mail, TemplateError, compose, fill, merge


def test_plain_text():
    assert fill("Hello", {}) == "Hello"


def test_placeholders():
    assert fill("{greeting} {name}!", {"greeting": "Hi", "name": "Ann"}) == "Hi Ann!"


def test_same_placeholder_twice():
    assert fill("{a}-{a}", {"a": 1}) == "1-1"


def test_filter():
    assert fill("{name|upper}", {"name": "ann"}) == "ANN"


def test_unknown_name():
    with pytest.raises(TemplateError, match="no value for {who}"):
        fill("Dear {who}", {"name": "Ann"})


def test_doubled_braces():
    assert fill("{{ and }}", {}) == "{ and }"


def test_escaped_placeholder():
    assert fill("write {{name}} for the name", {"name": "Ann"}) == "write {name} for the name"


def test_value_that_looks_like_a_placeholder():
    assert fill("{note} / {name}", {"note": "see {name}", "name": "Ann"}) == "see {name} / Ann"


def test_unknown_filter():
    with pytest.raises(TemplateError, match="no filter named loud"):
        fill("{name|loud}", {"name": "ann"})


def test_compose():
    assert compose("Order {n}\n", "Thanks.\n\n", {"n": 7}) == Mail("Order 7", "Thanks.\n")


def test_merge():
    mails = merge(Mail("Hi", "{name} in {city}"), [{"name": "Ann"}, {"name": "Bob", "city": "Rome"}], {"city": "Bern"})
    assert [mail.body for mail in mails] == ["Ann in Bern\n", "Bob in Rome\n"]
