"""store_call: the border between the driver of object stores and runrack."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from runrack.errors import (
    ConflictError,
    InvariantViolationError,
    StorageAccessDeniedError,
    StorageError,
    StorageUnavailableError,
)

_ERROR_CODE = re.compile(r"<Code>(\w{1,64})</Code>")
_STATUS = re.compile(r"status code: ([45]\d\d)\b")

_first_caller: int | None = None


@contextmanager
def store_call(place: str) -> Iterator[None]:
    """Return a context for calls to a store, out of which come only errors of runrack and FileNotFoundError.

    - What the driver says is not passed on but for the store's own error code: it quotes what was sent and answered,
      which can hold parts of the credentials.

    Args:
        place: What the calls are about, such as `s3://bucket/key`.

    Raises:
        FileNotFoundError: The object is missing, or its bucket.
        ConflictError: An object that was to be made exists already.
        InvariantViolationError: This process was forked from one that uses object stores.
        StorageAccessDeniedError: The store refuses the credentials, or does not allow this with them.
        StorageUnavailableError: The store cannot be reached, does not answer in time, or reports an error of its own.
        StorageError: The object was changed while it was read.
    """
    _refuse_forked_process()
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, "this object is gone, or its bucket", place) from None
    except (PermissionDeniedError, UnauthenticatedError) as error:
        raise StorageAccessDeniedError(
            f"{place}: the store denies access{_reason(error)}. Check the credentials, and what they allow"
        ) from None
    except AlreadyExistsError:
        raise ConflictError(f"{place}: an object of this name exists already; write the file again") from None
    except PreconditionError:
        raise StorageError(f"{place}: the object was changed while it was read; read it again") from None
    except BaseError as error:
        raise StorageUnavailableError(
            f"{place}: the store cannot be reached or does not serve the request{_reason(error)}. Check the network,"
            " endpoint_url and region, and, when no keys are configured, where this machine gets its credentials"
        ) from None


def _refuse_forked_process() -> None:
    """Raise where the driver would wait for ever for its threads, which a fork leaves behind."""
    global _first_caller  # noqa: PLW0603 - the driver's threads belong to the process, not to one file manager in it
    if _first_caller is None:
        _first_caller = os.getpid()
    elif _first_caller != os.getpid():
        raise InvariantViolationError(
            "this process was forked from one that uses object stores, and cannot use them itself:"
            " start it by spawn or forkserver"
        )


def _reason(error: BaseError) -> str:
    found = _ERROR_CODE.search(str(error)) or _STATUS.search(str(error))
    return f" ({found[1]})" if found else ""
