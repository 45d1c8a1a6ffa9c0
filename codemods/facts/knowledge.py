"""What is known of libraries: names, bases, and what their calls return.

``CANONICAL`` maps every public spelling of a name to the one used in the tables. ``BASES`` gives
the bases of outside classes. ``RETURNS`` maps ``class.method`` or a function to a small word:

=============  ==================================================================
``self``       the object itself
``query``      a ``Query`` of the arguments
``select``     a ``Select`` of the arguments
``result``     a ``Result`` of the statement that is the first argument
``scalars``    a ``ScalarResult`` of the statement that is the first argument
``scalar``     the first column of the statement that is the first argument
``entity``     an instance of the class that is the first argument
``first_arg``  whatever the first argument is
``rows``       a list of the rows of the object
``row``        one row of the object
``as_scalars`` a ``ScalarResult`` of the object
``column``     the first column of the object's rows
``element``    the element type of the object
``inspector``  an ``Inspector``, of an engine or a connection
``name``       any other word: an instance of that class
=============  ==================================================================
"""

from __future__ import annotations

#: Something that a library made, of which nothing else is known: nothing of the code base.
OPAQUE = "?"
SESSION = "sqlalchemy.orm.Session"
SCOPED_SESSION = "sqlalchemy.orm.scoped_session"
SESSIONMAKER = "sqlalchemy.orm.sessionmaker"
QUERY = "sqlalchemy.orm.Query"
SELECT = "sqlalchemy.Select"
RESULT = "sqlalchemy.Result"
SCALARS = "sqlalchemy.ScalarResult"
ROW = "sqlalchemy.Row"
ENGINE = "sqlalchemy.Engine"
CONNECTION = "sqlalchemy.Connection"
TRANSACTION = "sqlalchemy.Transaction"
INSPECTOR = "sqlalchemy.Inspector"
COLUMN = "sqlalchemy.orm.InstrumentedAttribute"
ASYNC_SESSION = "sqlalchemy.ext.asyncio.AsyncSession"
ASYNC_ENGINE = "sqlalchemy.ext.asyncio.AsyncEngine"
ASYNC_CONNECTION = "sqlalchemy.ext.asyncio.AsyncConnection"
ASYNC_SESSIONMAKER = "sqlalchemy.ext.asyncio.async_sessionmaker"
SQLMODEL_SESSION = "sqlmodel.Session"
SQLMODEL = "sqlmodel.SQLModel"
CONTEXT = "contextlib.AbstractContextManager"
#: What makes a context manager of a generator function.
MANAGER = "contextlib.contextmanager"
GENERATOR = "collections.abc.Generator"
CALLABLE = "collections.abc.Callable"
DECLARATIVE_META = "sqlalchemy.orm.DeclarativeMeta"
#: Classes that an annotation names for want of a better one: the value says which it is.
VAGUE = frozenset({"builtins.type", "builtins.object", DECLARATIVE_META})
COROUTINE = "collections.abc.Coroutine"
#: Bases outside of the code that bring nothing along: how an object is made, entered or filled.
PLAIN_BASES = frozenset(
    """abc.ABC builtins.object typing.Generic typing.Protocol typing_extensions.Protocol""".split()
)
#: Decorators that keep what a function returned.
CACHES = ("functools.cache", "functools.lru_cache")
FASTAPI = "fastapi.FastAPI"
REQUEST = "fastapi.Request"
WEBSOCKET = "fastapi.WebSocket"
#: What a request and an application keep: names of objects without a class that is imported.
REQUEST_STATE = "fastapi.Request.state"
APP_STATE = "fastapi.FastAPI.state"
STATES = (REQUEST_STATE, APP_STATE)
ROUTER = "fastapi.APIRouter"
DEPENDS = "fastapi.Depends"
SECURITY = "fastapi.Security"
TEST_CLIENT = "fastapi.testclient.TestClient"
#: Any file object of the standard library.
FILE = "io.IOBase"
PATH = "pathlib.Path"
LOOP = "asyncio.AbstractEventLoop"
PROVIDER = "dependency_injector.providers.Provider"

