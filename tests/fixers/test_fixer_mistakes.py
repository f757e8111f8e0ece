"""Human mistakes in everyday code: for each, the edit that undoes it comes among the first candidates."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from itertools import islice

import pytest

from bot.core.artifacts import CandidateTest, Reproduction, Suspect
from bot.core.testing import Failure, FailureSignature, Frame, Isolation, Outcome, TestCoverage, TestResult, TestRun
from bot.core.tree import Tree, TreeFile
from bot.fixers import FIXERS
from bot.ports import FixQuestion

FIRST = 300  # of a budget of some thousands


@dataclass(frozen=True)
class Mistake:
    """`wrong` becomes `right` in `code`; `raises` is the exception and its message, at the line that holds `at`."""

    name: str
    code: str
    wrong: str
    right: str
    raises: str = "AssertionError"
    message: str = ""
    at: str = ""

    @property
    def buggy(self) -> str:
        assert self.code.count(self.right) >= 1, self.name
        return self.code.replace(self.right, self.wrong, 1)


MISTAKES = (
    Mistake(
        "a slug keeps its case",
        """
import re

def slug(title, sep="-"):
    words = re.findall(r"[a-z0-9]+", title.lower())
    return sep.join(words)
""",
        "title)",
        "title.lower())",
    ),
    Mistake(
        "a date takes minutes for months",
        """
def stamp(when):
    return when.strftime("%Y-%m-%d %H:%M")
""",
        "%Y-%M-%d %H:%M",
        "%Y-%m-%d %H:%M",
    ),
    Mistake(
        "a leap year rule joins with the wrong word",
        """
def is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
""",
        "year % 4 == 0 and (year % 100 != 0 and year % 400 == 0)",
        "year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)",
    ),
    Mistake(
        "elapsed time forgets whole days",
        """
def elapsed(start, end):
    delta = end - start
    return delta.total_seconds()
""",
        "delta.seconds",
        "delta.total_seconds()",
    ),
    Mistake(
        "a counter fails on the first sight of a word",
        """
def count(words):
    counts = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return counts
""",
        "counts[word] + 1",
        "counts.get(word, 0) + 1",
        "KeyError",
        "'a'",
        "counts[word] + 1",
    ),
    Mistake(
        "a mean of nothing divides by zero",
        """
def mean(values):
    if not values:
        return 0
    return sum(values) / len(values)
""",
        "",
        """    if not values:
        return 0
""",
        "ZeroDivisionError",
        "division by zero",
        "sum(values)",
    ),
    Mistake(
        "a cache stores under the wrong key",
        """
class Cache:
    def __init__(self, load):
        self.load = load
        self.entries = {}

    def get(self, key):
        if key not in self.entries:
            value = self.load(key)
            self.entries[key] = value
        return self.entries[key]
""",
        "self.entries[value] = value",
        "self.entries[key] = value",
        "KeyError",
        "'k'",
        "return self.entries[key]",
    ),
    Mistake(
        "objects share a list by default",
        """
class Basket:
    def __init__(self, items=None):
        if items is None:
            items = []
        self.items = items

    def add(self, item):
        self.items.append(item)
""",
        "items=[]):\n        self",
        "items=None):\n        if items is None:\n            items = []\n        self",
    ),
    Mistake(
        "a setter writes a local",
        """
class Account:
    def __init__(self, balance):
        self.balance = balance

    def deposit(self, amount):
        self.balance = self.balance + amount
        return self.balance
""",
        "        balance = self.balance + amount",
        "        self.balance = self.balance + amount",
    ),
    Mistake(
        "a withdrawal is allowed to overdraw by one",
        """
def withdraw(balance, amount):
    if amount > balance:
        raise ValueError("insufficient funds")
    return balance - amount
""",
        "amount >= balance",
        "amount > balance",
        "ValueError",
        "insufficient funds",
        "raise ValueError",
    ),
    Mistake(
        "an optional user is dotted into",
        """
def greeting(user):
    if user is None:
        return ''
    return "Hello, " + user.name
""",
        "",
        "    if user is None:\n        return ''\n",
        "AttributeError",
        "'NoneType' object has no attribute 'name'",
        "user.name",
    ),
    Mistake(
        "a misspelt attribute",
        """
class Order:
    def __init__(self, lines):
        self.lines = lines
        self.quantity = len(lines)

    def describe(self):
        return f"{len(self.lines)} lines", self.quantity
