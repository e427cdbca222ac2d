"""The storages of a server as an operator configures them."""

from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import URL, make_url

from runrack.errors import ConfigError, InvalidArgumentError
from runrack.host.configurable import ConfigurableClassData
from runrack.instance.instance import Instance
from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.interfaces.run_storage import RunStorage
from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack.interfaces.storage import Storage
from runrack.testing.builders import make_run
from runrack_sql.server_address import ServerAddress
from runrack_sql.testing.in_database import SqlSuite
from runrack_sql.testing.on_server import OnServer

PARTS = {"username": "my_username", "hostname": "my_hostname", "db_name": "my_database"}
INTERFACES = (Storage, RunStorage, EventLogStorage, ScheduleStorage)


class ConfigurationTests(OnServer, SqlSuite):
    """What holds for the configuration of the four storages, which a package names with one prefix.

    Attributes:
        kind: The name of the plugins, with which the fields of their configuration begin.
        scheme: The scheme of URLs.
        driver: The scheme with the driver that is installed.
        port: The server's usual port.
        other_schemes: All other schemes that are understood.
        refused_urls: URLs that are not, beside those of other servers.
    """

    kind: ClassVar[str]
    scheme: ClassVar[str]
    driver: ClassVar[str]
    port: ClassVar[int]
    other_schemes: ClassVar[tuple[str, ...]]
    refused_urls: ClassVar[tuple[str, ...]] = ()

    @property
    def address(self) -> ServerAddress:
        """What the package knows about addresses."""
        address: ServerAddress = self.storage_class.ADDRESS
        return address

    def build(self, config: dict[str, Any], interface: type = Storage, **environ: str) -> Any:
        """Return the storage for an interface, made from its configuration."""
        package = self.storage_class.__module__.partition(".")[0]
        class_name = self.storage_class.__name__.removesuffix("Storage") + interface.__name__
        data = ConfigurableClassData.from_config(package, class_name, config)
        storage: Any = data.rehydrate(interface, environ=environ)
        return storage

    @pytest.mark.parametrize("interface", INTERFACES)
    def test_a_storage_is_built_from_its_configuration(self, interface: type) -> None:
        """Each class is built from a URL, is of its slot's interface, and remembers what it was built from."""
        config = {f"{self.kind}_url": f"{self.scheme}://rack@db/rack"}
        storage = self.build(config, interface)
        assert storage.inst_data.config_dict == config
        assert url_of_storage(storage).render_as_string() == f"{self.driver}://rack@db/rack"
        storage.dispose()

    def test_a_storage_is_built_from_the_parts_of_an_address(self) -> None:
        """The keys of `KIND_db` select the database; the port is the usual one unless given, the password may be a reference."""
        config = {f"{self.kind}_db": {**PARTS, "password": {"env": "PASSWORD"}}}
        storage = self.build(config, PASSWORD="my_password")  # noqa: S106 - of nobody
        assert url_of_storage(storage).render_as_string(hide_password=False) == (
            f"{self.driver}://my_username:my_password@my_hostname:{self.port}/my_database"
        )
        assert storage.database.label == f"{self.scheme} database 'my_database' on my_hostname:{self.port}"
        storage.dispose()

    def test_parts_may_hold_any_character(self) -> None:
        """User, password and options are taken as they are, whatever means something in a URL."""
        awkward = {"username": "a@b", "password": "p/w:#?%20&", "params": {"b": "x y&z", "a": 5}}
        config = {f"{self.kind}_db": {**PARTS, **awkward, "port": 1}}
        url = make_url(self.address.url_from_config(config))
        assert (url.username, url.password, url.host, url.port) == ("a@b", "p/w:#?%20&", "my_hostname", 1)
        assert dict(url.query) == {"a": "5", "b": "x y&z"}

    def test_every_url_of_the_server_simply_works(self) -> None:
        """Whichever driver a URL names, or none: the one that is installed is used."""
        for scheme in (self.scheme, self.driver, *self.other_schemes):
            assert self.address.parse(f"{scheme}://rack:x@db/rack").drivername == self.driver

    def test_a_url_of_something_else_is_refused(self) -> None:
        """The error says what a URL looks like, and does not repeat what may hold a password."""
        schemes = {"postgresql", "mysql", "oracle"} - {self.scheme}
        others = [f"{scheme}://rack:secret@db/rack" for scheme in schemes]
        for url in (*others, *self.refused_urls, "sqlite:///secret.db", "secret", ""):
            with pytest.raises(
                InvalidArgumentError, match=r"looks like [a-z]+://user:password@host:[0-9]+/database"
            ) as caught:
                self.address.parse(url)
            assert "secret" not in str(caught.value)

    def test_a_wrong_configuration_is_refused(self) -> None:
        """Neither address or both, a missing or unknown key and a wrong type are configuration errors."""
        url, db = f"{self.kind}_url", f"{self.kind}_db"
        address = f"{self.scheme}://db/rack"
        wrong: list[dict[str, Any]] = [
            {},
            {url: address, db: PARTS},
            {db: {"username": "rack"}},
            {db: {**PARTS, "port": str(self.port)}},
            {db: {**PARTS, "host": "db"}},
            {f"{self.kind}_ulr": address},
        ]
        for config in wrong:
            with pytest.raises(ConfigError):
                self.build(config)

    def test_an_instance_lives_on_the_server(self, tmp_path: Path) -> None:
        """An instance whose storage is on the server keeps its runs there, and its reference opens the same one."""
        storage = f"storage:\n  {self.kind}:\n    {self.kind}_url: {self.place}\n"
        (tmp_path / "runrack.yaml").write_text(storage)
        with Instance.from_config(tmp_path) as instance:
            instance.run_storage.add_run(make_run("run"))
            with Instance.from_ref(instance.get_ref()) as again:
                assert again.get_run_by_id("run") == make_run("run")


def url_of_storage(storage: Any) -> URL:
    """Return the URL that a storage gives to its driver."""
    url: URL = storage.database._engine.url  # noqa: SLF001 - shown nowhere else, as it may hold a password
    return url
