"""The system call filter, run here by a small BPF interpreter."""

from __future__ import annotations

import errno
import re
import struct
from pathlib import Path

import pytest

from sandbox.seccomp import ARCHITECTURES, program

ALLOWED, KILLED = "allowed", "killed"
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


def verdict(code: bytes, number: int, audit: int, *args: int) -> str:
    """What the filter says to one system call: "allowed", "killed" or an errno's name."""
    data = struct.pack("<iIQ6Q", number, audit, 0, *(tuple(args) + (0,) * 6)[:6])
    steps = list(struct.iter_unpack("<HBBI", code))
    at = accumulator = 0
    while True:
        kind, if_true, if_false, value = steps[at]
        at += 1
        if kind == 0x20:
            accumulator = struct.unpack_from("<I", data, value)[0]
        elif kind == 0x06:
            if value == 0x7FFF0000:
                return ALLOWED
            return KILLED if value == 0x80000000 else errno.errorcode[value & 0xFFFF]
        else:
            holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[kind]
            at += if_true if holds else if_false


def ask(machine: str, name: str, *args: int, local_sockets: bool = True) -> str:
    known = ARCHITECTURES[machine]
    return verdict(program(machine, local_sockets=local_sockets), known.numbers[name], known.audit, *args)


@pytest.mark.parametrize("machine", sorted(ARCHITECTURES))
class TestOnEachMachine:
    def test_dangerous_calls_are_refused(self, machine: str) -> None:
        for name in ("ptrace", "mount", "unshare", "bpf", "io_uring_setup", "keyctl", "open_by_handle_at"):
            assert ask(machine, name) == "EPERM", name

    def test_calls_with_a_safe_fallback_look_absent(self, machine: str) -> None:
        for name in ("clone3", "memfd_create", "shmget"):
            assert ask(machine, name) == "ENOSYS", name

    def test_calls_in_no_table_are_allowed(self, machine: str) -> None:
        known = ARCHITECTURES[machine]
        free = next(n for n in range(300) if n not in known.numbers.values())
        assert verdict(program(machine), free, known.audit) == ALLOWED

    def test_threads_and_forks_may_be_made_but_no_namespaces(self, machine: str) -> None:
        assert ask(machine, "clone", 0x003D0F00) == ALLOWED  # what pthread_create asks for
        assert ask(machine, "clone", 0x11) == ALLOWED
        for flag in (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
            assert ask(machine, "clone", flag | 0x11) == "EPERM", hex(flag)

    def test_sockets_of_the_usual_families_only(self, machine: str) -> None:
        assert [family for family in range(64) if ask(machine, "socket", family) == ALLOWED] == [1, 2, 10, 16]
        assert ask(machine, "socket", 40) == "EAFNOSUPPORT"  # AF_VSOCK

    def test_local_sockets_can_be_closed(self, machine: str) -> None:
        allowed = [f for f in range(64) if ask(machine, "socket", f, local_sockets=False) == ALLOWED]
        assert allowed == [2, 10, 16]

    def test_nobody_types_into_the_terminal(self, machine: str) -> None:
        assert ask(machine, "ioctl", 0, 0x5412) == "EPERM"
        assert ask(machine, "ioctl", 0, 0x541C) == "EPERM"
        assert ask(machine, "ioctl", 0, 0x5413) == ALLOWED

    def test_limits_of_other_processes_are_out_of_reach(self, machine: str) -> None:
        assert ask(machine, "prlimit64", 0) == ALLOWED
        assert ask(machine, "prlimit64", 1) == "EPERM"

    def test_a_foreign_abi_is_killed(self, machine: str) -> None:
        assert verdict(program(machine), 1, 0x40000003) == KILLED

    def test_the_numbers_are_those_of_the_kernels_headers(self, machine: str) -> None:
        header = HEADERS[machine]
        if not header.exists():
            pytest.skip(f"{header} is not installed (Debian: linux-libc-dev)")
        found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text())
        official = {name: int(number) for name, number in found}
        checked = {n: v for n, v in ARCHITECTURES[machine].numbers.items() if n in official}
        assert checked == {name: official[name] for name in checked}
        assert len(checked) > 50


def test_the_x32_abi_looks_absent() -> None:
    assert verdict(program("x86_64"), 0x40000000 + 101, 0xC000003E) == "ENOSYS"
