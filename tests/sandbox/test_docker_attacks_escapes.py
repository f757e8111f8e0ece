"""Ways out of a container, each tried from inside a real one: the network, the kernel's interfaces, privileges, other
users' processes. What the attacker sees is asserted, and on the host that nothing came of it."""

from __future__ import annotations

import io
import json
import platform
import socket
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from bot.ports import Command, Limits
from docker_cell import Cell, cell_on
from sandbox.docker.engine import Engine
from sandbox.docker.images import Images
from sandbox.docker.labels import labels
from sandbox.seccomp import ARCHITECTURES

MARK = uuid4().hex  # in the names of all that an attacker tries to leave on the host
NETWORK = """\
import errno, json, os, socket, sys
def name(error): return errno.errorcode.get(error.errno, str(error.errno))
def tried(family, kind, where, protocol=0):
    try:
        with socket.socket(family, kind, protocol) as link:
            link.settimeout(2)
            link.connect(where) if where else None
            return 'reached'
    except OSError as error: return name(error)
def resolved(host):
    try: return socket.getaddrinfo(host, 80)
    except socket.gaierror: return 'unknown'
port, local, *hosts = sys.argv[1:]
own = socket.create_server(('127.0.0.1', 0))
print(json.dumps({
    'tcp': sorted({tried(2, 1, (host, int(port))) for host in hosts}),
    'udp': sorted({tried(2, 2, (host, 53)) for host in hosts}),
    'ipv6': sorted({tried(10, 1, (host, 80)) for host in ('2606:4700:4700::1111', 'fd00:ec2::254')}),
    'host loopback': [tried(2, 1, ('127.0.0.1', int(port))), tried(1, 1, '\\0' + local)],
    'own loopback': tried(2, 1, own.getsockname()),
    'names': [resolved('pypi.org'), resolved('host.docker.internal'), resolved('metadata.google.internal')],
    'unusual': {kind: tried(*numbers) for kind, numbers in {
        'raw': (2, 3, None, 1), 'ping': (2, 2, None, 1), 'packet': (17, 3, None, 0x300), 'vsock': (40, 1, (2, 22)),
        'kernel crypto': (38, 5, None),
        'bluetooth': (31, 3, None), 'netfilter': (16, 3, None, 12), 'can': (29, 3, None),
        'sctp': (2, 1, None, 132)}.items()},
    'interfaces': sorted(os.listdir('/sys/class/net')),
    'routes': len(open('/proc/net/route').readlines()) - 1,
}))
"""
OWN = ("/sandbox", "/tmp", "/dev/shm", "/proc/[0-9]*", "/proc/self", "/proc/thread-self")
NOT_OWN = (*[word for path in OWN for word in ("-path", path, "-prune", "-o")], "-writable", "!", "-type", "l")
WRITABLE = ("find", "/", *NOT_OWN, "-print")
PLACES = (
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sysrq-trigger",
    "/proc/1/oom_score_adj",
    "/sys/kernel/uevent_helper",
    "/sys/fs/cgroup/release_agent",
    "/sys/fs/cgroup/cgroup.procs",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    "/sys/fs/cgroup/memory/release_agent",
    "/sys/fs/cgroup/pids/pids.max",
    "/sys/fs/cgroup/memory.max",
    "/etc/passwd",
    "/etc/ld.so.preload",
    "/etc/hosts",
    "/usr/bin/python3",
    "/usr/local/bin/python3",
    "/env/bin/python",
    "/cache/poison",
    "/root/.bashrc",
    "/var/run/docker.sock",
)
DEVICES = (
    "/dev/mem",
    "/dev/kmem",
    "/dev/port",
    "/dev/kmsg",
    "/dev/sda",
    "/dev/vda",
    "/dev/fuse",
    "/dev/kvm",
    "/dev/net/tun",
)
OPENED = """\
import errno, os, stat, sys
count = int(sys.argv[1])
for path in sys.argv[2:2 + count]:
    try:
        with open(path, 'w') as file: file.write('|/tmp/attack')
        print('wrote', path)
    except OSError: pass
for path in sys.argv[2 + count:]:
    try:
        with open(path, 'rb') as file: file.read(1)
        print('read', path)
    except OSError: pass
for kind in (stat.S_IFBLK, stat.S_IFCHR):
    try:
        os.mknod(f'device-{kind}', kind | 0o666, os.makedev(8, 0))
        print('made a device')
    except OSError: pass
secrets = [path for path in ('/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware', '/proc/acpi')
    if os.path.exists(path) and (os.listdir(path) if os.path.isdir(path) else open(path, 'rb').read(1))]
print(secrets)
"""
CALLS = """\
import ctypes, errno, json, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
numbers = json.loads(sys.argv[1])
def call(name, *args):
    wanted = [ctypes.c_char_p(each) if isinstance(each, bytes) else ctypes.c_long(each) for each in args]
    ctypes.set_errno(0)
    done = libc.syscall(ctypes.c_long(numbers[name]), *wanted) if name in numbers else getattr(libc, name)(*wanted)
    return 'done' if done >= 0 else errno.errorcode[ctypes.get_errno()]
tries = {name: (0, 0, 0, 0, 0) for name in numbers if name not in ('personality', 'prlimit64', 'socket')}
tries |= {
    'mount': (b'none', b'/tmp', b'tmpfs', 0, 0), 'umount2': (b'/proc/sys', 2), 'pivot_root': (b'/', b'/'),
    'chroot': (b'/',), 'unshare': (0x10000000,), 'clone': (0x10000011, 0, 0, 0, 0), 'ptrace': (16, 1, 0, 0),
    'ioctl': (0, 0x5412, 0), 'syslog': (3, 0, 0), 'sethostname': (b'x', 1), 'setuid': (0,), 'setgid': (0,),
    'setgroups': (1, 0), 'setresuid': (10000, 10000, 10000), 'chown': (b'.', 0, 0), 'prlimit64': (1, 7, 0, 0),
}
print(json.dumps({name: call(name, *args) for name, args in tries.items()}
    | {'remount': call('mount', b'', b'/', b'', 0x1020, 0), 'more bits': call('ioctl', 0, 0x100005412, 0)}))
"""
FOREIGN = """\
import ctypes, mmap, os, signal
def ended(work):
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else 'lived'
def old_abi():
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(bytes.fromhex('b814000000cd80c3'))  # getpid, as 32-bit programs ask for it
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
print(ended(old_abi), ended(lambda: ctypes.CDLL(None).syscall(0x40000000 + 39)))
"""
IN_BOUNDS = ("memfd_create", "shmget")  # allowed: their memory counts
STATUS = """\
for line in open('/proc/self/status'):
    if line.split(':')[0] in ('Uid', 'Gid', 'Groups', 'CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs',
                              'Seccomp'):
        print(line.split(':')[0], *sorted(set(line.split()[1:])))
"""
GUARDS = """\
import os, signal
seen = opened = ended = 0
for pid in filter(str.isdigit, os.listdir('/proc')):
    try: uid = int(open(f'/proc/{pid}/status').read().split('Uid:')[1].split()[0])
    except OSError: continue
    if uid == os.getuid(): continue
    seen += 1
    for what in ('environ', 'mem', 'maps', 'fd/0', 'root/etc/passwd', 'cwd/etc/passwd', 'ns/net'):
        try: open(f'/proc/{pid}/{what}', 'rb').read(1); opened += 1
        except OSError: pass
    for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGHUP):
        try: os.kill(int(pid), number); ended += 1
        except OSError: pass
print(seen, opened, ended)
"""