CANONICAL: dict[str, str] = {
    "sqlalchemy.orm.session.Session": SESSION,
    "sqlalchemy.orm.session.sessionmaker": SESSIONMAKER,
    "sqlalchemy.orm.scoping.scoped_session": SCOPED_SESSION,
    "sqlalchemy.orm.query.Query": QUERY,
    "sqlalchemy.engine.Engine": ENGINE,
    "sqlalchemy.engine.base.Engine": ENGINE,
    "sqlalchemy.engine.Connection": CONNECTION,
    "sqlalchemy.engine.base.Connection": CONNECTION,
    "sqlalchemy.engine.reflection.Inspector": INSPECTOR,
    "sqlalchemy.inspection.inspect": "sqlalchemy.inspect",
    "sqlalchemy.engine.create_engine": "sqlalchemy.create_engine",
    "sqlalchemy.engine.Result": RESULT,
    "sqlalchemy.engine.Row": ROW,
    "sqlalchemy.engine.url.URL": "sqlalchemy.URL",
    "sqlalchemy.engine.URL": "sqlalchemy.URL",
    "sqlalchemy.engine.url.make_url": "sqlalchemy.make_url",
    "sqlalchemy.engine.make_url": "sqlalchemy.make_url",
    "sqlalchemy.sql.select": "sqlalchemy.select",
    "sqlalchemy.sql.expression.select": "sqlalchemy.select",
    "sqlalchemy.future.select": "sqlalchemy.select",
    "sqlalchemy.sql.Select": SELECT,
    "sqlalchemy.sql.selectable.Select": SELECT,
    "sqlalchemy.sql.expression.Select": SELECT,
    "sqlalchemy.sql.text": "sqlalchemy.text",
    "sqlalchemy.sql.func": "sqlalchemy.func",
    "sqlalchemy.sql.functions.func": "sqlalchemy.func",
    "sqlalchemy.sql.expression.func": "sqlalchemy.func",
    "sqlalchemy.ext.declarative.declarative_base": "sqlalchemy.orm.declarative_base",
    "sqlalchemy.ext.declarative.DeclarativeMeta": DECLARATIVE_META,
    "sqlalchemy.ext.declarative.api.DeclarativeMeta": DECLARATIVE_META,
    "sqlalchemy.orm.decl_api.DeclarativeMeta": DECLARATIVE_META,
    "sqlalchemy.ext.declarative.api.declarative_base": "sqlalchemy.orm.declarative_base",
    "sqlalchemy.pool.StaticPool": "sqlalchemy.StaticPool",
    "sqlalchemy.pool.NullPool": "sqlalchemy.NullPool",
    "sqlalchemy.pool.QueuePool": "sqlalchemy.QueuePool",
    "sqlalchemy.schema.MetaData": "sqlalchemy.MetaData",
    "sqlalchemy.sql.schema.MetaData": "sqlalchemy.MetaData",
    "sqlalchemy.schema.Column": "sqlalchemy.Column",
    "sqlalchemy.orm.attributes.InstrumentedAttribute": COLUMN,
    "sqlalchemy.orm.relation": "sqlalchemy.orm.relationship",
    "sqlalchemy.orm.base.Mapped": "sqlalchemy.orm.Mapped",
    "sqlalchemy.ext.asyncio.session.AsyncSession": ASYNC_SESSION,
    "sqlalchemy.ext.asyncio.engine.AsyncEngine": ASYNC_ENGINE,
    "sqlmodel.orm.session.Session": SQLMODEL_SESSION,
    "sqlmodel.main.SQLModel": SQLMODEL,
    "sqlmodel.sql.expression.select": "sqlmodel.select",
    "sqlmodel.create_engine": "sqlalchemy.create_engine",
    "sqlmodel.engine.create.create_engine": "sqlalchemy.create_engine",
    "sqlmodel.text": "sqlalchemy.text",
    "sqlmodel.func": "sqlalchemy.func",
    "sqlmodel.delete": "sqlalchemy.delete",
    "sqlmodel.update": "sqlalchemy.update",
    "sqlmodel.insert": "sqlalchemy.insert",
    "sqlmodel.pool.StaticPool": "sqlalchemy.StaticPool",
    "sqlmodel.ext.asyncio.session.AsyncSession": "sqlmodel.ext.asyncio.AsyncSession",
    "fastapi.applications.FastAPI": FASTAPI,
    "fastapi.routing.APIRouter": ROUTER,
    "fastapi.params.Depends": DEPENDS,
    "fastapi.param_functions.Depends": DEPENDS,
    "fastapi.param_functions.Security": SECURITY,
    "starlette.testclient.TestClient": TEST_CLIENT,
    "starlette.background.BackgroundTasks": "fastapi.BackgroundTasks",
    "fastapi.background.BackgroundTasks": "fastapi.BackgroundTasks",
    "starlette.requests.Request": REQUEST,
    "starlette.requests.HTTPConnection": REQUEST,
    "fastapi.requests.Request": REQUEST,
    "fastapi.requests.HTTPConnection": REQUEST,
    "starlette.websockets.WebSocket": WEBSOCKET,
    "fastapi.websockets.WebSocket": WEBSOCKET,
    "fastapi.concurrency.run_in_threadpool": "starlette.concurrency.run_in_threadpool",
    "typing.Generator": GENERATOR,
    "typing.Iterator": "collections.abc.Iterator",
    "typing.Iterable": "collections.abc.Iterable",
    "typing.AsyncGenerator": "collections.abc.AsyncGenerator",
    "typing.AsyncIterator": "collections.abc.AsyncIterator",
    "typing.AsyncIterable": "collections.abc.AsyncIterable",
    "typing.Sequence": "collections.abc.Sequence",
    "typing.Callable": "collections.abc.Callable",
    "typing.Awaitable": "collections.abc.Awaitable",
    "typing.Coroutine": COROUTINE,
    "typing.ContextManager": CONTEXT,
    "typing.List": "builtins.list",
    "typing.Dict": "builtins.dict",
    "typing.Tuple": "builtins.tuple",
    "typing.Set": "builtins.set",
    "typing.Type": "builtins.type",
    "typing_extensions.Annotated": "typing.Annotated",
    "typing_extensions.TypeAlias": "typing.TypeAlias",
    "pathlib.PosixPath": PATH,
    "pathlib.WindowsPath": PATH,
    "typing.TextIO": FILE,
    "typing.BinaryIO": FILE,
    "typing.IO": FILE,
    "io.TextIOWrapper": FILE,
    "io.BufferedReader": FILE,
    "io.BufferedWriter": FILE,
    "redis.StrictRedis": "redis.Redis",
    "redis.client.Redis": "redis.Redis",
    "requests.sessions.Session": "requests.Session",
    "requests.session": "requests.Session",
    "psycopg.connection.Connection": "psycopg.Connection",
    "pymongo.mongo_client.MongoClient": "pymongo.MongoClient",
    "openpyxl.workbook.Workbook": "openpyxl.Workbook",
    "concurrent.futures.thread.ThreadPoolExecutor": "concurrent.futures.ThreadPoolExecutor",
    "starlette.datastructures.UploadFile": "fastapi.UploadFile",
    "fastapi.datastructures.UploadFile": "fastapi.UploadFile",
}

