"""What the async side of SQLAlchemy has, by the class and method of the sync side.

Taken from the classes themselves: ``inspect.iscoroutinefunction`` over the members of
``AsyncSession``, ``AsyncConnection`` and ``AsyncEngine``.
"""

from __future__ import annotations

from codemods.facts import knowledge as known

#: Methods whose async twin is a coroutine.
AWAITED: dict[str, frozenset[str]] = {
    known.SESSION: frozenset(
        "close commit connection delete execute exec flush get get_one invalidate merge refresh "
        "reset rollback scalar scalars remove".split()
    ),
    known.CONNECTION: frozenset(
        "close commit rollback execute scalar scalars exec_driver_sql execution_options "
        "get_isolation_level get_raw_connection invalidate".split()
    ),
    known.ENGINE: frozenset("dispose raw_connection".split()),
    "sqlalchemy.orm.SessionTransaction": frozenset("commit rollback close".split()),
    known.TRANSACTION: frozenset("commit rollback close".split()),
}

#: Methods that are the same on both sides and are not awaited.
PLAIN: dict[str, frozenset[str]] = {
    known.SESSION: frozenset(
        "add add_all expunge expunge_all expire expire_all is_modified in_transaction "
        "in_nested_transaction get_transaction get_nested_transaction identity_key "
        "object_session new dirty deleted identity_map is_active info autoflush no_autoflush bind "
        "binds __contains__ __iter__ get_bind".split()
    ),
    known.CONNECTION: frozenset(
        "in_transaction in_nested_transaction get_transaction closed info dialect "
        "default_isolation_level".split()
    ),
    known.ENGINE: frozenset(
        "url pool dialect name driver echo execution_options clear_compiled_cache".split()
    ),
    "sqlalchemy.orm.SessionTransaction": frozenset("is_active session".split()),
    known.TRANSACTION: frozenset("is_active is_valid".split()),
}

#: Methods that are entered with ``async with`` (or awaited).
ENTERED: dict[str, frozenset[str]] = {
    known.SESSION: frozenset(("begin", "begin_nested")),
    known.CONNECTION: frozenset(("begin", "begin_nested")),
    known.ENGINE: frozenset(("connect", "begin")),
    known.SESSIONMAKER: frozenset(("begin",)),
}

#: Attributes of a session whose names are plain data on both sides.
PLAIN_ATTRIBUTES = frozenset(
    "new dirty deleted identity_map is_active info autoflush no_autoflush bind binds".split()
)

#: Decorators that take a coroutine function as well as a plain one, by resolved name: what they
#: make of one is a coroutine function too (``inspect.iscoroutinefunction``), tried with each.
#: ``moto.mock_aws``, ``requests_mock.Mocker`` and ``retrying.retry`` are not among them.
TOLERANT_DECORATORS = frozenset(
    {
        "pytest.fixture",
        "pytest.yield_fixture",
        "pytest_asyncio.fixture",
        "builtins.staticmethod",
        "builtins.classmethod",
        "abc.abstractmethod",
        "typing.override",
        "typing_extensions.override",
        "typing.overload",
        "typing.no_type_check",
        known.MANAGER,
        "tenacity.retry",
        "backoff.on_exception",
        "backoff.on_predicate",
        "dependency_injector.wiring.inject",
        "slowapi.Limiter.limit",
        "slowapi.extension.Limiter.limit",
        "warnings.deprecated",
        "typing_extensions.deprecated",
        "deprecated.deprecated",
        "typing.final",
        "typing_extensions.final",
        "freezegun.freeze_time",
        "time_machine.travel",
        "respx.mock",
        "responses.activate",
        "vcr.use_cassette",
        "flaky.flaky",
        "pytest.hookimpl",
        "unittest.skip",
        "unittest.skipIf",
        "unittest.skipUnless",
        "stamina.retry",
        "circuitbreaker.circuit",
        "loguru.logger.catch",
        "beartype.beartype",
        "typeguard.typechecked",
        "pydantic.validate_call",
        "sentry_sdk.trace",
        "sentry_sdk.monitor",
        "logfire.instrument",
        "langfuse.observe",
        "newrelic.agent.function_trace",
        "newrelic.agent.background_task",
        "asyncache.cached",
        "cashews.cache",
        "fastapi_cache.decorator.cache",
        "fastapi_utils.tasks.repeat_every",
        "fastapi_versioning.version",
        "allure.title",
        "allure.description",
        "allure.severity",
        "allure.feature",
        "allure.story",
        "allure.epic",
    }
)

#: Methods of an application or router that register a function of either colour.
TOLERANT_REGISTRATIONS = frozenset(
    """get post put patch delete options head trace api_route route websocket websocket_route
    on_event exception_handler middleware add_api_route add_api_websocket_route add_route
    add_exception_handler add_event_handler add_task""".split()
)

#: What a function may be handed to, whatever its colour.
TOLERANT_CALLS = frozenset(
    {
        known.DEPENDS,
        known.SECURITY,
        "fastapi.BackgroundTasks.add_task",
        "starlette.background.BackgroundTask",
        "fastapi.BackgroundTask",
        "inspect.signature",
    }
)

#: A scheduler that runs coroutine functions on the loop that it was started on, and the methods by
#: which it gets them; one that is given other executors hands them to threads.
LOOP_SCHEDULER = "apscheduler.schedulers.asyncio.AsyncIOScheduler"
SCHEDULING = frozenset((f"{LOOP_SCHEDULER}.add_job", f"{LOOP_SCHEDULER}.scheduled_job"))
OTHER_EXECUTORS = frozenset(("executors", "executor"))

#: Sync context managers that wait for nothing and hold nothing that another task waits for.
SYNC_CONTEXTS = frozenset(
    {
        "contextlib.suppress",
        "contextlib.nullcontext",
        "contextlib.redirect_stdout",
        "contextlib.redirect_stderr",
        "builtins.open",
        "pytest.raises",
        "pytest.warns",
        "pytest.deprecated_call",
        "warnings.catch_warnings",
        "decimal.localcontext",
    }
)
SYNC_CONTEXT_MODULES = ("tempfile.", "unittest.mock.patch")

#: Databases whose drivers looplift knows, by the classes that hold a connection to them.
DATABASE_CLASSES = (
    known.SESSION,
    known.CONNECTION,
    known.ENGINE,
    "sqlalchemy.orm.SessionTransaction",
    known.TRANSACTION,
    known.SESSIONMAKER,
)
