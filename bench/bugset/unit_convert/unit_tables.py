"""Conversion factors: how many base units (metre, second, gram) one unit is."""

LENGTH = {"mm": 0.001, "cm": 0.01, "m": 1.0, "km": 1000.0, "in": 0.0254, "ft": 0.3048, "mi": 1609.344}
TIME = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
MASS = {"g": 1.0, "kg": 1000.0, "t": 1_000_000.0, "lb": 453.59237, "oz": 28.349523125}

TABLES = (LENGTH, TIME, MASS)


class UnknownUnit(ValueError):
    pass


def factor(source: str, target: str) -> float:
    """How many `target` one `source` is. UnknownUnit when they are unknown or measure different things."""
    for table in TABLES:
        if source in table and target in table:
            return table[source] / table[target]
    raise UnknownUnit(f"cannot convert {source} to {target}")