BASES: dict[str, tuple[str, ...]] = {
    SQLMODEL_SESSION: (SESSION,),
    SCOPED_SESSION: (SESSION,),
    "sqlalchemy.orm.scoped_session": (SESSION,),
    "sqlmodel.ext.asyncio.AsyncSession": (ASYNC_SESSION,),
    SQLMODEL: ("pydantic.BaseModel",),
    "pydantic_settings.BaseSettings": ("pydantic.BaseModel",),
    "pydantic.BaseSettings": ("pydantic.BaseModel",),
    "pydantic.generics.GenericModel": ("pydantic.BaseModel",),
    FASTAPI: ("starlette.applications.Starlette",),
    "httpx.AsyncClient": (),
    "concurrent.futures.ThreadPoolExecutor": ("concurrent.futures.Executor",),
    "concurrent.futures.ProcessPoolExecutor": ("concurrent.futures.Executor",),
}

_QUERY_BUILDERS = """
    filter where filter_by join outerjoin select_from options order_by limit offset slice distinct
    group_by having prefix_with suffix_with with_hint correlate params with_for_update
    execution_options reset_joinpoint populate_existing yield_per autoflush enable_eagerloads
    with_parent union union_all except_ except_all intersect intersect_all from_statement
    enable_assertions with_session set_label_style with_labels
""".split()

_SELECT_BUILDERS = """
    filter where filter_by join outerjoin join_from select_from options order_by limit offset slice
    fetch distinct group_by having prefix_with suffix_with with_hint correlate params
    with_for_update execution_options set_label_style union union_all except_ intersect values
    returning on_conflict_do_nothing on_conflict_do_update ordered_values
    with_dialect_options from_statement
""".split()

