"""Where bytes lie: files of this machine and objects of S3, opened whole or in part."""

from __future__ import annotations

import errno
import io
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from glue_tui.catalog.s3_listing import Lost, bad_key, objects_below
from glue_tui.core.problem import InvalidInput
from glue_tui.core.s3_urls import S3_SCHEME
from glue_tui.core.s3_urls import is_s3 as is_s3

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import S3Store


RETRIES_MAX = 2
RETRY_FOR_S = 5
"""What failed later than this after it was asked for is not asked for again."""
CONNECT_TIMEOUT_S = 5
ANSWER_TIMEOUT_S = 12
"""So long an endpoint may stay silent before, or within, its answer."""
POLARS_ANSWER_TIMEOUT_S = 6
"""The same for polars, which asks every endpoint twice."""
REQUEST_TIMEOUT_S = 60
BUFFER_BYTES = 4 * 1024 * 1024
"""What a file object of S3 fetches at a time."""

_BEYOND = " 416 "
"""HTTP's answer to who asks for a range behind the end."""
_CODE = re.compile(r"<Code>(\w+)</Code>")
_MESSAGE = re.compile(r"<Message>([^<]+)</Message>")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStatus:
    """What tells one version of a file from another."""

    size_bytes: int
    mtime_ns: int
    tag: str
    """A local file's ctime in nanoseconds, which no program can set back; an object's ETag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How files are reached: paths of this machine always, `s3://` by one endpoint and one set of credentials.

    What fails raises OSError: FileNotFoundError, PermissionError, or one whose `strerror` says why.
    """

    endpoint: str = ""
    """Empty: AWS's own."""
    region: str = ""
    access_key: str = field(default="", repr=False)
    """Without keys, those of the machine's role are asked for, unless it is anonymous."""
    secret_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)
    is_anonymous: bool = False

    def open(self, path: str) -> BinaryIO:
        """Return the file, opened for reading from its start. An object that is replaced meanwhile is an error."""
        if not is_s3(path):
            return open(path, "rb")
        status = self.status(path)
        return io.BufferedReader(_Object(self, path, status), buffer_size=BUFFER_BYTES)

    def read(self, path: str, start: int = 0, length: int | None = None) -> bytes:
        """Return a range of a file, all that follows `start` without a length; less where the file ends before."""
        if not is_s3(path):
            with open(path, "rb", buffering=0) as file:
                if start:
                    file.seek(start)
                return file.read(-1 if length is None else length) or b""
        if length is not None:
            return self.read_object(path, start, start + length) if length else b""
        size = self.status(path).size_bytes
        return self.read_object(path, start, size) if start < size else b""

    def read_object(self, path: str, start: int, end: int, tag: str = "") -> bytes:
        """Return the bytes from `start` to before `end` of an object, as far as it goes; with `tag` of that version."""
        import obstore

        bucket, key = bucket_and_key(path)
        options: dict[str, Any] = {"range": (start, end)}
        if tag:
            options["if_match"] = tag
        try:
            return bytes(obstore.get(_store(self, bucket), key, options=options).bytes())  # type: ignore[arg-type]
        except Exception as error:
            if _BEYOND in str(error):
                return b""
            raise as_os_error(error, path) from error

    def status(self, path: str) -> FileStatus:
        """Return size and version of a file."""
        if not is_s3(path):
            return local_status(os.stat(path))  # noqa: PTH116
        store = _store(self, bucket_and_key(path)[0])
        import obstore

        try:
            return object_status(obstore.head(store, bucket_and_key(path)[1]))
        except Exception as error:
            raise as_os_error(error, path) from error

    def exists(self, path: str) -> bool:
        """Return whether there is such a file. Whatever else fails raises OSError."""
        try:
            self.status(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def put(self, path: str, file: Path) -> None:
        """Upload a file of this machine; the object is there when it is there as a whole."""
        import obstore

        bucket, key = bucket_and_key(path)
        try:
            obstore.put(_store(self, bucket), key, file)
        except Exception as error:
            raise as_os_error(error, path, to="write") from error

    def create(self, path: str, content: bytes) -> None:
        """Write a file whole, synced, or not at all. Raises FileExistsError if there is one of that name."""
        if not is_s3(path):
            _create_file(Path(path), content)
            return
        import obstore
        from obstore.exceptions import AlreadyExistsError

        bucket, key = bucket_and_key(path)
        try:
            obstore.put(_store(self, bucket), key, content, mode="create")
        except AlreadyExistsError as error:
            raise FileExistsError(errno.EEXIST, "there is one already", path) from error
        except Exception as error:
            raise as_os_error(error, path, to="write") from error

    def copy(self, path: str, target: str) -> None:
        """Copy an object within its bucket; its bytes stay with the server."""
        import obstore

        bucket, key = bucket_and_key(path)
        try:
            obstore.copy(_store(self, bucket), key, bucket_and_key(target)[1])
        except Exception as error:
            raise as_os_error(error, target, to="write") from error

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files or objects, as far as they are there; the objects are of one bucket."""
        if not paths or not is_s3(paths[0]):
            for path in paths:
                Path(path).unlink(missing_ok=True)
            return
        import obstore

        try:
            obstore.delete(_store(self, bucket_and_key(paths[0])[0]), [bucket_and_key(path)[1] for path in paths])
        except FileNotFoundError:
            pass
        except Exception as error:
            raise as_os_error(error, paths[0], to="remove") from error

    def list_objects(self, prefix: str, lost: Lost) -> Iterator[tuple[str, FileStatus]]:
        """Yield the URLs of all objects below an `s3://bucket/prefix`, with their status; folder marks are left out.

        `lost` is told of keys that can't be named. Ordered as S3 does, by the bytes of the key, where none is told.
        A prefix is a folder: `s3://b/a` is not the start of `s3://b/ab`.
        """
        bucket, folder = bucket_and_key(prefix.rstrip("/"))

        def is_there(key: str) -> bool:
            return key.rpartition(".")[2].isalpha() or self.exists(f"{S3_SCHEME}{bucket}/{key}")

        try:
            for item in _without_marks(objects_below(_store(self, bucket), folder, lost), is_there):
                yield f"{S3_SCHEME}{bucket}/{item['path']}", object_status(item)
        except Exception as error:
            raise as_os_error(error, prefix) from error

    def polars_options(self, path: str) -> dict[str, Any]:
        """Return the arguments by which polars' scans and reads reach a path: nothing for one of this machine."""
        if not is_s3(path):
            return {}
        options: dict[str, Any] = {
            "max_retries": RETRIES_MAX,
            "retry_timeout_ms": RETRY_FOR_S * 1000,
            "connect_timeout": f"{CONNECT_TIMEOUT_S}s",
            "read_timeout": f"{POLARS_ANSWER_TIMEOUT_S}s",
        }
        options |= {f"aws_{key}": value for key, value in self._settings().items()}
        if self.endpoint.startswith("http://"):
            options["aws_allow_http"] = "true"
        if self.is_anonymous:
            options["aws_skip_signature"] = "true"
        return {"storage_options": options, "credential_provider": None}

    def iceberg_properties(self, path: str) -> dict[str, str]:
        """Return the properties by which pyiceberg reaches a path: nothing for one of this machine."""
        if not is_s3(path):
            return {}
        said = {f"s3.{key.replace('_', '-')}": value for key, value in self._settings().items()}
        timeouts = {"s3.connect-timeout": str(CONNECT_TIMEOUT_S), "s3.request-timeout": str(REQUEST_TIMEOUT_S)}
        return {**said, **timeouts, **({"s3.anonymous": "true"} if self.is_anonymous else {})}

    def _settings(self) -> dict[str, str]:
        """Return what is said of the endpoint and the credentials, as object_store calls it."""
        said = {
            "endpoint": self.endpoint,
            "region": self.region,
            "access_key_id": self.access_key,
            "secret_access_key": self.secret_key,
            "session_token": self.session_token,
        }
        return {key: value for key, value in said.items() if value}


LOCAL = Storage()
"""For files of this machine."""


def _create_file(path: Path, content: bytes) -> None:
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.tmp-")
    try:
        with open(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(fd)
        os.link(name, path)
    finally:
        Path(name).unlink()


def bucket_and_key(path: str) -> tuple[str, str]:
    """Return the bucket of an `s3://` path, and what follows it."""
    bucket, _, key = path.removeprefix(S3_SCHEME).partition("/")
    return bucket, key


def absolute_path(path: str, project_dir: Path) -> str:
    """Return a path of the catalog as one that can be opened from anywhere."""
    return path if is_s3(path) else str((project_dir / path).absolute())


def local_status(status: os.stat_result) -> FileStatus:
    return FileStatus(size_bytes=status.st_size, mtime_ns=status.st_mtime_ns, tag=str(status.st_ctime_ns))


def object_status(meta: ObjectMeta) -> FileStatus:
    seconds, fraction = divmod(meta["last_modified"].timestamp(), 1)
    mtime_ns = int(seconds) * 1_000_000_000 + round(fraction * 1000) * 1_000_000
    return FileStatus(size_bytes=meta["size"], mtime_ns=mtime_ns, tag=meta.get("e_tag") or "")


def as_os_error(error: Exception, path: str, *, to: str = "read") -> OSError:
    """Return what obstore or polars met at an `s3://` path as an error of the system, in words with a way out.

    `to` says what was tried: read, write or remove.
    """
    text = str(error)
    bucket = bucket_and_key(path)[0]
    code = _CODE.search(text)
    match code[1] if code else "":
        case "NoSuchBucket":
            return FileNotFoundError(errno.ENOENT, f"there is no bucket {bucket}", path)
        case (
            "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken" | "ExpiredToken" | "InvalidSecurity" as why
        ):
            return PermissionError(errno.EACCES, f"the credentials are refused ({why})", path)
        case "AccessDenied" | "AllAccessDisabled":
            return PermissionError(errno.EACCES, f"access is denied: these credentials may not {to} it", path)
        case "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException":
            return OSError(
                errno.EIO, f"bucket {bucket} is in another region: set AWS_REGION, or region=… in the connection", path
            )
    if bad := bad_key(text):
        return OSError(errno.EIO, f"the name of {bad!r} can't be read: rename it, or crawl folders beside it", path)
    if "169.254.169.254" in text:
        return PermissionError(errno.EACCES, "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", path)
    if isinstance(error, FileNotFoundError) or " 404 " in text:
        return FileNotFoundError(errno.ENOENT, "no such object", path)
    if " 403 " in text:
        return PermissionError(errno.EACCES, "access is denied", path)
    if " 412 " in text:
        return OSError(errno.EIO, "it was replaced while it was read", path)
    if "error sending request" in text or "timed out" in text:
        return ConnectionError(errno.ECONNREFUSED, f"no answer from {_endpoint(text)}", path)
    message = _MESSAGE.search(text)
    return OSError(errno.EIO, message[1] if message else text.partition("\n")[0], path)


class _Object(io.RawIOBase):
    """An object of S3 as a file, each read a request for a range of one and the same version."""

    def __init__(self, storage: Storage, path: str, status: FileStatus) -> None:
        self._storage = storage
        self._path = path
        self._status = status
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._status.size_bytes}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer)
        end = min(self._at + len(view), self._status.size_bytes)
        if self._at >= end:
            return 0
        content = self._storage.read_object(self._path, self._at, end, self._status.tag)
        view[: len(content)] = content
        self._at += len(content)
        return len(content)


