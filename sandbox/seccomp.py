"""The system call filter of the namespace sandbox, as a classic BPF program. Loading it is bubblewrap's work.

A deny-list: the kernel's rarely needed, often attacked or unaccounted parts are refused, all else is allowed. Sockets
are an allow-list of families. Numbers are facts of the kernel's ABI (its asm/unistd_64.h and asm-generic/unistd.h).
"""

from __future__ import annotations

import errno
import struct
from dataclasses import dataclass

# struct seccomp_data: int nr; u32 arch; u64 instruction_pointer; u64 args[6] (little-endian: low word first)
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, SECOND_ARGUMENT = 0, 4, 16, 24
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000

X32_BIT = 0x40000000  # marks a system call of the x32 ABI, which has numbers of its own
NEW_NAMESPACES = 0x7E020000  # every CLONE_NEW* that clone() takes
AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16
TERMINAL_INPUT = (0x5412, 0x541C)  # TIOCSTI and TIOCLINUX: typing into the terminal that started us


@dataclass(frozen=True, slots=True)
class Architecture:
    """A machine's AUDIT_ARCH value and its system call numbers."""

    audit: int
    numbers: dict[str, int]


SAME_EVERYWHERE = {
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "clone3": 435,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
    "quotactl_fd": 443,
    "memfd_secret": 447,
}

# name: (x86_64, aarch64); None where the machine has no such call
BY_MACHINE: dict[str, tuple[int | None, int | None]] = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "clone": (56, 220),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "init_module": (175, 105),
    "ioctl": (16, 29),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "lookup_dcookie": (212, 18),
    "mbind": (237, 235),
    "memfd_create": (319, 279),
    "migrate_pages": (256, 238),
    "modify_ldt": (154, None),
    "mount": (165, 40),
    "move_pages": (279, 239),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pivot_root": (155, 41),
    "prlimit64": (302, 261),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "set_mempolicy": (238, 237),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "shmget": (29, 194),
    "socket": (41, 198),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
    "vmsplice": (278, 75),
}

# Judged by their arguments below; everything else in the tables is refused.
BY_ARGUMENT = frozenset({"clone", "ioctl", "prlimit64", "socket"})
# "Not there" instead of "not allowed", so that callers fall back: glibc from clone3 to clone (whose flags can be
# read), programs from anonymous memory files to real ones (which count against the size of a folder).
NOT_THERE = frozenset({"clone3", "memfd_create", "memfd_secret", "shmget"})


def _architecture(audit: int, column: int) -> Architecture:
    own = {name: number for name, columns in BY_MACHINE.items() if (number := columns[column]) is not None}
    return Architecture(audit, own | SAME_EVERYWHERE)


ARCHITECTURES = {"x86_64": _architecture(0xC000003E, 0), "aarch64": _architecture(0xC00000B7, 1)}


def program(machine: str, *, local_sockets: bool = True) -> bytes:
    """The filter for this machine (as `platform.machine()` names it), as an array of `struct sock_filter`.

    Without `local_sockets` no AF_UNIX socket can be made: where the network is the host's, its abstract sockets (a
    desktop session, a service manager) would be in reach. Raises KeyError for a machine that it does not know.
    """
    known = ARCHITECTURES[machine]
    code = [
        _step(LOAD, ARCHITECTURE),
        _step(JUMP_EQUAL, known.audit, 1, 0),
        _step(RETURN, KILL_PROCESS),  # a foreign ABI has other numbers
        _step(LOAD, NUMBER),
    ]
    if machine == "x86_64":
        code += [_step(JUMP_AT_LEAST, X32_BIT, 0, 1), _refuse(errno.ENOSYS)]
    for name in sorted(known.numbers.keys() - BY_ARGUMENT):
        refusal = _refuse(errno.ENOSYS if name in NOT_THERE else errno.EPERM)
        code += [_step(JUMP_EQUAL, known.numbers[name], 0, 1), refusal]
    families = (*((AF_UNIX,) if local_sockets else ()), AF_INET, AF_INET6, AF_NETLINK)
    code += _judged(known.numbers["clone"], FIRST_ARGUMENT, _unless_any_bit(NEW_NAMESPACES))
    code += _judged(known.numbers["socket"], FIRST_ARGUMENT, _only(families, errno.EAFNOSUPPORT))
    code += _judged(known.numbers["ioctl"], SECOND_ARGUMENT, _none_of(TERMINAL_INPUT))
    code += _judged(known.numbers["prlimit64"], FIRST_ARGUMENT, _only((0,), errno.EPERM))  # only one's own limits
    return b"".join([*code, _step(RETURN, ALLOW)])


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, value)


def _refuse(number: int) -> bytes:
    return _step(RETURN, ERRNO | number)


def _judged(number: int, argument: int, judgement: list[bytes]) -> list[bytes]:
    """For one system call: loads an argument's low word and ends with the judgement's answer. Others pass by."""
    return [_step(JUMP_EQUAL, number, 0, len(judgement) + 1), _step(LOAD, argument), *judgement]


def _unless_any_bit(bits: int) -> list[bytes]:
    return [_step(JUMP_ANY_BIT, bits, 0, 1), _refuse(errno.EPERM), _step(RETURN, ALLOW)]


def _only(values: tuple[int, ...], otherwise: int) -> list[bytes]:
    """Allows these values; the jumps lead over what is left of the list and over the refusal."""
    jumps = [_step(JUMP_EQUAL, value, len(values) - position, 0) for position, value in enumerate(values)]
    return [*jumps, _refuse(otherwise), _step(RETURN, ALLOW)]


def _none_of(values: tuple[int, ...]) -> list[bytes]:
    jumps = [_step(JUMP_EQUAL, value, len(values) - position, 0) for position, value in enumerate(values)]
    return [*jumps, _step(RETURN, ALLOW), _refuse(errno.EPERM)]