_RESULT_BUILDERS = "unique yield_per tuples execution_options".split()
_ROW_LISTS = "all fetchall fetchmany partitions".split()
_ONE_ROW = "first one one_or_none fetchone".split()
_ONE_COLUMN = "scalar scalar_one scalar_one_or_none".split()

RETURNS: dict[str, str] = {
    "sqlalchemy.inspect": "inspector",
    "sqlalchemy.create_engine": ENGINE,
    "sqlalchemy.engine_from_config": ENGINE,
    "sqlalchemy.ext.asyncio.create_async_engine": ASYNC_ENGINE,
    "sqlalchemy.select": "select",
    "sqlmodel.select": "select",
    "sqlalchemy.insert": "select",
    "sqlalchemy.update": "select",
    "sqlalchemy.delete": "select",
    "sqlalchemy.orm.aliased": "first_arg",
    "sqlalchemy.orm.declarative_base": "sqlalchemy.orm.declarative_base",
    "sqlalchemy.ext.automap.automap_base": "sqlalchemy.orm.declarative_base",
    "sqlalchemy.orm.registry": "sqlalchemy.orm.registry",
    "sqlalchemy.orm.registry.generate_base": "sqlalchemy.orm.declarative_base",
    "sqlalchemy.orm.object_session": SESSION,
    f"{SESSION}.query": "query",
    f"{SESSION}.execute": "result",
    f"{SESSION}.exec": "exec",
    f"{SESSION}.scalars": "scalars",
    f"{SESSION}.scalar": "scalar",
    f"{SESSION}.get": "entity",
    f"{SESSION}.get_one": "entity",
    f"{SESSION}.merge": "first_arg",
    f"{SESSION}.connection": CONNECTION,
    f"{SESSION}.get_bind": ENGINE,
    f"{SESSION}.begin": "sqlalchemy.orm.SessionTransaction",
    f"{SESSION}.begin_nested": "sqlalchemy.orm.SessionTransaction",
    f"{SESSION}.__enter__": "self",
    f"{SESSION}.no_autoflush": "self",
    f"{SCOPED_SESSION}.__call__": "element",
    f"{CONNECTION}.__enter__": "self",
    f"{CONNECTION}.execute": "result",
    f"{CONNECTION}.scalars": "scalars",
    f"{CONNECTION}.scalar": "scalar",
    f"{CONNECTION}.exec_driver_sql": RESULT,
    f"{CONNECTION}.begin": TRANSACTION,
    f"{CONNECTION}.begin_nested": TRANSACTION,
    f"{CONNECTION}.execution_options": "self",
    f"{ENGINE}.connect": CONNECTION,
    f"{ENGINE}.execution_options": "self",
    f"{TRANSACTION}.__enter__": "self",
    "sqlalchemy.orm.SessionTransaction.__enter__": "self",
    f"{TEST_CLIENT}.__enter__": "self",
    f"{RESULT}.scalars": "as_scalars",
    f"{RESULT}.mappings": "sqlalchemy.MappingResult",
    f"{QUERY}.get": "column",
    f"{QUERY}.__iter__": "row",
    f"{QUERY}.count": "builtins.int",
    f"{QUERY}.subquery": "sqlalchemy.Subquery",
    f"{QUERY}.exists": "sqlalchemy.Exists",
    f"{QUERY}.with_entities": "query",
    f"{QUERY}.add_columns": "query_more",
    f"{QUERY}.add_entity": "query_more",
    f"{QUERY}.add_column": "query_more",
    f"{QUERY}.statement": "as_select",
    f"{SELECT}.with_only_columns": "select",
    f"{SELECT}.add_columns": "select_more",
    f"{SELECT}.subquery": "sqlalchemy.Subquery",
    f"{SELECT}.exists": "sqlalchemy.Exists",
    "builtins.list": "list_of",
    "builtins.sorted": "list_of",
    "builtins.set": "list_of",
    "builtins.tuple": "list_of",
    "builtins.reversed": "list_of",
    "builtins.enumerate": "enumerated",
    "builtins.zip": "zipped",
    "builtins.iter": "first_arg",
    "builtins.next": "next_of",
    "builtins.dict.get": "value_of",
    "builtins.dict.values": "values_of",
    "builtins.dict.items": "items_of",
    "builtins.dict.copy": "self",
    "builtins.dict.pop": "value_of",
    "builtins.list.pop": "element",
    "builtins.list.copy": "self",
    "typing.cast": "cast",
    "contextlib.closing": "closing",
    "random.choice": "next_of",
    "random.sample": "list_of",
    "random.choices": "list_of",
    "pydantic.BaseModel.model_dump": "builtins.dict",
    "pydantic.BaseModel.model_copy": "self",
    "pydantic.BaseModel.model_validate": "self",
    "pydantic.BaseModel.model_validate_json": "self",
    "pydantic.BaseModel.model_validate_strings": "self",
    "pydantic.BaseModel.model_construct": "self",
    "pydantic.BaseModel.parse_obj": "self",
    "pydantic.BaseModel.parse_raw": "self",
    "pydantic.BaseModel.construct": "self",
    "copy.copy": "first_arg",
    "copy.deepcopy": "first_arg",
}
RETURNS |= {f"{QUERY}.{name}": "self" for name in _QUERY_BUILDERS}
RETURNS |= {f"{QUERY}.{name}": "rows" for name in _ROW_LISTS}
RETURNS |= {f"{QUERY}.{name}": "row" for name in _ONE_ROW}
RETURNS |= {f"{QUERY}.{name}": "column" for name in _ONE_COLUMN}
RETURNS |= {f"{SELECT}.{name}": "self" for name in _SELECT_BUILDERS}
for _kind in (RESULT, SCALARS):
    RETURNS |= {f"{_kind}.{name}": "self" for name in _RESULT_BUILDERS}
    RETURNS |= {f"{_kind}.{name}": "rows" for name in _ROW_LISTS}
    RETURNS |= {f"{_kind}.{name}": "row" for name in _ONE_ROW}
    RETURNS |= {f"{_kind}.{name}": "column" for name in _ONE_COLUMN}

