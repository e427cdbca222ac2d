"""The storages as an operator configures them."""

import pytest
from sqlalchemy import make_url

from runrack.errors import ConfigError, InvalidArgumentError
from runrack.host.configurable import ConfigurableClassData
from runrack.instance.instance import Instance
from runrack.interfaces.event_log_storage import EventLogStorage
from runrack.interfaces.run_storage import RunStorage
from runrack.interfaces.schedule_storage import ScheduleStorage
from runrack.interfaces.storage import Storage
from runrack.testing.builders import make_run
from runrack_mysql.url import ADDRESS, url_of

CLASSES = {
    "MySQLStorage": Storage,
    "MySQLRunStorage": RunStorage,
    "MySQLEventLogStorage": EventLogStorage,
    "MySQLScheduleStorage": ScheduleStorage,
}
PARTS = {"username": "my_username", "hostname": "my_hostname", "db_name": "my_database"}


def built(config, class_name="MySQLStorage", **environ):
    data = ConfigurableClassData.from_config("runrack_mysql", class_name, config)
    return data.rehydrate(CLASSES[class_name], environ=environ)


def url_of_storage(storage):
    return storage.database._engine.url


@pytest.mark.parametrize("class_name", CLASSES)
def test_a_storage_is_built_from_its_configuration(class_name):
    """Each class is built from a URL, is of its slot's interface, and remembers what it was built from."""
    config = {"mysql_url": "mysql://rack@db/rack"}
    storage = built(config, class_name)
    assert storage.inst_data.config_dict == config
    assert url_of_storage(storage).render_as_string() == "mysql+pymysql://rack@db/rack"
    storage.dispose()


def test_a_storage_is_built_from_the_parts_of_an_address():
    """The keys of `mysql_db` select the database; the port is 3306 unless given, the password may be a reference."""
    storage = built({"mysql_db": {**PARTS, "password": {"env": "MYSQL_PWD"}}}, MYSQL_PWD="my_password")
    url = url_of_storage(storage)
    assert url.render_as_string(hide_password=False) == (
        "mysql+pymysql://my_username:my_password@my_hostname:3306/my_database"
    )
    assert storage.database.label == "mysql database 'my_database' on my_hostname:3306"
    storage.dispose()


def test_parts_may_hold_any_character():
    """User, password and options are taken as they are, whatever means something in a URL."""
    awkward = {"username": "a@b", "password": "p/w:#?%20&", "params": {"b": "x y&z", "a": 5}}
    url = make_url(ADDRESS.url_from_config(None, {**PARTS, **awkward, "port": 1}))
    assert (url.username, url.password, url.host, url.port) == ("a@b", "p/w:#?%20&", "my_hostname", 1)
    assert dict(url.query) == {"a": "5", "b": "x y&z"}


@pytest.mark.parametrize(
    "scheme", ["mysql", "mariadb", "mysql+pymysql", "mysql+mysqlconnector", "mysql+mysqldb"]
)
def test_every_url_of_mysql_simply_works(scheme):
    """Whichever driver a URL names, or none: the one that is installed is used."""
    assert url_of(f"{scheme}://rack:x@db/rack").drivername == "mysql+pymysql"


@pytest.mark.parametrize(
    "url", ["postgresql://rack:secret@db/rack", "sqlite:///secret.db", "mysql://rack:secret@db", "secret", ""]
)
def test_a_url_of_something_else_is_refused(url):
    """The error says what a URL looks like, and does not repeat what may hold a password."""
    with pytest.raises(
        InvalidArgumentError, match=r"looks like .*://user:password@host:[0-9]+/database"
    ) as caught:
        url_of(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"mysql_url": "mysql://db/rack", "mysql_db": PARTS},
        {"mysql_db": {"username": "rack"}},
        {"mysql_db": {**PARTS, "port": "3306"}},
        {"mysql_db": {**PARTS, "host": "db"}},
        {"mysql_ulr": "mysql://db/rack"},
    ],
)
def test_a_wrong_configuration_is_refused(config):
    """Neither address or both, a missing or unknown key and a wrong type are configuration errors."""
    with pytest.raises(ConfigError):
        built(config)


def test_an_option_that_the_driver_does_not_know_is_refused():
    """The error names the option, before anything is connected."""
    with pytest.raises(ConfigError, match="no option 'sslmode'"):
        built({"mysql_db": {**PARTS, "params": {"sslmode": "require"}}})
    built({"mysql_db": {**PARTS, "params": {"ssl_ca": "ca.pem", "read_timeout": 5}}}).dispose()


def test_an_instance_lives_in_mysql(tmp_path, url):
    """An instance with `storage: mysql` keeps its runs there, and its reference opens the same one."""
    (tmp_path / "runrack.yaml").write_text(f"storage:\n  mysql:\n    mysql_url: {url}\n")
    with Instance.from_config(tmp_path) as instance:
        instance.run_storage.add_run(make_run("run"))
        with Instance.from_ref(instance.get_ref()) as again:
            assert again.get_run_by_id("run") == make_run("run")