""",
        "self.quantitiy\n",
        "self.quantity\n",
        "AttributeError",
        "'Order' object has no attribute 'quantitiy'. Did you mean: 'quantity'?",
        "self.quantitiy",
    ),
    Mistake(
        "a string lost its f",
        """
def label(name, count):
    return f"{name}: {count}"
""",
        'return "{name}: {count}"',
        'return f"{name}: {count}"',
    ),
    Mistake(
        "two values are swapped in a message",
        """
def full_name(first, last):
    title = "Dr."
    return f"{title} {first} {last}"
""",
        "{last} {first}",
        "{first} {last}",
    ),
    Mistake(
        "pages are counted with the wrong division",
        """
def pages(total, size):
    return (total + size - 1) // size
""",
        "(total + size - 1) / size",
        "(total + size - 1) // size",
    ),
    Mistake(
        "the last page's slice starts one page late",
        """
def page(items, number, size):
    start = (number - 1) * size
    return items[start:start + size]
""",
        "start = number * size",
        "start = (number - 1) * size",
    ),
    Mistake(
        "zero is taken for missing",
        """
def timeout(options, default):
    value = options.get("timeout")
    if value is not None:
        return value
    return default
""",
        "if value:",
        "if value is not None:",
    ),
    Mistake(
        "a parser leaves the newline on",
        """
def parse(line):
    key, value = line.split("=", 1)
    return key, value.strip()
""",
        "key, value\n",
        "key, value.strip()\n",
    ),
    Mistake(
        "a parser splits on every equals sign",
        """
def parse(line):
    key, value = line.split("=", 1)
    return key.strip(), value.strip()
""",
        'line.split("=")',
        'line.split("=", 1)',
        "ValueError",
        "too many values to unpack (expected 2)",
        "key, value = ",
    ),
    Mistake(
        "the result is returned in the first round",
        """
def total(rows):
    result = 0
    for row in rows:
        result += row["price"] * row["count"]
    return result
""",
        "        return result",
        "    return result",
    ),
    Mistake(
        "a total starts anew",
        """
def total(prices):
    result = 0
    for price in prices:
        result += price
    return result
""",
        "result = price",
        "result += price",
    ),
    Mistake(
        "a sorted copy is thrown away",
        """
def ranking(scores):
    best = list(scores)
    best.sort(reverse=True)
    return best
""",
        "best.sort()",
        "best.sort(reverse=True)",
    ),
    Mistake(
        "a changing method's None is kept",
        """
def ordered(names):
    names = list(names)
    names.sort()
    return names
""",
        "names = names.sort()",
        "names.sort()",
    ),
    Mistake(
        "a list grows by a list",
        """
def flat(groups):
    result = []
    for group in groups:
        result.extend(group)
    return result
""",
        "result.append(group)",
        "result.extend(group)",
    ),
    Mistake(
        "rows of a grid are one row",
        """
def grid(width, height):
    return [[0] * width for _ in range(height)]
""",
        "[[0] * width] * height",
        "[[0] * width for _ in range(height)]",
    ),
    Mistake(
        "a dictionary changes while it is walked",
        """
def prune(entries, limit):
    for key in list(entries.keys()):
        if entries[key] > limit:
            del entries[key]
    return entries
""",
        "in entries.keys():",
        "in list(entries.keys()):",
        "RuntimeError",
        "dictionary changed size during iteration",
        "for key in",
    ),
    Mistake(
        "an argument is not passed on",
        """
def render(node, depth=0):
    return "  " * depth + node

def outline(nodes, depth):
    lines = []
    for node in nodes:
        lines.append(render(node, depth=depth))
    return lines
""",
        "render(node)",
        "render(node, depth=depth)",
    ),
    Mistake(
        "a method is not called",
        """
class Box:
    def __init__(self, width, height):
        self.width = width
        self.height = height

    def area(self):
        return self.width * self.height

    def describe(self):
        return "area " + str(self.area())
""",
        "str(self.area)",
        "str(self.area())",
    ),
    Mistake(
        "width is squared",
        """
class Box:
    def __init__(self, width, height):
        self.width = width
        self.height = height

    def area(self):
        return self.width * self.height
""",
        "self.width * self.width",
        "self.width * self.height",
    ),
    Mistake(
        "a flag is switched the wrong way",
        """