def _without_marks(listed: Iterable[ObjectMeta], is_there: Callable[[str], bool]) -> Iterator[ObjectMeta]:
    """Yield the objects but for marks of folders: empty objects `folder/`, whose last slash obstore takes away.

    One whose name has a dot may be a file; it is a mark if what follows it lies in that folder, and if there is no
    object of that name without a slash: that is asked where it does not end as files do (`v1.0`).
    """
    empty: ObjectMeta | None = None
    for item in listed:
        if empty and not item["path"].startswith(f"{empty['path']}/") and is_there(empty["path"]):
            yield empty
        empty = None
        if item["size"]:
            yield item
        elif "." in item["path"].rpartition("/")[2]:
            empty = item
    if empty and is_there(empty["path"]):
        yield empty


@cache
def _store(storage: Storage, bucket: str) -> S3Store:
    """Return the client of a bucket, with its connections."""
    try:
        from obstore.store import S3Store
    except ImportError as error:
        raise InvalidInput(
            f"{S3_SCHEME}{bucket} needs a package that is not installed", hint="pip install 'glue-tui[s3]'"
        ) from error
    options: Any = storage._settings()
    return S3Store(
        bucket,
        **options,
        skip_signature=storage.is_anonymous,
        client_options={
            "allow_http": storage.endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=CONNECT_TIMEOUT_S),
            "read_timeout": timedelta(seconds=ANSWER_TIMEOUT_S),
            "timeout": timedelta(seconds=REQUEST_TIMEOUT_S),
        },
        retry_config={"max_retries": RETRIES_MAX, "retry_timeout": timedelta(seconds=RETRY_FOR_S)},
    )


def _endpoint(text: str) -> str:
    found = re.search(r"https?://[^/\s]+", text)
    return found[0] if found else "the endpoint"