_CONNECTIONS = {
    "psycopg2.connect": "psycopg2.extensions",
    "pymysql.connect": "pymysql",
    "MySQLdb.connect": "MySQLdb",
    "pyodbc.connect": "pyodbc",
    "oracledb.connect": "oracledb",
}
for _function, _module in _CONNECTIONS.items():
    RETURNS[_function] = f"{_module}.connection"
    RETURNS[f"{_module}.connection.cursor"] = f"{_module}.cursor"
RETURNS |= {
    **{f"{name}.open": FILE for name in ("builtins", "io", "gzip", "bz2", "lzma", "codecs", PATH)},
    "io.open_code": FILE,
    "zipfile.ZipFile.open": FILE,
    "tarfile.open": "tarfile.TarFile",
    **{
        f"{PATH}.{name}": PATH
        for name in """absolute resolve expanduser cwd home joinpath with_suffix with_name with_stem
        relative_to rename replace readlink""".split()
    },
    "pwdlib.PasswordHash.recommended": "pwdlib.PasswordHash",
    "boto3.client": "botocore.client.BaseClient",
    "boto3.session.Session.client": "botocore.client.BaseClient",
    "boto3.Session.client": "botocore.client.BaseClient",
    "redis.from_url": "redis.Redis",
    "redis.Redis.from_url": "redis.Redis",
    "urllib.request.urlopen": "http.client.HTTPResponse",
    "socket.create_connection": "socket.socket",
    "psycopg.connect": "psycopg.Connection",
    "psycopg.Connection.connect": "psycopg.Connection",
    "psycopg.Connection.cursor": "psycopg.Cursor",
    "psycopg.Connection.execute": "psycopg.Cursor",
    "psycopg.Cursor.execute": "self",
    "sqlite3.connect": "sqlite3.Connection",
    "sqlite3.Connection.cursor": "sqlite3.Cursor",
    "sqlite3.Connection.execute": "sqlite3.Cursor",
    "sqlite3.Cursor.execute": "self",
    "PIL.Image.open": "PIL.Image.Image",
    "PIL.Image.new": "PIL.Image.Image",
    **{
        f"PIL.Image.Image.{name}": "self"
        for name in "resize convert rotate filter crop transpose copy quantize reduce".split()
    },
    **{
        f"pandas.{name}": "pandas.DataFrame"
        for name in "read_csv read_excel read_json read_parquet read_sql read_sql_query".split()
    },
    "openpyxl.load_workbook": "openpyxl.Workbook",
    "concurrent.futures.Executor.submit": "concurrent.futures.Future",
    "multiprocessing.get_context": "multiprocessing.context.BaseContext",
    "multiprocessing.Pool": "multiprocessing.pool.Pool",
    "multiprocessing.context.BaseContext.Process": "multiprocessing.Process",
    "multiprocessing.context.BaseContext.Pool": "multiprocessing.pool.Pool",
    "argparse.ArgumentParser.add_subparsers": "argparse._SubParsersAction",
    "argparse._SubParsersAction.add_parser": "argparse.ArgumentParser",
    "asyncio.run_coroutine_threadsafe": "concurrent.futures.Future",
    **{
        f"asyncio.{name}": LOOP for name in "get_event_loop get_running_loop new_event_loop".split()
    },
}
RETURNS |= {
    f"{owner}.{verb}": "requests.Response"
    for owner in ("requests", "requests.Session")
    for verb in "get post put patch delete head options request".split()
}
RETURNS |= {f"{PATH}.{name}": "paths" for name in ("iterdir", "glob", "rglob")}
#: Context managers that give themselves.
RETURNS |= {
    f"{name}.__enter__": "self"
    for name in (
        FILE,
        "io.BytesIO",
        "io.StringIO",
        "tarfile.TarFile",
        "zipfile.ZipFile",
        "requests.Session",
        "requests.Response",
        "httpx.Client",
        "smtplib.SMTP",
        "smtplib.SMTP_SSL",
        "ftplib.FTP",
        "http.client.HTTPResponse",
        "socket.socket",
        "pandas.ExcelWriter",
        "psycopg.Connection",
        "psycopg.Cursor",
        "psycopg2.extensions.connection",
        "psycopg2.extensions.cursor",
        "sqlite3.Connection",
        "subprocess.Popen",
        "PIL.Image.Image",
        "redis.Redis",
        "pymongo.MongoClient",
        "concurrent.futures.Executor",
        "multiprocessing.pool.Pool",
        "multiprocessing.pool.ThreadPool",
    )
}
#: Attributes of objects of libraries, by the class that they have.
ATTRIBUTES = {
    f"{PATH}.parent": PATH,
    "fastapi.UploadFile.file": FILE,
    **{f"{owner}.state": REQUEST_STATE for owner in (REQUEST, WEBSOCKET)},
    **{f"{owner}.app": FASTAPI for owner in (REQUEST, WEBSOCKET)},
    f"{FASTAPI}.state": APP_STATE,
    f"{SESSION}.bind": ENGINE,
    **{f"subprocess.Popen.{name}": FILE for name in ("stdin", "stdout", "stderr")},
}
#: Classes all of whose attributes and items are of another class, but for these methods.
HOLDS: dict[str, tuple[str, frozenset[str]]] = {
    "pymongo.MongoClient": ("pymongo.database.Database", frozenset(("close", "server_info"))),
    "pymongo.database.Database": (
        "pymongo.collection.Collection",
        frozenset(("command", "list_collection_names")),
    ),
}