class Feature:
    def __init__(self):
        self.enabled = False

    def toggle(self):
        self.enabled = not self.enabled

    def enable(self):
        self.enabled = True
""",
        "self.enabled = False\n\n    def toggle(self):\n        self.enabled = not self.enabled\n\n"
        "    def enable(self):\n        self.enabled = False",
        "self.enabled = False\n\n    def toggle(self):\n        self.enabled = not self.enabled\n\n"
        "    def enable(self):\n        self.enabled = True",
    ),
    Mistake(
        "a maximum starts at zero",
        """
def highest(temperatures):
    best = float('-inf')
    for value in temperatures:
        if value > best:
            best = value
    return best
""",
        "best = 0",
        "best = float('-inf')",
    ),
    Mistake(
        "a search gives up after the first element",
        """
def find(users, name):
    for user in users:
        if user.name == name:
            return user
    return None
""",
        "            return user\n        else:\n            return None\n",
        "            return user\n    return None\n",
    ),
    Mistake(
        "an index runs past the end",
        """
def is_sorted(values):
    for i in range(len(values) - 1):
        if values[i] > values[i + 1]:
            return False
    return True
""",
        "range(len(values))",
        "range(len(values) - 1)",
        "IndexError",
        "list index out of range",
        "values[i + 1]",
    ),
    Mistake(
        "the first element of nothing",
        """
def head(values):
    if not values:
        return None
    return values[0]
""",
        "",
        "    if not values:\n        return None\n",
        "IndexError",
        "list index out of range",
        "values[0]",
    ),
    Mistake(
        "a variable without a value",
        """
def last_error(lines):
    found = None
    for line in lines:
        if "error" in line:
            found = line
    return found
""",
        "",
        "    found = None\n",
        "UnboundLocalError",
        "cannot access local variable 'found' where it is not associated with a value",
        "return found",
    ),
    Mistake(
        "a closure forgets nonlocal",
        """
def counter():
    count = 0

    def step():
        nonlocal count
        count += 1
        return count

    return step
""",
        "",
        "        nonlocal count\n",
        "UnboundLocalError",
        "cannot access local variable 'count' where it is not associated with a value",
        "count += 1",
    ),
    Mistake(
        "a command-line number stays text",
        """
def arguments(parser):
    parser.add_argument("--port", type=int)
    return parser.parse_args()
""",
        'parser.add_argument("--port")',
        'parser.add_argument("--port", type=int)',
    ),
    Mistake(
        "a path is checked at the wrong end",
        """
def is_python(path):
    return path.endswith(".py") and not path.startswith("test_")
""",
        'path.startswith(".py")',
        'path.endswith(".py")',
    ),
    Mistake(
        "a prefix is stripped letter by letter",
        """
def unprefixed(name):
    return name.removeprefix("app_")
""",
        'name.lstrip("app_")',
        'name.removeprefix("app_")',
    ),
    Mistake(
        "a regular expression is greedy",
        """
import re

def tags(text):
    return re.findall(r"<(.*?)>", text)
""",
        '"<(.*)>"',
        '"<(.*?)>"',
    ),
    Mistake(
        "a pattern matches only at the start",
        """
import re

def has_number(text):
    return re.search(r"[0-9]+", text) is not None
""",
        "re.match(",
        "re.search(",
    ),
    Mistake(
        "keys are compared with values",
        """
def invert(mapping):
    return {value: key for key, value in mapping.items()}
""",
        "{key: value for key, value in",
        "{value: key for key, value in",
    ),
    Mistake(
        "a generator yields a generator",
        """
def walk(tree):
    yield tree.value
    for child in tree.children:
        yield from walk(child)
""",
        "yield walk(child)",
        "yield from walk(child)",
    ),
    Mistake(
        "an exception is built and forgotten",
        """
def check_age(age):
    if age < 0:
        raise ValueError("age must not be negative")
    return age
""",
        "        ValueError(",
        "        raise ValueError(",
    ),
    Mistake(
        "a handler is too narrow",
        """
def to_number(text):
    try:
        return int(text)
    except (ValueError, TypeError):
        return None
""",
        "except ValueError:",
        "except (ValueError, TypeError):",
        "TypeError",
        "int() argument must be a string, a bytes-like object or a real number, not 'NoneType'",
        "int(text)",
    ),
    Mistake(
        "a loop forgets its step",
        """
