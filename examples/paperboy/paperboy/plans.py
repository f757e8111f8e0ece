"""What a reader can subscribe to. Prices are in cents and include VAT."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    name: str
    price_cents: int
    every_months: int

    def price_per_month(self) -> int:
        """In cents, rounded half up, for the comparison on the sign-up page."""
        return (2 * self.price_cents + self.every_months) // (2 * self.every_months)


MONTHLY = Plan("monthly", 690, 1)
QUARTERLY = Plan("quarterly", 1890, 3)
YEARLY = Plan("yearly", 6900, 12)

PLANS = (MONTHLY, QUARTERLY, YEARLY)


def plan_named(name: str) -> Plan:
    for plan in PLANS:
        if plan.name == name.strip().lower():
            return plan
    known = ", ".join(plan.name for plan in PLANS)
    raise LookupError(f"no plan is called {name!r}; there are {known}")
