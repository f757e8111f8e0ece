"""The profile of system calls for containers, read as the engine reads it. The attacks see it in force."""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from sandbox.docker.container import SECCOMP
from sandbox.seccomp import ARCHITECTURES

ALLOWED = "allowed"
FORBIDDEN = """
acct add_key adjtimex afs_syscall bpf chroot clock_adjtime clock_settime create_module delete_module fanotify_init
fanotify_mark finit_module fsconfig fsmount fsopen fspick get_kernel_syms get_mempolicy init_module ioperm iopl kcmp
kexec_file_load kexec_load keyctl lookup_dcookie mbind migrate_pages modify_ldt mount mount_setattr move_mount
move_pages name_to_handle_at nfsservctl open_by_handle_at open_tree perf_event_open pidfd_getfd pivot_root
process_madvise process_mrelease process_vm_readv process_vm_writev ptrace query_module quotactl quotactl_fd reboot
request_key set_mempolicy setdomainname sethostname setns settimeofday stime swapoff swapon syslog sysfs _sysctl
umount umount2 unshare uselib ustat vhangup vm86 vm86old vmsplice
"""
ABSENT = ("clone3", "io_setup", "io_uring_enter", "io_uring_register", "io_uring_setup", "memfd_secret", "userfaultfd")
NEEDED = {  # by C libraries and language runtimes, under the names that each machine has
    "x86_64": ("arch_prctl", "execve", "fork", "newfstatat", "open", "stat", "vfork"),
    "aarch64": ("execve", "fchmodat", "faccessat", "newfstatat", "openat", "statx"),
}
COUNTED_ELSEWHERE = frozenset({"memfd_create", "shmget"})  # in containers their memory counts against the limit
TERMINAL = {0x5412: "TIOCSTI", 0x541C: "TIOCLINUX", 0x5423: "TIOCSETD"}
AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16
PROTOCOLS = (0, 1, 2, 6, 12, 17, 33, 41, 47, 50, 58, 89, 132, 136, 255, 262)  # MPTCP's is 262
STREAM, DATAGRAM, RAW, NON_BLOCKING = 1, 2, 3, 0o2004000


@cache
def profile() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(SECCOMP.read_text(encoding="utf-8"))
    return found


def verdict(name: str, *args: int) -> str:
    """What the profile says to one system call: "allowed" or an errno's name. Entries of one name are alternatives, the
    arguments of one entry all have to fit."""
    for entry in profile()["syscalls"]:
        if name in entry["names"] and all(fits(wanted, args) for wanted in entry.get("args", ())):
            if entry["action"] == "SCMP_ACT_ALLOW":
                return ALLOWED
            assert entry["action"] == "SCMP_ACT_ERRNO"
            return errno.errorcode[entry["errnoRet"]]
    assert profile()["defaultAction"] == "SCMP_ACT_ERRNO"
    return errno.errorcode[profile()["defaultErrnoRet"]]


def fits(wanted: Mapping[str, Any], args: tuple[int, ...]) -> bool:
    value = (*args, 0, 0, 0, 0, 0, 0)[wanted["index"]]
    if wanted["op"] == "SCMP_CMP_MASKED_EQ":
        return bool(value & wanted["value"] == wanted["valueTwo"])
    assert wanted["op"] == "SCMP_CMP_EQ"
    return bool(value == wanted["value"])


@pytest.mark.parametrize("machine", sorted(ARCHITECTURES))
def test_what_the_filter_of_namespaces_refuses_is_refused_in_containers_too(machine: str) -> None:
    judged_by_argument = {"clone", "ioctl", "personality", "prlimit64", "socket"}
    names = ARCHITECTURES[machine].numbers.keys() - judged_by_argument - COUNTED_ELSEWHERE
    assert [name for name in sorted(names) if verdict(name) == ALLOWED] == []
    assert len(names) > 50


@pytest.mark.parametrize("machine", sorted(NEEDED))
def test_both_machines_have_their_own_filter_and_what_programs_need(machine: str) -> None:
    architecture = f"SCMP_ARCH_{machine.upper()}"
    assert {"architecture": architecture, "subArchitectures": []} in profile()["archMap"]  # no older ABI beside it
    assert [name for name in NEEDED[machine] if verdict(name) != ALLOWED] == []


def test_calls_that_no_project_needs_are_refused() -> None:
    names = FORBIDDEN.split()
    assert {name: verdict(name) for name in names} == dict.fromkeys(names, "EPERM")


def test_calls_that_programs_can_do_without_look_absent_so_that_they_do() -> None:
    assert {name: verdict(name) for name in ABSENT} == dict.fromkeys(ABSENT, "ENOSYS")


def test_no_call_is_allowed_that_was_not_thought_of() -> None:
    assert verdict("a_call_of_next_year") == "EPERM"


def test_a_call_judged_by_its_arguments_is_nowhere_allowed_without() -> None:
    judged = {name for entry in profile()["syscalls"] if entry.get("args") for name in entry["names"]}
    plain = [name for entry in profile()["syscalls"] if not entry.get("args") for name in entry["names"]]
    assert judged == {"clone", "ioctl", "personality", "prlimit64", "socket", "socketpair"}
    assert judged.isdisjoint(plain)
    assert len(plain) == len(set(plain))


def test_threads_and_forks_may_be_made_in_containers_but_no_namespaces() -> None:
    assert verdict("clone", 0x003D0F00) == ALLOWED  # what pthread_create asks for
    assert verdict("clone", 0x11) == ALLOWED
    for flag in (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        assert verdict("clone", flag | 0x11) == "EPERM", hex(flag)


def test_sockets_are_local_tcp_or_udp_or_ask_for_routes() -> None:
    kinds = [(f, k, p) for f in range(64) for k in range(16) for p in PROTOCOLS]
    allowed = {kind for kind in kinds if verdict("socket", *kind) == ALLOWED}
    internet = {(f, k, p) for f in (AF_INET, AF_INET6) for k, p in ((1, 0), (1, 6), (2, 0), (2, 17))}
    assert {kind for kind in allowed if kind[0] != AF_UNIX and kind[0] != AF_NETLINK} == internet
    assert {p for f, _, p in allowed if f == AF_NETLINK} == {0}
    assert verdict("socket", AF_UNIX, DATAGRAM, 0) == ALLOWED
    assert verdict("socket", AF_INET6, STREAM | NON_BLOCKING, 6) == ALLOWED
    assert verdict("socket", AF_INET, RAW, 1) == "EPERM"
    assert verdict("socket", 40, STREAM, 0) == "EPERM"  # AF_VSOCK
    assert [family for family in range(64) if verdict("socketpair", family) == ALLOWED] == [AF_UNIX]


def test_nobody_types_into_a_terminal_or_changes_what_it_is() -> None:
    """Nor by bits that the kernel drops."""
    refused = [request for request in range(0x5000, 0x6000) if verdict("ioctl", 0, request) != ALLOWED]
    assert refused == sorted(TERMINAL)
    for high in range(16, 32):
        assert verdict("ioctl", 0, 0x5412 | 1 << high) == ALLOWED
    for high in range(32, 64):
        assert {verdict("ioctl", 0, request | 1 << high) for request in TERMINAL} == {"EPERM"}


def test_limits_are_ones_own_and_personalities_stay_plain() -> None:
    assert (verdict("prlimit64", 0), verdict("prlimit64", 7)) == (ALLOWED, "EPERM")
    assert (verdict("personality", 0), verdict("personality", 0xFFFFFFFF)) == (ALLOWED, ALLOWED)
    assert verdict("personality", 0x0040000) == "EPERM"  # ADDR_NO_RANDOMIZE
