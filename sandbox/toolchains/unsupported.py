"""What is said where no toolchain knows how a repository is tested: what was looked for, what is there instead, and how
the repository can tell us. Detecting a project belongs to each toolchain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from posixpath import splitext

from bot.core.policy import Wishes
from bot.core.tree import Tree

LANGUAGES = {
    "python": "Python (.py files)",
    "node": "JavaScript and TypeScript (package.json with tests)",
    "go": "Go (go.mod)",
    "rust": "Rust (Cargo.toml)",
    "java": "Java (pom.xml, build.gradle)",
    "custom": "a test command of the repository's own (`test:` in .github/fixbugs.yml)",
}
OTHERS = {
    ".rb": "Ruby",
    ".php": "PHP",
    ".cs": "C#",
    ".c": "C",
    ".cc": "C++",
    ".cpp": "C++",
    ".kt": "Kotlin",
    ".swift": "Swift",
    ".scala": "Scala",
    ".ex": "Elixir",
    ".hs": "Haskell",
    ".ml": "OCaml",
    ".dart": "Dart",
    ".lua": "Lua",
    ".pl": "Perl",
    ".sh": "shell scripts",
    ".r": "R",
    ".jl": "Julia",
    ".zig": "Zig",
    ".java": "Java",
    ".go": "Go",
    ".rs": "Rust",
    ".js": "JavaScript",
    ".ts": "TypeScript",
}


def nothing_to_test(tree: Tree, wishes: Wishes, known: Sequence[str]) -> str:
    """One paragraph. `known` are the toolchains that looked."""
    looked = "; ".join(LANGUAGES.get(name, name) for name in known)
    where = f" in {wishes.folder} (`folder:` of .github/fixbugs.yml)" if wishes.folder else ""
    counted = Counter(OTHERS[kind] for path in tree if (kind := splitext(path)[1].lower()) in OTHERS)
    mostly = f" Most of its files are {counted.most_common(1)[0][0]}." if counted else ""
    return (
        f"There is nothing here that can be tested{where}. Looked for: {looked}.{mostly} If it has tests, write in "
        ".github/fixbugs.yml how they run: `test:` (a command), `report:` (where it writes its JUnit XML) and, if "
        "needed, `setup:`, `image:` and `folder:`."
    )
