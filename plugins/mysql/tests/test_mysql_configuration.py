"""The storages as an operator configures them."""

import pytest

from runrack.errors import ConfigError
from runrack_mysql.conformance import OnMariaDB
from runrack_sql.testing.configuration import PARTS, ConfigurationTests


class TestConfiguration(OnMariaDB, ConfigurationTests):
    """The four storages."""

    kind = "mysql"
    scheme = "mysql"
    driver = "mysql+pymysql"
    port = 3306
    other_schemes = ("mariadb", "mariadb+pymysql", "mysql+mysqlconnector", "mysql+mysqldb")
    refused_urls = ("mysql://rack:secret@db",)

    def test_an_option_that_the_driver_does_not_know_is_refused(self):
        """The error names the option, before anything is connected."""
        with pytest.raises(ConfigError, match="no option 'sslmode'"):
            self.build({"mysql_db": {**PARTS, "params": {"sslmode": "require"}}})
        self.build({"mysql_db": {**PARTS, "params": {"ssl_ca": "ca.pem", "read_timeout": 5}}}).dispose()
