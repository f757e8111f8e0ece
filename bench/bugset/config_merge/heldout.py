import copy
import random

import layers
from layers import effective, merge


def random_config(rng, depth=3):
    config = {}
    for key in rng.sample("abcde", rng.randint(0, 4)):
        kind = rng.randint(0, 2)
        config[key] = random_config(rng, depth - 1) if kind == 0 and depth else rng.randint(0, 9)
    return config


def test_no_input_is_changed():
    rng = random.Random(21)
    for _ in range(300):
        base, override = random_config(rng), random_config(rng)
        before = copy.deepcopy((base, override))
        merge(base, override)
        assert (base, override) == before


def test_defaults_survive():
    before = copy.deepcopy(layers.DEFAULTS)
    effective({"server": {"tls": {"enabled": True}}, "plugins": ["x"]}, {"APP__LOGGING__LEVEL": "debug"})
    assert before == layers.DEFAULTS


def test_two_sites_do_not_mix():
    effective({"server": {"port": 1}, "extra": 1}, {})
    assert "extra" not in effective({}, {})


def test_result_is_another_object():
    base = {"a": 1}
    assert merge(base, {}) is not base
    assert merge(base, {}) == base


def test_removal_leaves_the_base():
    base = {"t": {"x": 1, "y": 2}}
    assert merge(base, {"t": {"x": None}}) == {"t": {"y": 2}}
    assert base == {"t": {"x": 1, "y": 2}}


def test_deep_merge():
    base = {"a": {"b": {"c": 1, "d": 2}}}
    assert merge(base, {"a": {"b": {"c": 9}}}) == {"a": {"b": {"c": 9, "d": 2}}}
    assert base["a"]["b"]["c"] == 1


def test_an_empty_table_keeps_the_keys():
    assert merge({"a": {"b": 1}}, {"a": {}}) == {"a": {"b": 1}}