@pytest.fixture(scope="module")
def shared_cell(docker_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cell]:
    with cell_on(docker_engine, tmp_path_factory.mktemp("notes")) as cell:
        yield cell


@pytest.fixture
def cell(shared_cell: Cell) -> Iterator[Cell]:
    """Whatever is tried in it: afterwards nothing is left of it."""
    yield shared_cell
    assert shared_cell.is_quiet()


def addresses_of_this_machine() -> list[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return [str(probe.getsockname()[0]), "172.17.0.1"]  # the one that leads out, and the engine's bridge


def test_the_only_network_is_its_own_loopback(cell: Cell) -> None:
    hosts = [*addresses_of_this_machine(), "169.254.169.254", "1.1.1.1", "10.0.0.1"]
    with ExitStack() as open_on_host:
        server = open_on_host.enter_context(socket.create_server(("", 0)))
        local = open_on_host.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        local.bind(f"\0{MARK}")
        local.listen()
        found = json.loads(cell.printed(NETWORK, str(server.getsockname()[1]), MARK, *hosts))
        for listening in (server, local):
            listening.setblocking(False)
            with pytest.raises(BlockingIOError):  # nobody came
                listening.accept()
    assert found == {
        "tcp": ["ENETUNREACH"],
        "udp": ["ENETUNREACH"],
        "ipv6": found["ipv6"],
        "host loopback": ["ECONNREFUSED", "ECONNREFUSED"],
        "own loopback": "reached",
        "names": ["unknown", "unknown", "unknown"],
        "unusual": dict.fromkeys(found["unusual"], "EPERM"),
        "interfaces": found["interfaces"],
        "routes": 0,
    }
    assert set(found["ipv6"]) <= {"ENETUNREACH", "EADDRNOTAVAIL"}
    assert set(found["interfaces"]) <= {
        "lo",
        "tunl0",
        "sit0",
        "ip6tnl0",
        "gre0",
        "ip6_vti0",
        "ip_vti0",
        "bonding_masters",
    }


def test_nothing_but_its_own_folders_can_be_written(cell: Cell) -> None:
    done = cell.waited(cell.box.run(Command(WRITABLE), Limits(wall_s=50.0)))
    harmless = {"full", "mqueue", "null", "ptmx", "pts", "pts/ptmx", "random", "tty", "urandom", "zero"}
    pressure = {f"/proc/pressure/{name}" for name in ("cpu", "io", "irq", "memory")}  # who writes there is only told
    null = set(cell.config()["HostConfig"]["MaskedPaths"])  # the engine hides them behind /dev/null
    written = set(done.stdout.decode().split())
    assert written - pressure - null <= {f"/dev/{name}" for name in harmless}
    assert "/dev/null" in written


def test_the_kernels_and_the_engines_files_are_out_of_reach(cell: Cell) -> None:
    kernel = [Path("/proc/sys", name) for name in ("kernel/core_pattern", "vm/overcommit_memory")]
    before = [path.read_text() for path in kernel]
    said = cell.printed(OPENED, str(len(PLACES)), *PLACES, *DEVICES)
    assert said == "[]\n"
    assert [path.read_text() for path in kernel] == before


def test_calls_into_the_kernel_that_could_lead_out_are_refused(cell: Cell) -> None:
    known = ARCHITECTURES[platform.machine()].numbers
    numbers = {name: number for name, number in known.items() if name not in IN_BOUNDS}
    found = json.loads(cell.printed(CALLS, json.dumps(numbers)))
    absent = ("clone3", "io_uring_enter", "io_uring_register", "io_uring_setup", "memfd_secret", "userfaultfd")
    assert found == dict.fromkeys(found, "EPERM") | dict.fromkeys(absent, "ENOSYS")
    assert len(found) > 60


def test_a_call_by_another_abi_ends_who_makes_it(cell: Cell) -> None:
    if platform.machine() != "x86_64":
        pytest.skip("only x86_64 has other ABIs")
    assert cell.printed(FOREIGN) == "SIGSYS SIGSYS\n"


def test_it_runs_as_nobody_in_particular_without_any_capability(cell: Cell) -> None:
    nothing = "0000000000000000"
    assert dict(line.split(None, 1) for line in cell.printed(STATUS).splitlines()) == {
        "Uid": "10001",
        "Gid": "10001",
        "Groups": "10001",
        "CapInh": nothing,
        "CapPrm": nothing,
        "CapEff": nothing,
        "CapBnd": nothing,
        "CapAmb": nothing,
        "NoNewPrivs": "1",
        "Seccomp": "2",
    }


def test_the_processes_that_guard_it_are_somebody_elses(cell: Cell) -> None:
    seen, opened, ended = map(int, cell.printed(GUARDS).split())
    assert (seen >= 2, opened, ended) == (True, 0, 0)


def test_the_engine_was_asked_for_every_fence(cell: Cell) -> None:
    config = cell.config()
    held, ran = config["HostConfig"], config["Config"]
    assert (held["NetworkMode"], held["ReadonlyRootfs"], held["Privileged"]) == ("none", True, False)
    assert (held["CapDrop"], held["CapAdd"] or [], held["Binds"] or [], held["Devices"] or []) == (["ALL"], [], [], [])
    assert (held["PidMode"], held["UTSMode"], held["UsernsMode"]) == ("", "", "")
    assert (held["IpcMode"], held["LogConfig"]["Type"]) == ("private", "none")
    assert {option.partition("=")[0].partition(":")[0] for option in held["SecurityOpt"]} == {
        "no-new-privileges",
        "seccomp",
    }
    assert config["Mounts"] == []
    assert [config["Path"], *config["Args"]] == ["timeout", "-s", "KILL", "25200", "cat"]
    assert ran["User"] == "10000:10000"
    assert [entry for entry in ran["Env"] if not entry.startswith("PATH=")] == []


@pytest.fixture
def armed_image(docker_engine: Engine, tmp_path: Path) -> Iterator[str]:
    """A base in which a program of root's is marked to run as root, as `su` and `mount` often are."""
    api, name = docker_engine.api, f"fixbugs-test-{MARK}"
    made = api.create_container(Images(docker_engine, tmp_path).base("python"), command=["true"], labels=labels("test"))
    try:
        stream, _ = api.get_archive(made["Id"], "/usr/bin/id")
        with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as found:
            program = found.extractfile("id")
            assert program is not None
            content = program.read()
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for mode, path in ((0o4755, "who-as-root"), (0o2755, "who-in-roots-group")):
                entry = tarfile.TarInfo(path)
                entry.mode, entry.size = mode, len(content)
                archive.addfile(entry, io.BytesIO(content))
        api.put_archive(made["Id"], "/usr/local/bin", packed.getvalue())
        api.commit(made["Id"], name, "armed", conf={"Labels": {"fixbugs": "1"}})
    finally:
        api.remove_container(made["Id"], force=True)
    yield f"{name}:armed"
    api.remove_image(f"{name}:armed", force=True)


def test_programs_that_run_as_root_elsewhere_do_not_here(
    docker_engine: Engine, armed_image: str, tmp_path: Path
) -> None:
    code = (
        "import os, subprocess\n"
        "for name in ('who-as-root', 'who-in-roots-group'):\n"
        "    mode = os.stat(f'/usr/local/bin/{name}').st_mode & 0o7000\n"
        "    print(oct(mode), *(subprocess.check_output([name, flag], text=True).strip() for flag in ('-u', '-G')))"
    )
    with cell_on(docker_engine, tmp_path, armed_image) as cell:
        assert cell.printed(code).splitlines() == ["0o4000 10001 10001", "0o2000 10001 10001"]


def test_what_fails_is_an_attack_and_not_the_attacker(cell: Cell) -> None:
    """The same ways of asking succeed where they may."""
    code = (
        "import ctypes, socket\n"
        "print(ctypes.CDLL(None).getppid() > 0, ctypes.CDLL(None).syscall(39) > 0)\n"
        "socket.socket(16, 3, 0); socket.socket(1, 2)\n"
        "open('/dev/null', 'w').write('x'); open('/tmp/x', 'w').write('x')"
    )
    done = cell.python(code)
    assert (done.exit_code, done.stdout) == (0, b"True True\n")
