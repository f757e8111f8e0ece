"""The zip of a workflow run's logs, which may be hostile: its jobs' logs, with everything bounded. Nothing is ever
written to disk."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator

from bot.core.errors import Permanent
from bot.github.gathering.job_log_text import poured_now

ARCHIVE_BYTES = 32 << 20
ENTRIES_AT_MOST = 2_000
UNPACKED_BYTES = 256 << 20  # of all that is read
RATIO_AT_MOST = 200  # text is packed 10 to 50 times
RATIO_FROM_BYTES = 4 << 20  # small files may well be packed tighter
_CHUNK = 1 << 16
_END = b"PK\x05\x06"
_END_BYTES = 22
_LARGE = b"PK\x06\x07"  # a second list of files, for archives over 4 GB
_COMMENT_BYTES = 0xFFFF
_JOB_LOG = re.compile(r"-?\d{1,5}_([^/\\]{1,400})\.txt")
_ERROR = b"##[error]"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class LogArchive:
    """A zip that was read into memory. Raises Permanent for one that is no zip, or has more in it than logs have."""

    def __init__(self, content: bytes) -> None:
        self._left_bytes = UNPACKED_BYTES
        _check_entries(content)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError) as exc:
            raise Permanent("The archive of the run's logs is damaged.") from exc

    def job_log(self, job: str, limit_bytes: int) -> bytes | None:
        """A job's whole log by the job's name; where no file has that name, the one log that tells of an error. None
        when there is no such file. What is over the limit is cut out of the middle."""
        logs = {match[1]: info for info in self._zip.infolist() if (match := _JOB_LOG.fullmatch(info.filename))}
        wanted = _plain(job)
        for name, info in logs.items():
            if _plain(name) and (_plain(name) == wanted or (len(name) >= 40 and wanted.startswith(_plain(name)))):
                return self._read(info, limit_bytes)
        failed = [found for info in logs.values() if _ERROR in (found := self._read(info, limit_bytes))]
        return failed[0] if len(failed) == 1 else None

    def _read(self, info: zipfile.ZipInfo, limit_bytes: int) -> bytes:
        try:
            return poured_now(self._chunks(info), limit_bytes).content()
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            RuntimeError,
            NotImplementedError,
            OSError,
            ValueError,
        ) as exc:
            raise Permanent("The archive of the run's logs is damaged.") from exc

    def _chunks(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        """What comes out is counted: what the archive says of itself is anybody's word."""
        if info.compress_type not in _METHODS or info.flag_bits & 0x1:
            raise Permanent("The archive of the run's logs is packed in a way that logs are not.")
        came = 0
        with self._zip.open(info) as file:
            while chunk := file.read(_CHUNK):
                came += len(chunk)
                self._left_bytes -= len(chunk)
                bomb = came > RATIO_FROM_BYTES and came > RATIO_AT_MOST * max(1, info.compress_size)
                if bomb or self._left_bytes < 0:
                    raise Permanent("The archive of the run's logs unpacks to more than logs do.")
                yield chunk


def _check_entries(content: bytes) -> None:
    """Before anything parses its list of files, which alone may fill the memory."""
    at = content.rfind(_END, max(0, len(content) - _END_BYTES - _COMMENT_BYTES))
    if at < 0 or len(content) < at + _END_BYTES or content[max(0, at - 20) : at].startswith(_LARGE):
        raise Permanent("The archive of the run's logs is damaged.")
    entries, directory_bytes = struct.unpack("<HI", content[at + 10 : at + 16])
    if entries > ENTRIES_AT_MOST or directory_bytes > ENTRIES_AT_MOST * 1024:
        raise Permanent(f"The archive of the run's logs has {entries:,} files: more than logs have.")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", name.lower())
