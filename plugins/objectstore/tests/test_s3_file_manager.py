"""What is particular to files in S3: keys, containment, parts, streams."""

import io
from pathlib import Path
from uuid import UUID

import pytest

from runrack.errors import ConflictError, InvalidArgumentError, StorageError, UnsafePathError
from runrack.testing.conformance.awkward_names import AWKWARD_NAMES
from runrack_objectstore import S3FileHandle, S3FileManager
from runrack_objectstore.object_reader import PIECE_LENGTH
from runrack_objectstore.upload import PART_LENGTH, upload

MIB = 1 << 20
MULTIPART = bytes(range(256)) * (PART_LENGTH // 256 * 2 + 1)


class SourceWithoutEnd(io.RawIOBase):
    """A file that gives bytes until its error comes."""

    def __init__(self, length, error):
        self.left = length
        self.error = error

    def readable(self):
        return True

    def readinto(self, buffer):
        if self.left <= 0:
            raise self.error
        self.left -= len(buffer)
        return len(buffer)


def test_a_key_is_the_prefix_and_a_new_name(manager, bucket):
    """A file written with an extension lies at `<prefix>/<uuid>.<ext>`, and its handle says so."""
    handle = manager.write_data(b"x", ext="tar.gz")
    prefix, _, name = handle.key.partition("/")
    assert (handle.bucket, prefix) == (bucket, "runrack")
    assert name == f"{UUID(name.removesuffix('.tar.gz'))}.tar.gz"
    assert handle.path_desc == handle.s3_path == f"s3://{bucket}/{handle.key}"


@pytest.mark.parametrize(
    ("prefix", "beginning"), [("/a/b/", "a/b/"), ("", ""), ("/", ""), ("tag=1/día ü%2e", "tag=1/día ü%2e/")]
)
def test_a_prefix_is_cleaned(s3_server, bucket, open_manager, prefix, beginning):
    """Slashes around a prefix do not matter, none stands for the whole bucket, and any text may be a name."""
    handle = open_manager(prefix=prefix).write_data(b"x")
    assert handle.key.rpartition("/")[0] == beginning.removesuffix("/")
    assert s3_server.list_keys(bucket) == [handle.key]


@pytest.mark.parametrize("prefix", ["a//b", ".", "a/../b", "a\nb", "\ud800", "x" * 801, 7])
def test_a_prefix_is_a_sequence_of_names(open_manager, prefix):
    """What another client could take for a way elsewhere is no prefix."""
    with pytest.raises(InvalidArgumentError, match="prefix is"):
        open_manager(prefix=prefix)


@pytest.mark.parametrize("bucket", ["ab", "a/b", "..", "-abc", "a?b", "a" * 64, "ä-bucket", 7])
def test_a_bucket_has_a_plain_name(bucket):
    """What is no name of a bucket is refused before anything is sent."""
    with pytest.raises(InvalidArgumentError, match="bucket is a name"):
        S3FileManager(bucket)


@pytest.mark.parametrize(("bucket", "key"), [(7, "a"), ("a", None)])
def test_a_handle_is_made_of_strings(bucket, key):
    """A bucket or key that is no string is refused at once."""
    with pytest.raises(InvalidArgumentError, match="is a string, not"):
        S3FileHandle(bucket, key)


def test_handles_of_the_same_object_are_equal():
    """A handle is a value; it can be made again from bucket and key."""
    assert S3FileHandle("bucket", "a/b") == S3FileHandle("bucket", "a/b")
    assert S3FileHandle("bucket", "a/b") != S3FileHandle("bucket", "a/c")


@pytest.mark.parametrize(
    "key",
    [
        "other/file",
        "runrack2/file",
        "runrack",
        "runrack/",
        "/runrack/file",
        "runrack//file",
        "runrack/../other/file",
        "runrack/./file",
        "runrack/file/",
        "runrack/..",
        "runrack/a\0b",
        "runrack/\ud800",
        "",
    ],
)
def test_a_handle_outside_of_the_prefix_is_refused(manager, bucket, key):
    """A file manager reads only objects below its prefix, however the key is written."""
    for use in (manager.read, manager.read_data, manager.copy_handle_to_local_temp):
        with pytest.raises(UnsafePathError, match=f"does not lie in s3://{bucket}/runrack"):
            use(S3FileHandle(bucket, key))


def test_a_handle_of_another_bucket_is_refused(s3_server, manager):
    """The key alone is not enough."""
    other = s3_server.make_bucket()
    s3_server.put_object(other, "runrack/file", b"precious")
    with pytest.raises(UnsafePathError):
        manager.read_data(S3FileHandle(other, "runrack/file"))


@pytest.mark.parametrize("name", AWKWARD_NAMES, ids=ascii)
def test_a_name_is_data(s3_server, manager, bucket, name):
    """A handle with any name reads exactly the object of this key, or is refused; it never reads another object."""
    s3_server.put_object(bucket, "precious", b"precious")
    handle = S3FileHandle(bucket, f"runrack/{name}")
    with pytest.raises((UnsafePathError, FileNotFoundError, StorageError)):
        manager.read_data(handle)


@pytest.mark.parametrize("name", ["a b", "día", "%2e%2e", "a?b#c&d=e+f", "a\\b", "~*'()!", "日/🚀"])
def test_an_object_of_another_program_is_read(s3_server, manager, bucket, name):
    """What other programs put below the prefix is read under the name that they gave it."""
    s3_server.put_object(bucket, f"runrack/{name}", b"theirs")
    assert manager.read_data(S3FileHandle(bucket, f"runrack/{name}")) == b"theirs"


@pytest.mark.parametrize("length", [0, 1, PART_LENGTH - 1, PART_LENGTH, PART_LENGTH + 1, len(MULTIPART)])
def test_every_length_is_kept(s3_server, manager, bucket, length):
    """A file is the same whether it goes in one request or in parts, and nothing but the object is left."""
    data = MULTIPART[:length]
    for handle in (manager.write_data(data), manager.write(io.BytesIO(data))):
        assert manager.read_data(handle) == data
    assert len(s3_server.list_keys(bucket)) == 2
    assert s3_server.list_uploads(bucket) == []


@pytest.mark.parametrize("length", [MIB, PART_LENGTH + MIB, 4 * PART_LENGTH])
@pytest.mark.parametrize("error", [OSError("the disk is gone"), FileNotFoundError("the source is gone")])
def test_a_source_that_breaks_leaves_nothing(s3_server, manager, bucket, length, error):
    """Wherever a source breaks, its own error goes to the caller and neither object nor parts are left."""
    with pytest.raises(type(error)) as caught:
        manager.write(SourceWithoutEnd(length, error))
    assert caught.value is error
    assert s3_server.list_keys(bucket) == s3_server.list_uploads(bucket) == []


def test_an_object_is_never_overwritten(s3_server, manager, bucket):
    """A key that is taken is a conflict, and what lies there stays."""
    handle = manager.write_data(b"first")
    with pytest.raises(ConflictError, match="exists already"):
        upload(manager._store, handle.key, handle.path_desc, [b"second"])
    assert s3_server.get_object(bucket, handle.key) == b"first"


def test_a_stream_can_be_sought_in(manager):
    """A file is read from any place, over the borders of what is fetched at a time."""
    data = MULTIPART[: PIECE_LENGTH + MIB]
    with manager.read(manager.write_data(data)) as stream:
        assert stream.seek(-3, io.SEEK_END) == len(data) - 3
        assert stream.read() == data[-3:]
        assert stream.seek(PIECE_LENGTH - 2) == PIECE_LENGTH - 2
        assert stream.read(4) == data[PIECE_LENGTH - 2 : PIECE_LENGTH + 2]
        stream.seek(0)
        assert (stream.read(2), stream.seek(1, io.SEEK_CUR), stream.tell()) == (data[:2], 3, 3)
        assert (stream.seek(2 * len(data)), stream.read()) == (2 * len(data), b"")


@pytest.mark.parametrize(("offset", "whence"), [(-1, io.SEEK_SET), (-4, io.SEEK_END), (0, 7)])
def test_there_is_nothing_before_the_start(manager, offset, whence):
    """Seeking before the start, or from nowhere, is an error as with any file."""
    with (
        manager.read(manager.write_data(b"foo")) as stream,
        pytest.raises(ValueError, match=r"sought in|whence"),
    ):
        stream.seek(offset, whence)


def test_an_object_that_changes_is_not_read_on(s3_server, manager):
    """All pieces of a stream are of one version; when the object is replaced meanwhile, reading ends with an error."""
    handle = manager.write_data(MULTIPART)
    with manager.read(handle) as stream:
        stream.read(MIB)
        s3_server.put_object(handle.bucket, handle.key, MULTIPART[::-1])
        with pytest.raises(StorageError, match="was changed while it was read"):
            stream.read()


def test_an_object_that_goes_is_not_read_on(s3_server, manager):
    """A stream whose object is deleted does not end early, as if it were whole."""
    handle = manager.write_data(MULTIPART)
    with manager.read(handle) as stream:
        stream.read(MIB)
        s3_server.delete_object(handle.bucket, handle.key)
        with pytest.raises(FileNotFoundError):
            stream.read()


def test_each_copy_is_downloaded(s3_server, manager):
    """After the copies were deleted, the next copy is a new file that is there."""
    handle = manager.write_data(b"x", ext="csv")
    first = Path(manager.copy_handle_to_local_temp(handle))
    manager.delete_local_temp()
    second = Path(manager.copy_handle_to_local_temp(handle))
    assert (first.exists(), second.read_bytes(), second.suffix) == (False, b"x", ".csv")
    manager.delete_local_temp()
