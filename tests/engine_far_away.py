"""The engine of this machine as one far away: behind TLS with client certificates, or behind an ssh server of a test's.
No assertions here."""

from __future__ import annotations

import datetime
import os
import select
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HERE = "127.0.0.1"
SOCKET = os.environ.get("DOCKER_HOST", "").removeprefix("unix://") or "/var/run/docker.sock"
DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """Signs certificates. `name` tells it from others."""

    name: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def folder(
        self, path: Path, whose: str, *, days: int = 2, address: str = HERE, ca: Authority | None = None
    ) -> Path:
        """ca.pem, cert.pem and key.pem as Docker names them; `ca` is whose certificates are trusted (its own)."""
        path.mkdir()
        key = ec.generate_private_key(ec.SECP256R1())
        (path / "ca.pem").write_bytes(_pem((ca or self)._certificate((ca or self).name, (ca or self).key, 2, HERE)))
        (path / "cert.pem").write_bytes(_pem(self._certificate(whose, key, days, address)))
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (path / "key.pem").write_bytes(key.private_bytes(*form))
        return path

    def _certificate(self, whose: str, key: ec.EllipticCurvePrivateKey, days: int, address: str) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        start, end = (now - DAY, now + days * DAY) if days > 0 else (now - 9 * DAY, now - DAY)
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, whose)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=whose == self.name, path_length=None), critical=True)
            .add_extension(names, critical=False)
            .sign(self.key, hashes.SHA256())
        )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@contextmanager
def behind_tls(certificates: Path) -> Iterator[str]:
    """The engine's address as DOCKER_HOST has it. Who has no certificate of the same authority is not let in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    context.load_verify_locations(certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server((HERE, 0)) as door:
        threading.Thread(target=_let_in, args=(door, context), daemon=True).start()
        try:
            yield f"tcp://{HERE}:{door.getsockname()[1]}"
        finally:
            door.shutdown(socket.SHUT_RDWR)


def _let_in(door: socket.socket, context: ssl.SSLContext) -> None:
    with suppress(OSError):
        while True:
            guest, _ = door.accept()
            threading.Thread(target=_serve, args=(guest, context), daemon=True).start()


def _serve(guest: socket.socket, context: ssl.SSLContext) -> None:
    with suppress(OSError), context.wrap_socket(guest, server_side=True, do_handshake_on_connect=False) as secret:
        secret.settimeout(20)
        try:
            secret.do_handshake()
        except ssl.SSLError:  # stays until the guest has heard why
            with socket.socket(fileno=secret.detach()) as refused:
                refused.shutdown(socket.SHUT_WR)
                while refused.recv(1 << 16):
                    pass
            return
        with socket.socket(socket.AF_UNIX) as engine:
            engine.connect(SOCKET)
            _Both(secret, engine).copy()


@dataclass
class _Both:
    """Copies until one of the two ends; a slow reader holds the writer up."""

    secret: ssl.SSLSocket
    engine: socket.socket
    inward: bytearray = field(default_factory=bytearray)
    outward: bytearray = field(default_factory=bytearray)
    ended: bool = False

    def copy(self) -> None:
        for end in (self.secret, self.engine):
            end.setblocking(False)
        while not self.ended or self.outward:
            moved = self._take(self.secret, self.inward) + self._take(self.engine, self.outward)
            moved += self._give(self.engine, self.inward) + self._give(self.secret, self.outward)
            if not moved:
                self._wait()

    def _take(self, source: socket.socket, store: bytearray) -> int:
        if self.ended or len(store) >= 1 << 18:
            return 0
        with suppress(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            data = source.recv(1 << 17)
            store += data
            self.ended = not data
            if not data and source is self.secret:
                raise ConnectionResetError
            return len(data)
        return 0

    def _give(self, target: socket.socket, store: bytearray) -> int:
        with suppress(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            if store:
                count = target.send(store)
                del store[:count]
                return count
        return 0

    def _wait(self) -> None:
        poll = select.poll()
        for end, taken, given in ((self.secret, self.inward, self.outward), (self.engine, self.outward, self.inward)):
            takes = not self.ended and len(taken) < 1 << 18
            poll.register(end, (select.POLLIN if takes else 0) | (select.POLLOUT if given else 0))
        poll.poll(1000)


# ------------------------------------------------------------------ ssh


@dataclass
class SshServer:
    """An sshd of the test's own; `host` is the engine's address through it."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        return f"ssh://{HERE}:{self.port}{SOCKET}"

    def start(self) -> None:
        argv = [_sshd(), "-D", "-e", "-f", str(self.folder / "sshd_config")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection((HERE, self.port), 1):
                return
            time.sleep(0.05)
        raise RuntimeError((self.folder / "log").read_text())

    def stop(self) -> None:
        """With every connection."""
        if self.process:
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            for pid in [self.process.pid, *map(int, children)]:
                with suppress(ProcessLookupError):
                    os.kill(pid, 9)
            self.process.wait()
            self.process = None


def _sshd() -> str:
    found = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        pytest.skip("There is no ssh server: `apt-get install openssh-server`.")
    return found


@contextmanager
def behind_ssh(folder: Path) -> Iterator[SshServer]:
    """With `folder`/bin/ssh, which is to come first in PATH: the client with the settings of a user who knows the
    server, as ~/.ssh/config would have them."""
    _sshd()
    for name in ("host", "mine"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    (folder / "authorized").write_bytes((folder / "mine.pub").read_bytes())
    with socket.create_server((HERE, 0)) as free:
        port = free.getsockname()[1]
    public = " ".join((folder / "host.pub").read_text().split()[:2])
    (folder / "known").write_text(f"[{HERE}]:{port} {public}\n")
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress {HERE}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
        f"PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n"
    )
    (folder / "config").write_text(
        f"IdentityFile {folder}/mine\nIdentitiesOnly yes\n"
        f"UserKnownHostsFile {folder}/known\nStrictHostKeyChecking yes\n"
    )
    (folder / "bin").mkdir()
    (folder / "bin/ssh").write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/config "$@"\n')
    (folder / "bin/ssh").chmod(0o755)
    with suppress(PermissionError):
        Path("/run/sshd").mkdir(exist_ok=True)  # where the server's own process goes that is not trusted yet
    server = SshServer(folder, port)
    server.start()
    try:
        yield server
    finally:
        server.stop()