#: Builders and terminals of Query, as the passes ask for them.
QUERY_BUILDERS = frozenset(_QUERY_BUILDERS)
QUERY_TERMINALS = frozenset(
    [*_ROW_LISTS, *_ONE_ROW, *_ONE_COLUMN, "get", "count", "delete", "update", "__iter__"]
)

#: Objects that are iterated into what their first type argument says.
ITERABLES = frozenset(
    {
        "builtins.list",
        "builtins.set",
        "builtins.frozenset",
        "builtins.tuple",
        "collections.abc.Sequence",
        "collections.abc.Iterable",
        "collections.abc.Iterator",
        "collections.abc.Collection",
        "collections.abc.AsyncIterator",
        "collections.abc.AsyncIterable",
        GENERATOR,
        "collections.abc.AsyncGenerator",
        SCALARS,
    }
)

#: What is said in full with type arguments: of what it holds, selects or gives.
HOLDERS = ITERABLES | {"builtins.dict", "collections.abc.Mapping", SELECT, QUERY, RESULT}


def canonical(name: str) -> str:
    """The spelling of ``name`` that the tables use."""
    return CANONICAL.get(name, name)


def ancestry(name: str) -> tuple[str, ...]:
    """``name`` and its bases outside the code base, nearest first."""
    found = [name]
    for base in BASES.get(name, ()):
        found.extend(item for item in ancestry(base) if item not in found)
    return tuple(found)
