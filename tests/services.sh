#!/bin/sh
# Installs the servers that the tests need, where they are missing: Debian's PostgreSQL, PgBouncer and MariaDB. `make test`
# calls it; `make soak` calls it as `tests/services.sh npm`, which installs what the test of an editor needs, too.
# The tests start the servers themselves, on ports of their own, and stop them.
set -eu

has_postgresql() {
    command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

# The package would start a server of its own after the installation, which nobody needs.
install_postgresql() {
    as_root=
    [ "$(id -u)" = 0 ] || as_root='sudo -n'
    export DEBIAN_FRONTEND=noninteractive
    $as_root mkdir -p /etc/postgresql-common/createcluster.d &&
        echo 'create_main_cluster = false' | $as_root tee /etc/postgresql-common/createcluster.d/runrack.conf &&
        $as_root apt-get update --quiet &&
        $as_root apt-get install --quiet --yes --no-install-recommends postgresql
}

has_pgbouncer() {
    command -v pgbouncer >/dev/null 2>&1 || [ -x /usr/sbin/pgbouncer ]
}

has_mariadb() {
    command -v mariadbd >/dev/null 2>&1 || [ -x /usr/sbin/mariadbd ]
}

has_npm() {
    command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1
}

install_package() {
    as_root=
    [ "$(id -u)" = 0 ] || as_root='sudo -n'
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get update --quiet &&
        $as_root apt-get install --quiet --yes --no-install-recommends "$1"
}

# Its package starts a server as well, unless a policy says no; that one is stopped, as only ours are needed.
install_and_stop() {
    package=$1 service=$2
    install_package "$package" || return 1
    $as_root service "$service" stop || true
}

if ! has_postgresql && ! install_postgresql >/dev/null 2>&1; then
    echo "tests/services.sh: PostgreSQL is missing and cannot be installed here: install Debian's 'postgresql' as root" >&2
fi
if ! has_pgbouncer && ! install_and_stop pgbouncer pgbouncer >/dev/null 2>&1; then
    echo "tests/services.sh: PgBouncer is missing and cannot be installed here: install Debian's 'pgbouncer' as root" >&2
fi
if ! has_mariadb && ! install_and_stop mariadb-server mariadb >/dev/null 2>&1; then
    echo "tests/services.sh: MariaDB is missing and cannot be installed here: install Debian's 'mariadb-server' as root" >&2
fi
if [ "${1:-}" = npm ] && ! has_npm && ! install_package npm >/dev/null 2>&1; then
    echo "tests/services.sh: npm is missing and cannot be installed here: install Debian's 'npm', with its 'nodejs', as root" >&2
fi
