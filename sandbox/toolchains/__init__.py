"""The registry of toolchains: one line each. How one works belongs to its own file."""

from sandbox.toolchains.base import Toolchain
from sandbox.toolchains.python import PythonToolchain

TOOLCHAINS: tuple[Toolchain, ...] = (PythonToolchain(),)
