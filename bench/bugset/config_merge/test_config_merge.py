from layers import effective, from_environment, merge


def test_plain_keys_are_replaced():
    assert merge({"a": 1, "b": 2}, {"b": 3}) == {"a": 1, "b": 3}


def test_tables_are_merged():
    assert merge({"db": {"host": "h", "port": 1}}, {"db": {"port": 2}}) == {"db": {"host": "h", "port": 2}}


def test_lists_are_replaced():
    assert merge({"plugins": ["a"]}, {"plugins": ["b"]}) == {"plugins": ["b"]}


def test_none_removes():
    assert merge({"a": 1, "b": 2}, {"a": None}) == {"b": 2}


def test_table_replaces_a_plain_value():
    assert merge({"a": 1}, {"a": {"b": 2}}) == {"a": {"b": 2}}


def test_inputs_stay_as_they_are():
    base = {"a": 1, "db": {"port": 1}}
    merge(base, {"a": 2, "db": {"port": 2}})
    assert base == {"a": 1, "db": {"port": 1}}


def test_environment():
    variables = {"APP__SERVER__PORT": "9000", "APP__DEBUG": "true", "HOME": "/home/app", "APP": "x"}
    assert from_environment(variables) == {"server": {"port": 9000}, "debug": True}


def test_environment_wins():
    config = effective({"server": {"port": 8080}}, {"APP__SERVER__PORT": "9000"})
    assert config["server"] == {"host": "127.0.0.1", "port": 9000, "tls": {"enabled": False}}
