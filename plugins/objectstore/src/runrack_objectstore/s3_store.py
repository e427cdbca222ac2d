"""open_s3_store: a bucket of S3, or of a store that speaks like it, with credentials that are not shown."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from obstore.store import S3Store

from runrack.config.secret import register_secret
from runrack.errors import InvalidArgumentError

if TYPE_CHECKING:
    from obstore.store import S3Config, S3Credential

_REQUEST_TIMEOUT = timedelta(seconds=60)
"""For one request, with up to 8 MiB in it."""

_MAX_BACKOFF = timedelta(seconds=5)
_MAX_RETRIES = 100
"""Never reached: it is the time that ends repeating."""


def open_s3_store(
    bucket: str,
    *,
    endpoint_url: str | None,
    region: str | None,
    use_ssl: bool,
    access_key_id: str | None,
    secret_access_key: str | None,
    retry_seconds: int,
) -> S3Store:
    """Return a bucket; nothing is sent yet. The arguments are those of `S3FileManager`.

    Raises:
        InvalidArgumentError: `endpoint_url` is no address to be used, or one of the two keys is missing.
    """
    config: S3Config = {}
    if endpoint_url is not None:
        # The name under which no variable of the environment can take precedence over what is configured.
        config["aws_endpoint_url_s3"] = _checked_endpoint(endpoint_url, use_ssl=use_ssl)
    if region is not None:
        config["region"] = region
    return S3Store(
        bucket,
        config=config,
        client_options={"allow_http": not use_ssl, "timeout": _REQUEST_TIMEOUT},
        retry_config={
            "max_retries": _MAX_RETRIES,
            "retry_timeout": timedelta(seconds=retry_seconds),
            "backoff": {"max_backoff": _MAX_BACKOFF},
        },
        credential_provider=_credential_provider(access_key_id, secret_access_key),
    )


def _checked_endpoint(endpoint_url: str, *, use_ssl: bool) -> str:
    parts = urlsplit(endpoint_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise InvalidArgumentError("endpoint_url is an address such as https://s3.example.com")
    if "@" in parts.netloc:
        raise InvalidArgumentError(
            "endpoint_url holds a user's name; use access_key_id and secret_access_key"
        )
    if parts.scheme == "http" and use_ssl:
        raise InvalidArgumentError("endpoint_url begins with http://: use https://, or set use_ssl to false")
    return endpoint_url.rstrip("/")


def _credential_provider(
    access_key_id: str | None, secret_access_key: str | None
) -> "Callable[[], S3Credential] | None":
    """Return what gives the two keys, or None: then the driver looks in the environment and asks the machine.

    As configuration of the driver, the keys would stand in its attributes and be mixed with a session token of the
    environment, which belongs to other keys.
    """
    if access_key_id is None and secret_access_key is None:
        return None
    if not access_key_id or not secret_access_key:
        raise InvalidArgumentError("access_key_id and secret_access_key are given together or not at all")
    register_secret(access_key_id)
    register_secret(secret_access_key)
    credential: S3Credential = {
        "access_key_id": str(access_key_id),
        "secret_access_key": str(secret_access_key),
        "token": None,
        "expires_at": None,
    }
    return lambda: credential
