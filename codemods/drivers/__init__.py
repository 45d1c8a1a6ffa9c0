"""Databases and their drivers: which async driver replaces which, and what it asks for."""

from codemods.drivers.arguments import Advice, Verdict, connect_argument, engine_argument
from codemods.drivers.choice import UnsupportedDriverError, choose
from codemods.drivers.runtime import HELPER_NAME, runtime_helper
from codemods.drivers.table import DATABASES, DRIVERS, Database, Driver, database_named
from codemods.drivers.urls import (
    UrlEdit,
    async_drivername,
    async_url,
    convert,
    database_of,
    in_memory,
    is_async,
    pooler,
    scheme_of,
)

__all__ = [
    "DATABASES",
    "DRIVERS",
    "HELPER_NAME",
    "Advice",
    "Database",
    "Driver",
    "UnsupportedDriverError",
    "UrlEdit",
    "Verdict",
    "async_drivername",
    "async_url",
    "choose",
    "connect_argument",
    "convert",
    "database_named",
    "database_of",
    "engine_argument",
    "in_memory",
    "is_async",
    "pooler",
    "runtime_helper",
    "scheme_of",
]
