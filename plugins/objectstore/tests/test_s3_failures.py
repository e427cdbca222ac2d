"""What happens when the store says no, says nothing, or is not there: a clear error, and no credentials in it."""

import io
import multiprocessing
import re
import traceback

import pytest

from runrack.errors import (
    InvalidArgumentError,
    InvariantViolationError,
    StorageAccessDeniedError,
    StorageError,
    StorageUnavailableError,
)
from runrack.testing.s3 import own_s3_server
from runrack_objectstore import S3FileHandle, S3FileManager
from runrack_objectstore.upload import PART_LENGTH

MULTIPART = bytes(2 * PART_LENGTH)


def uses(manager, handle):
    """Everything that asks the store, as functions."""
    return [
        lambda: manager.read(handle),
        lambda: manager.read_data(handle),
        lambda: manager.copy_handle_to_local_temp(handle),
        lambda: manager.write_data(b"x"),
        lambda: manager.write(io.BytesIO(MULTIPART)),
    ]


def failure_of(use, kind):
    """The error that a use ends with, and all that would be printed of it."""
    with pytest.raises(kind) as caught:
        use()
    assert type(caught.value) is kind
    return caught.value, "".join(traceback.format_exception(caught.value))


def test_wrong_keys_are_denied(s3_server, manager, open_manager):
    """A key that the store does not know, and a wrong secret, are named as what they are; neither is shown."""
    handle = manager.write_data(b"x")
    user = s3_server.add_user("s3:GetObject")
    wrong_keys = {
        "InvalidAccessKeyId": {"access_key_id": "AKIAUNKNOWN", "secret_access_key": "unknown-secret"},
        "SignatureDoesNotMatch": {
            "access_key_id": user.access_key_id,
            "secret_access_key": "unknown-secret",
        },
    }
    with s3_server.checking_credentials():
        for code, keys in wrong_keys.items():
            for use in uses(open_manager(**keys), handle):
                error, printed = failure_of(use, StorageAccessDeniedError)
                assert re.fullmatch(
                    rf"s3://{handle.bucket}/\S+: the store denies access \({code}\)\. Check .*", str(error)
                )
                assert [secret for secret in keys.values() if secret in printed] == []


def test_a_user_may_do_what_the_store_allows(s3_server, manager, open_manager, bucket):
    """Who may only read can read, is denied to write, and leaves nothing by trying."""
    handle = manager.write_data(b"x")
    user = s3_server.add_user("s3:GetObject")
    reading = open_manager(access_key_id=user.access_key_id, secret_access_key=user.secret_access_key)
    with s3_server.checking_credentials():
        assert reading.read_data(handle) == b"x"
        for data in (b"y", MULTIPART):
            with pytest.raises(StorageAccessDeniedError, match=r"AccessDenied"):
                reading.write_data(data)
    assert s3_server.list_keys(bucket) == [handle.key]
    assert s3_server.list_uploads(bucket) == []


def test_the_keys_are_not_mixed_with_those_of_the_environment(s3_server, open_manager, monkeypatch):
    """Keys that are configured are used as they are, whatever the environment has."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "other-secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "other-token")
    user = s3_server.add_user("s3:PutObject", "s3:GetObject")
    manager = open_manager(access_key_id=user.access_key_id, secret_access_key=user.secret_access_key)
    with s3_server.checking_credentials():
        assert manager.read_data(manager.write_data(b"x")) == b"x"


def test_the_environment_gives_the_keys_that_are_not_configured(s3_server, open_manager, monkeypatch):
    """Without keys, those of the environment are used."""
    user = s3_server.add_user("s3:PutObject", "s3:GetObject")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", user.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", user.secret_access_key)
    manager = open_manager(access_key_id=None, secret_access_key=None)
    with s3_server.checking_credentials():
        assert manager.read_data(manager.write_data(b"x")) == b"x"


def test_the_environment_does_not_move_the_store(manager, open_manager, monkeypatch):
    """The address that is configured is the one that is asked."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    handle = manager.write_data(b"x")
    assert open_manager().read_data(handle) == b"x"


def test_a_store_that_is_gone_is_unavailable(open_manager):
    """Once the server is down, every use ends with an error that says so, without a secret."""
    with own_s3_server() as server:
        keys = {"access_key_id": "AKIAGONE", "secret_access_key": "secret-of-the-gone"}
        manager = open_manager(bucket=server.make_bucket(), endpoint_url=server.url, **keys)
        handle = manager.write_data(b"x")
        server.stop()
        for use in uses(manager, handle):
            error, printed = failure_of(use, StorageUnavailableError)
            assert str(error).startswith(f"s3://{handle.bucket}/")
            assert "the store cannot be reached or does not serve the request" in str(error)
            assert [secret for secret in keys.values() if secret in printed] == []


def test_a_bucket_that_is_missing_is_named(open_manager):
    """Writing says that the bucket is missing; a file in a missing bucket is gone."""
    manager = open_manager(bucket="no-such-bucket")
    for data in (b"x", MULTIPART):
        with pytest.raises(StorageError, match=r"^s3://no-such-bucket/\S+: there is no such bucket"):
            manager.write_data(data)
    with pytest.raises(FileNotFoundError, match="this object is gone, or its bucket"):
        manager.read_data(S3FileHandle("no-such-bucket", "runrack/file"))


def test_nothing_secret_is_shown(open_manager):
    """Neither a file manager nor what it holds prints a key."""
    keys = {"access_key_id": "AKIASHOWN", "secret_access_key": "shown-secret"}
    manager = open_manager(**keys)
    shown = repr(manager) + repr(vars(manager)) + repr(manager._store.config)
    assert [secret for secret in keys.values() if secret in shown] == []


@pytest.mark.parametrize(
    ("replaced", "message"),
    [
        ({"use_ssl": True}, "begins with http://"),
        ({"endpoint_url": "s3.example.com"}, "is an address such as"),
        ({"endpoint_url": "ftp://s3.example.com"}, "is an address such as"),
        ({"endpoint_url": "https://s3.example.com?a=b"}, "is an address such as"),
        ({"endpoint_url": "https://me:secret@s3.example.com"}, "holds a user's name"),
        ({"secret_access_key": None}, "together or not at all"),
        ({"access_key_id": ""}, "together or not at all"),
    ],
)
def test_a_store_that_cannot_be_meant_is_refused(open_manager, replaced, message):
    """What contradicts itself is refused before anything is sent, and no value is shown."""
    with pytest.raises(InvalidArgumentError, match=message) as caught:
        open_manager(**replaced)
    assert "secret@" not in str(caught.value)


def read_in_fork(manager, handle, answers):
    """Tell what reading raises in this process."""
    try:
        manager.read_data(handle)
    except InvariantViolationError as error:
        answers.put(str(error))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_is_told(manager):
    """A process that was forked from one that uses the store gets an error; it would wait for ever otherwise."""
    handle = manager.write_data(b"x")
    fork = multiprocessing.get_context("fork")
    answers = fork.SimpleQueue()
    process = fork.Process(target=read_in_fork, args=(manager, handle, answers))
    process.start()
    process.join()
    assert (process.exitcode, answers.empty()) == (0, False)
    assert "start it by spawn or forkserver" in answers.get()


def test_building_a_file_manager_needs_no_store():
    """Nothing is sent before the first file is read or written."""
    assert S3FileManager("some-bucket", endpoint_url="https://s3.invalid").bucket == "some-bucket"
