"""The registry of toolchains: one line each. How one works belongs to its own file. What a repository says itself
comes first; in which order the languages look is told in `meant`."""

from sandbox.toolchains.base import Toolchain
from sandbox.toolchains.custom import CustomToolchain
from sandbox.toolchains.go import GoToolchain
from sandbox.toolchains.java import JavaToolchain
from sandbox.toolchains.node import NodeToolchain
from sandbox.toolchains.python import PythonToolchain
from sandbox.toolchains.rust import RustToolchain

TOOLCHAINS: tuple[Toolchain, ...] = (
    CustomToolchain(),
    NodeToolchain(),
    PythonToolchain(),
    GoToolchain(),
    RustToolchain(),
    JavaToolchain(),
)
