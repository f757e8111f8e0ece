import unittest

from access import Forbidden, Gate, User
from roles import Role, RoleBook

BOOK = RoleBook(
    Role("viewer", frozenset({"orders:read", "stock:read"})),
    Role("clerk", frozenset({"orders:write"}), extends=("viewer",)),
    Role("admin", frozenset({"orders:*", "users:*"})),
)
ANN = User("ann", ("viewer",))
BOB = User("bob", ("clerk",))
EVE = User("eve", ("admin",))


class GateTest(unittest.TestCase):
    def setUp(self):
        self.gate = Gate(BOOK)

    def test_granted(self):
        self.assertTrue(self.gate.allows(ANN, "orders:read"))

    def test_not_granted(self):
        self.assertFalse(self.gate.allows(ANN, "orders:write"))

    def test_inherited(self):
        self.assertTrue(self.gate.allows(BOB, "stock:read", "orders:write"))

    def test_wildcard(self):
        self.assertTrue(self.gate.allows(EVE, "users:delete"))

    def test_every_permission_counts(self):
        self.assertFalse(self.gate.allows(ANN, "orders:read", "orders:write"))

    def test_suspended(self):
        self.assertFalse(self.gate.allows(User("mal", ("admin",), suspended=True), "orders:read"))

    def test_require_passes(self):
        self.gate.require(BOB, "orders:write")

    def test_require_raises(self):
        with self.assertRaises(Forbidden):
            self.gate.require(ANN, "users:delete")
