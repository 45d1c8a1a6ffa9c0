"""The table of databases, of their sync drivers and of the async drivers that replace them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from packaging.requirements import Requirement
from packaging.version import Version

#: The first SQLAlchemy with an asyncio extension (its dialect for aiosqlite came with 1.4.3).
FIRST_ASYNC = Version("1.4")

_V2 = Version("2.0")

#: Options of libpq that asyncpg knows nothing of and does well without.
_LIBPQ_TUNING = frozenset(
    {
        "application_name",
        "channel_binding",
        "client_encoding",
        "connect_timeout",
        "fallback_application_name",
        "gssencmode",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "tcp_user_timeout",
    }
)

_ASYNCPG_ACCEPTED = frozenset(
    {
        "async_creator_fn",
        "async_fallback",
        "command_timeout",
        "connection_class",
        "database",
        "direct_tls",
        "dsn",
        "gsslib",
        "host",
        "krbsrvname",
        "max_cacheable_statement_size",
        "max_cached_statement_lifetime",
        "passfile",
        "password",
        "port",
        "prepared_statement_cache_size",
        "prepared_statement_name_func",
        "record_class",
        "server_settings",
        "service",
        "servicefile",
        "ssl",
        "statement_cache_size",
        "target_session_attrs",
        "timeout",
        "user",
    }
)

_MYSQL_ACCEPTED = frozenset(
    {
        "autocommit",
        "charset",
        "client_flag",
        "connect_timeout",
        "database",
        "db",
        "echo",
        "host",
        "init_command",
        "local_infile",
        "password",
        "port",
        "program_name",
        "read_default_file",
        "read_default_group",
        "server_public_key",
        "sql_mode",
        "ssl",
        "unix_socket",
        "use_unicode",
        "user",
    }
)

#: Query options that SQLAlchemy's MySQL dialects gather into the one argument ``ssl``.
_MYSQL_TLS = frozenset(
    {"ssl_ca", "ssl_capath", "ssl_cert", "ssl_check_hostname", "ssl_cipher", "ssl_key"}
)

#: What the drivers in Python need to log in as MySQL 8 asks by default (caching_sha2_password);
#: mysqlclient brought it along.
_MYSQL_LOGIN = ("cryptography",)


@dataclass(frozen=True)
class Driver:
    """One async driver, as SQLAlchemy names it and as pip does.

    ``since`` is the first SQLAlchemy that has its dialect. ``needs`` are the requirements by the
    first SQLAlchemy that they hold for, oldest first. ``sync`` tells whether ``create_engine``
    takes the very same URL. Of the options in a URL's query, ``renamed`` have another name,
    ``dropped`` can be left out without the connection failing, and ``accepted`` are all that are
    passed on (None: the driver takes what the sync drivers took). ``pooler_arguments`` is the
    source of the ``connect_args`` that a transaction pooler in front of the database asks for.
    ``also`` are requirements beside the driver's own.
    """

    name: str
    database: str
    drivername: str
    since: Version
    needs: tuple[tuple[Version, str], ...]
    sync: bool = False
    accepted: frozenset[str] | None = None
    accepted_query: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    pooler_arguments: str = ""
    also: tuple[str, ...] = ()

    @property
    def distribution(self) -> str:
        """What pip calls it."""
        return self.requirement(None).name

    def requirement(self, sqlalchemy_version: Version | None) -> Requirement:
        """The requirement to declare beside this SQLAlchemy (None: the newest)."""
        texts = [
            text
            for since, text in self.needs
            if sqlalchemy_version is None or sqlalchemy_version >= since
        ]
        return Requirement((texts or [self.needs[0][1]])[-1])

    def requirements(self, sqlalchemy_version: Version | None) -> tuple[Requirement, ...]:
        """All that is to be declared for it, the driver first."""
        return (self.requirement(sqlalchemy_version), *(Requirement(text) for text in self.also))


@dataclass(frozen=True)
class Database:
    """A database: its sync drivers, and the async ones in the order of preference.

    ``schemes`` are the backend names of its URLs, the first is the proper one. ``sync_drivers``
    are the names behind the ``+``. ``distributions`` are what pip calls the sync drivers: what
    an async driver replaces. ``invalid`` are schemes that SQLAlchemy refuses, although
    applications receive them and rewrite them when they run. ``kept`` are distributions that an
    async driver builds upon: they tell of the database as well.
    """

    name: str
    schemes: tuple[str, ...]
    sync_drivers: frozenset[str]
    drivers: tuple[str, ...]
    distributions: frozenset[str]
    invalid: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()


DRIVERS: Mapping[str, Driver] = {
    driver.name: driver
    for driver in (
        Driver(
            "psycopg",
            "postgresql",
            "postgresql+psycopg",
            _V2,
            ((_V2, "psycopg[binary]>=3.1"),),
            sync=True,
            pooler_arguments='{"prepare_threshold": None}',
        ),
        Driver(
            "asyncpg",
            "postgresql",
            "postgresql+asyncpg",
            FIRST_ASYNC,
            ((FIRST_ASYNC, "asyncpg>=0.27"),),
            accepted=_ASYNCPG_ACCEPTED,
            renamed={"sslmode": "ssl"},
            dropped=_LIBPQ_TUNING,
            pooler_arguments='{"statement_cache_size": 0, "prepared_statement_cache_size": 0}',
        ),
        Driver(
            "aiosqlite",
            "sqlite",
            "sqlite+aiosqlite",
            FIRST_ASYNC,
            # With 0.22 a process that disposes of no engine hangs at its exit, before 2.0.48.
            (
                (FIRST_ASYNC, "aiosqlite>=0.17,<0.22"),
                (_V2, "aiosqlite>=0.19,<0.22"),
                (Version("2.0.48"), "aiosqlite>=0.19"),
            ),
        ),
        Driver(
            "asyncmy",
            "mysql",
            "mysql+asyncmy",
            Version("1.4.24"),
            (
                (Version("1.4.24"), "asyncmy>=0.2.9"),
                (Version("2.1"), "asyncmy>=0.2.12"),
            ),
            accepted=_MYSQL_ACCEPTED
            | {
                "auth_plugin_map",
                "binary_prefix",
                "conv",
                "cursor_cls",
                "max_allowed_packet",
                "read_timeout",
                "stmt_cache_size",
            },
            accepted_query=_MYSQL_TLS,
            dropped=frozenset({"compress", "write_timeout"}),
            also=_MYSQL_LOGIN,
        ),
        Driver(
            "aiomysql",
            "mysql",
            "mysql+aiomysql",
            FIRST_ASYNC,
            ((FIRST_ASYNC, "aiomysql>=0.2"),),
            accepted=_MYSQL_ACCEPTED | {"auth_plugin", "conv", "cursorclass", "loop"},
            dropped=frozenset(
                {"binary_prefix", "compress", "max_allowed_packet", "read_timeout", "write_timeout"}
            ),
            also=_MYSQL_LOGIN,
        ),
        Driver(
            "aioodbc",
            "mssql",
            "mssql+aioodbc",
            _V2,
            ((_V2, "aioodbc>=0.5"),),
        ),
        Driver(
            "oracledb",
            "oracle",
            "oracle+oracledb",
            Version("2.0.25"),
            ((Version("2.0.25"), "oracledb>=2.0"),),
            sync=True,
        ),
    )
}

DATABASES: tuple[Database, ...] = (
    Database(
        "postgresql",
        ("postgresql",),
        frozenset({"pg8000", "psycopg2", "psycopg2cffi", "pygresql", "pypostgresql"}),
        ("psycopg", "asyncpg"),
        frozenset({"pg8000", "psycopg2", "psycopg2-binary", "psycopg2cffi"}),
        invalid=frozenset({"postgres"}),
    ),
    Database(
        "sqlite",
        ("sqlite",),
        frozenset({"pysqlite"}),
        ("aiosqlite",),
        frozenset(),
    ),
    Database(
        "mysql",
        ("mysql", "mariadb"),
        frozenset(
            {"cymysql", "mariadbconnector", "mysqlconnector", "mysqldb", "oursql", "pymysql"}
        ),
        ("asyncmy", "aiomysql"),
        frozenset({"cymysql", "mariadb", "mysql-connector-python", "mysqlclient", "pymysql"}),
    ),
    Database(
        "mssql",
        ("mssql",),
        frozenset({"mssqlpython", "pymssql", "pyodbc"}),
        ("aioodbc",),
        frozenset({"mssql-python", "pymssql"}),
        kept=frozenset({"pyodbc"}),
    ),
    Database(
        "oracle",
        ("oracle",),
        frozenset({"cx_oracle"}),
        ("oracledb",),
        frozenset({"cx-oracle"}),
        kept=frozenset({"oracledb"}),
    ),
)


def database_named(name: str) -> Database | None:
    """The database of that name or URL scheme ("postgres" and "mariadb" too)."""
    for database in DATABASES:
        if name in database.schemes or name in database.invalid:
            return database
    return None
