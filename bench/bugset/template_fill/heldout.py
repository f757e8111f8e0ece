import itertools
import random

import pytest
from mail_template import TemplateError, fill


def test_random_templates():
    rng = random.Random(43)
    values = {"a": "{b}", "b": "}}", "c": "{{", "d": "{a|upper}", "e": "plain"}
    for _ in range(300):
        pieces = [rng.choice(["text ", "{{", "}}", "{a}", "{b}", "{c}", "{d}", "{e|upper}"]) for _ in range(6)]
        wanted = {"text ": "text ", "{{": "{", "}}": "}", "{e|upper}": "PLAIN"}
        wanted |= {"{" + name + "}": value for name, value in values.items()}
        if any(left == "{{" and right.startswith("{") for left, right in zip(pieces, pieces[1:])):
            continue
        if any(right == "}}" and left.endswith("}") for left, right in zip(pieces, pieces[1:])):
            continue
        assert fill("".join(pieces), values) == "".join(wanted[piece] for piece in pieces)


def test_order_of_the_values_does_not_matter():
    values = {"a": "{b}", "b": "{c}", "c": "{a}"}
    for order in itertools.permutations(values):
        assert fill("{a}{b}{c}", {name: values[name] for name in order}) == "{b}{c}{a}"


def test_braces_in_values_stay_doubled():
    assert fill("{code}", {"code": "f{{x}}"}) == "f{{x}}"


def test_value_that_names_an_unknown_placeholder():
    assert fill("{a}", {"a": "{nobody}"}) == "{nobody}"


def test_escaped_unknown_name():
    assert fill("{{nobody}}", {}) == "{nobody}"


def test_braces_around_a_placeholder():
    assert fill("{{{a}}}", {"a": 1}) == "{1}"


def test_unknown_name_with_a_filter():
    with pytest.raises(TemplateError, match="no value for {who}"):
        fill("{who|upper}", {})


def test_filter_of_a_value_with_braces():
    assert fill("{a|upper}", {"a": "{b}", "b": "x"}) == "{B}"


def test_unknown_name_after_a_known_one():
    with pytest.raises(TemplateError):
        fill("{a} {who}", {"a": "{a}"})