def digits(number):
    count = 0
    while number > 0:
        number //= 10
        count += 1
    return count
""",
        "",
        "        count += 1\n",
    ),
    Mistake(
        "a queue is used as a stack",
        """
from collections import deque

def order(start, edges):
    queue, seen = deque([start]), []
    while queue:
        node = queue.popleft()
        seen.append(node)
        queue.extend(edges[node])
    return seen
""",
        "queue.pop()",
        "queue.popleft()",
    ),
    Mistake(
        "a class counts for all its objects",
        """
class Log:
    def __init__(self):
        self.lines = []

    def write(self, line):
        self.lines.append(line)
        return len(self.lines)
""",
        "    lines = []\n\n    def write",
        "    def __init__(self):\n        self.lines = []\n\n    def write",
    ),
    Mistake(
        "a wrong helper is called",
        """
def to_celsius(degrees):
    return (degrees - 32) * 5 / 9

def to_fahrenheit(degrees):
    return degrees * 9 / 5 + 32

def report(celsius):
    return f"{celsius} C", to_fahrenheit(celsius)
""",
        ", to_celsius(celsius)",
        ", to_fahrenheit(celsius)",
    ),
    Mistake(
        "a formula lacks parentheses",
        """
def to_celsius(degrees):
    return (degrees - 32) * 5 / 9
""",
        "degrees - 32 * 5 / 9",
        "(degrees - 32) * 5 / 9",
    ),
    Mistake(
        "a password rule is too lax",
        """
def is_strong(password, minimum=8):
    long_enough = len(password) >= minimum
    has_digit = any(c.isdigit() for c in password)
    return long_enough and has_digit
""",
        "return long_enough or has_digit",
        "return long_enough and has_digit",
    ),
    Mistake(
        "a history is handed out and changed by the caller",
        """
class History:
    def __init__(self):
        self.items = []

    def snapshot(self):
        return list(self.items)
""",
        "return self.items",
        "return list(self.items)",
    ),
    Mistake(
        "a constant has the wrong unit",
        """
SECONDS_PER_HOUR = 3600

def hours(seconds):
    return seconds / SECONDS_PER_HOUR
""",
        "SECONDS_PER_HOUR = 60",
        "SECONDS_PER_HOUR = 3600",
    ),
    Mistake(
        "numbers are joined to text",
        """
def caption(count):
    return "items: " + str(count)
""",
        '"items: " + count',
        '"items: " + str(count)',
        "TypeError",
        'can only concatenate str (not "int") to str',
        '"items: " + count',
    ),
)


def question_for(mistake: Mistake, buggy: str) -> FixQuestion:
    """Every line of the file is executed and equally suspect: the hardest case for the order."""
    lines = buggy.split("\n")
    crash = next((i for i, line in enumerate(lines, 1) if mistake.at and mistake.at in line), 0)
    frames = (Frame("app.py", crash),) if crash else ()
    failure = Failure(mistake.raises, mistake.message, frames=frames)
    red = TestRun(("t",), (TestResult("t", Outcome.FAILED, failure=failure),), 1, 0.1, Isolation.NAMESPACE)
    test = CandidateTest(("t",), None, FailureSignature(), "user", "named")
    inside = tuple(
        sorted(
            {
                line
                for node in ast.walk(ast.parse(buggy))
                if isinstance(node, ast.FunctionDef)
                for line in range(node.body[0].lineno, (node.end_lineno or 0) + 1)
            }
        )
    )
    return FixQuestion(
        tree=Tree({"app.py": TreeFile(buggy.encode())}),
        reproduction=Reproduction(test, (red,), ("t",)),
        suspects=(Suspect("app.py", 1, len(lines), 1.0),),
        coverage=(TestCoverage("t", (("app.py", inside),)),),
        writable=lambda path: True,
    )


def rank_of_fix(mistake: Mistake, limit: int) -> int | None:
    wanted = ast.dump(ast.parse(mistake.code))
    for rank, candidate in enumerate(islice(FIXERS[0].propose(question_for(mistake, mistake.buggy)), limit), 1):
        if ast.dump(ast.parse(candidate.patch.edits[0].after or "")) == wanted:
            return rank
    return None


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.name)
def test_the_edit_that_undoes_the_mistake_comes_early(mistake: Mistake) -> None:
    rank = rank_of_fix(mistake, FIRST)
    assert rank is not None, f"not among the first {FIRST} candidates"
