"""Calls of libraries that hold their thread, by fully resolved name: data, nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from codemods.facts.knowledge import FILE, PATH


class Kind(Enum):
    """What a call waits for."""

    SLEEP = "sleeps"
    NETWORK = "waits for the network"
    DISK = "waits for the disk"
    PROCESS = "waits for a process"
    HASH = "computes a password hash"
    KEY = "derives a key"
    IMAGE = "works on an image"
    TABLE = "reads or writes a whole table"
    DATABASE = "waits for a database"
    THREAD = "waits for another thread"
    LOOP = "runs an event loop"
    PERSON = "waits for a person"


class Form(Enum):
    """What a call on the event loop can become."""

    SLEEP = "asyncio.sleep"
    THREAD = "a thread"
    #: Opens a file: the calls of its methods follow it into threads, or none of them does.
    OPEN = "a thread for each call"
    #: Gives an iterator that waits at each step: a thread can make a list of it.
    LAZY = "a thread that collects"
    LEFT = "nothing"


class Effect(Enum):
    """What a call does to something that other requests see, too."""

    NONE = "nothing"
    READ = "reads"
    WRITE = "writes"
    #: Read or write: an argument says which.
    MODE = "its mode says"
    STATEMENT = "its SQL says"


@dataclass(frozen=True)
class Blocker:
    """A call that blocks.

    ``shared`` tells whether its object may be used by several threads at once. ``slight`` is a
    call that waits for an instant at most. ``advice`` says what to do where nothing is done.
    ``portable`` tells of a call that is left on the loop that any thread could make it just as
    well, for a function that was in a thread before. ``streamed`` is a method of an answer that
    waits for nothing where the answer has arrived as a whole.
    """

    kind: Kind
    form: Form = Form.THREAD
    effect: Effect = Effect.NONE
    shared: bool = True
    slight: bool = False
    advice: str = ""
    portable: bool = False
    streamed: bool = False

    @property
    def reason(self) -> str:
        """What it waits for, as a verb phrase."""
        return self.kind.value


_VERBS = "get post put patch delete head options request"
_ALONE = "move the whole block into a function and call that by run_in_threadpool"
_RAISES = "it raises RuntimeError where a loop is running: await the coroutine instead"


def _each(prefix: str, names: str, blocker: Blocker) -> dict[str, Blocker]:
    return {f"{prefix}{name}": blocker for name in names.split()}


_NETWORK = Blocker(Kind.NETWORK)
_READ = Blocker(Kind.DISK, effect=Effect.READ)
_WRITE = Blocker(Kind.DISK, effect=Effect.WRITE)
_DISK = Blocker(Kind.DISK)
_OPEN = Blocker(Kind.DISK, Form.OPEN, Effect.MODE)
_SLIGHT = Blocker(Kind.DISK, Form.LEFT, slight=True, advice="it is too short to be worth a thread")
_LAZY = Blocker(Kind.DISK, Form.LAZY, Effect.READ, advice=f"it waits at each step: {_ALONE}")
_PROCESS = Blocker(Kind.PROCESS)
_HASH = Blocker(Kind.HASH)
_KEY = Blocker(Kind.KEY)
_IMAGE = Blocker(Kind.IMAGE, shared=False)
_TABLE = Blocker(Kind.TABLE, shared=False)
_LOOP = Blocker(Kind.LOOP, Form.LEFT, advice=_RAISES)
_FROM_THREAD = Blocker(
    Kind.LOOP, Form.LEFT, advice="it only works in a worker thread: await the function instead"
)
_CONNECT = Blocker(Kind.DATABASE)
_BOUND = Blocker(Kind.DATABASE, Form.LEFT, advice=f"its connection belongs to one thread: {_ALONE}")

#: Functions by resolved name.
FUNCTIONS: dict[str, Blocker] = {
    "time.sleep": Blocker(Kind.SLEEP, Form.SLEEP),
    "builtins.input": Blocker(
        Kind.PERSON, Form.LEFT, advice="no server has a person at its keyboard"
    ),
    **_each("requests.", _VERBS, _NETWORK),
    **_each("httpx.", f"{_VERBS} connect trace", _NETWORK),
    "httpx.stream": replace(_NETWORK, form=Form.LEFT, advice="use httpx.AsyncClient"),
    "urllib3.request": _NETWORK,
    **_each("urllib.request.", "urlopen urlretrieve", _NETWORK),
    **_each(
        "socket.",
        "create_connection getaddrinfo gethostbyname gethostbyaddr getfqdn getnameinfo",
        _NETWORK,
    ),
    **_each("ftplib.", "FTP FTP_TLS", replace(_NETWORK, shared=False)),
    **_each("smtplib.", "SMTP SMTP_SSL LMTP", replace(_NETWORK, shared=False)),
    **_each("imaplib.", "IMAP4 IMAP4_SSL", replace(_NETWORK, shared=False)),
    # files
    **_each("", "builtins.open io.open io.open_code", _OPEN),
    **_each("", "gzip.open bz2.open lzma.open codecs.open", _OPEN),
    **_each(
        "os.path.",
        "exists lexists isfile isdir islink ismount getsize getmtime getatime getctime samefile "
        "sameopenfile isjunction isdevdrive",
        _READ,
    ),
    **_each("os.path.", "abspath realpath relpath expanduser", _SLIGHT),
    **_each("os.", "listdir stat lstat access readlink statvfs", _READ),
    **_each("os.", "walk scandir fwalk", _LAZY),
    **_each(
        "os.",
        "remove unlink rename renames replace mkdir makedirs rmdir removedirs symlink link chmod "
        "chown utime truncate",
        _WRITE,
    ),
    **_each("os.", "fsync fdatasync sync sendfile", _DISK),
    **_each(
        "shutil.",
        "copy copy2 copyfile copytree copymode copystat move rmtree make_archive unpack_archive "
        "chown",
        _WRITE,
    ),
    "shutil.copyfileobj": _DISK,
    "shutil.disk_usage": _READ,
    **_each("", "glob.glob os.path.walk", _READ),
    "glob.iglob": _LAZY,
    **_each("zipfile.", "ZipFile is_zipfile", replace(_DISK, shared=False)),
    "tarfile.open": replace(_DISK, shared=False),
    # processes
    **_each(
        "subprocess.", "run call check_call check_output getoutput getstatusoutput Popen", _PROCESS
    ),
    **_each("os.", "system popen posix_spawn posix_spawnp", _PROCESS),
    **_each("os.", "spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe", _PROCESS),
    **_each("os.", "wait wait3 wait4 waitid waitpid", _PROCESS),
    # computation
    **_each("bcrypt.", "hashpw checkpw", _HASH),
    "bcrypt.kdf": _KEY,
    **_each("hashlib.", "pbkdf2_hmac scrypt", _KEY),
    **_each("werkzeug.security.", "generate_password_hash check_password_hash", _HASH),
    **_each("django.contrib.auth.hashers.", "make_password check_password", _HASH),
    **_each("nacl.pwhash.", "str verify kdf", _HASH),
    **_each("argon2.", "hash_password verify_password", _HASH),
    **_each("argon2.low_level.", "hash_secret hash_secret_raw verify_secret", _HASH),
    **{
        f"passlib.hash.{scheme}.{name}": _HASH
        for scheme in "bcrypt bcrypt_sha256 argon2 scrypt pbkdf2_sha256 pbkdf2_sha512 "
        "sha256_crypt sha512_crypt".split()
        for name in ("hash", "verify", "encrypt")
    },
    **_each("PIL.Image.", "open", replace(_IMAGE, effect=Effect.READ)),
    **_each(
        "pandas.",
        "read_csv read_excel read_json read_parquet read_sql read_sql_query read_sql_table "
        "read_table read_html read_xml read_pickle read_feather read_hdf read_fwf",
        replace(_TABLE, effect=Effect.READ),
    ),
    "pandas.ExcelWriter": replace(_TABLE, effect=Effect.WRITE),
    **_each("numpy.", "load loadtxt genfromtxt fromfile", replace(_TABLE, effect=Effect.READ)),
    **_each("numpy.", "save savez savetxt savez_compressed", replace(_TABLE, effect=Effect.WRITE)),
    "openpyxl.load_workbook": replace(_TABLE, effect=Effect.READ),
    # databases by hand
    **_each("", "psycopg.connect psycopg2.connect pymysql.connect MySQLdb.connect", _CONNECT),
    **_each("", "mysql.connector.connect pyodbc.connect oracledb.connect", _CONNECT),
    **_each("psycopg.", "Connection.connect", _CONNECT),
    "sqlite3.connect": _BOUND,
    # other threads, other loops
    **_each("", "asyncio.run anyio.run uvicorn.run trio.run", _LOOP),
    **_each("", "asgiref.sync.async_to_sync", _LOOP),
    **_each("anyio.from_thread.", "run run_sync check_cancelled", _FROM_THREAD),
    **_each("concurrent.futures.", "wait", Blocker(Kind.THREAD)),
}

#: Functions that block where one of their arguments is an open file.
WITH_FILES: dict[str, Blocker] = _each(
    "",
    """json.load json.dump pickle.load pickle.dump yaml.load yaml.safe_load yaml.dump yaml.safe_dump
    tomllib.load toml.load toml.dump marshal.load marshal.dump plistlib.load plistlib.dump""",
    _DISK,
)

_CURSOR = "execute executemany callproc fetchone fetchall fetchmany copy_from copy_to copy_expert"
_SQL = Blocker(Kind.DATABASE, effect=Effect.STATEMENT, shared=False)
_FETCH = Blocker(Kind.DATABASE, shared=False)
_CONNECTION = {
    **_each("", "commit rollback close ping reconnect", _FETCH),
    **_each("", "execute executemany", _SQL),
}
_CURSOR_METHODS = {**_each("", _CURSOR, _FETCH), **_each("", "execute executemany callproc", _SQL)}
_REDIS_READS = """get mget exists hget hgetall hmget hkeys hvals hlen keys ttl pttl type smembers
sismember scard llen lrange lindex zrange zrangebyscore zscore zcard strlen ping info dbsize
getrange"""
_REDIS_WRITES = """set setex setnx mset incr incrby decr decrby append delete unlink expire persist
hset hmset hdel hincrby lpush rpush lpop rpop ltrim lrem sadd srem spop zadd zrem zincrby publish
rename flushdb flushall getset getdel xadd eval"""
_WAITED = Blocker(Kind.THREAD)
_ASYNC_LOCK = Blocker(
    Kind.THREAD, Form.LEFT, advice="a lock belongs to its thread: on the loop use asyncio.Lock"
)
_ASYNC_QUEUE = Blocker(
    Kind.THREAD,
    Form.LEFT,
    advice="on the loop use asyncio.Queue, which shutdown can interrupt",
    portable=True,
)
_ASYNC_EVENT = Blocker(
    Kind.THREAD,
    Form.LEFT,
    advice="on the loop use asyncio.Event, which shutdown can interrupt",
    portable=True,
)
_LOCKS = "Lock RLock Semaphore BoundedSemaphore Condition"

#: Methods by the resolved name of their class.
METHODS: dict[str, dict[str, Blocker]] = {
    "passlib.context.CryptContext": _each("", "hash verify verify_and_update encrypt", _HASH),
    "pwdlib.PasswordHash": _each("", "hash verify verify_and_update", _HASH),
    **{
        f"pwdlib.hashers.{module}.{cls}": _each("", "hash verify", _HASH)
        for module, cls in (("argon2", "Argon2Hasher"), ("bcrypt", "BcryptHasher"))
    },
    "argon2.PasswordHasher": _each("", "hash verify", _HASH),
    **{
        f"cryptography.hazmat.primitives.kdf.{name}": _each("", "derive verify", _KEY)
        for name in ("pbkdf2.PBKDF2HMAC", "scrypt.Scrypt", "argon2.Argon2id")
    },
    "requests.Session": _each("", f"{_VERBS} send", replace(_NETWORK, shared=False)),
    "requests.Response": _each(
        "",
        "iter_content iter_lines",
        Blocker(Kind.NETWORK, Form.LAZY, advice=f"it waits at each step: {_ALONE}", streamed=True),
    ),
    "httpx.Client": {
        **_each("", f"{_VERBS} send close", _NETWORK),
        "stream": replace(_NETWORK, form=Form.LEFT, advice="use httpx.AsyncClient"),
    },
    "urllib3.PoolManager": _each("", "request urlopen request_encode_url", _NETWORK),
    **{
        f"http.client.{cls}": _each(
            "", "request getresponse connect", replace(_NETWORK, shared=False)
        )
        for cls in ("HTTPConnection", "HTTPSConnection")
    },
    **{
        f"smtplib.{cls}": _each(
            "",
            "connect login send_message sendmail starttls quit ehlo helo",
            replace(_NETWORK, shared=False),
        )
        for cls in ("SMTP", "SMTP_SSL", "LMTP")
    },
    **{
        f"ftplib.{cls}": _each(
            "",
            "connect login cwd retrbinary retrlines storbinary storlines nlst quit delete",
            replace(_NETWORK, shared=False),
        )
        for cls in ("FTP", "FTP_TLS")
    },
    **{
        f"imaplib.{cls}": _each(
            "", "login select search fetch store logout", replace(_NETWORK, shared=False)
        )
        for cls in ("IMAP4", "IMAP4_SSL")
    },
    "socket.socket": _each(
        "",
        "connect accept recv recv_into recvfrom send sendall sendto sendfile",
        replace(_NETWORK, shared=False),
    ),
    "http.client.HTTPResponse": _each(
        "", "read readinto readline readlines", replace(_NETWORK, shared=False)
    ),
    "paramiko.SSHClient": _each("", "connect exec_command", replace(_NETWORK, shared=False)),
    "emails.Message": _each("", "send", _NETWORK),
    "redis.Redis": {
        **_each("", _REDIS_READS, Blocker(Kind.DATABASE, effect=Effect.READ)),
        **_each("", _REDIS_WRITES, Blocker(Kind.DATABASE, effect=Effect.WRITE)),
        **_each("", "blpop brpop xread", Blocker(Kind.DATABASE, effect=Effect.WRITE)),
    },
    "pymongo.collection.Collection": {
        **_each(
            "",
            "find_one count_documents estimated_document_count distinct list_indexes",
            Blocker(Kind.DATABASE, effect=Effect.READ),
        ),
        **_each(
            "",
            "insert_one insert_many update_one update_many replace_one delete_one delete_many "
            "find_one_and_update find_one_and_replace find_one_and_delete bulk_write create_index "
            "drop",
            Blocker(Kind.DATABASE, effect=Effect.WRITE),
        ),
        **_each(
            "",
            "find aggregate",
            Blocker(
                Kind.DATABASE, Form.LAZY, Effect.READ, advice=f"it waits at each step: {_ALONE}"
            ),
        ),
    },
    "pymongo.database.Database": _each(
        "", "command list_collection_names", Blocker(Kind.DATABASE, effect=Effect.WRITE)
    ),
    **{
        f"{module}.connection": _CONNECTION
        for module in ("psycopg2.extensions", "pymysql", "MySQLdb", "pyodbc", "oracledb")
    },
    **{
        f"{module}.cursor": _CURSOR_METHODS
        for module in ("psycopg2.extensions", "pymysql", "MySQLdb", "pyodbc", "oracledb")
    },
    "psycopg.Connection": _CONNECTION,
    "psycopg.Cursor": _CURSOR_METHODS,
    "sqlite3.Connection": _each(
        "", "execute executemany executescript commit rollback", replace(_BOUND, shared=False)
    ),
    "sqlite3.Cursor": _each("", f"{_CURSOR} executescript", replace(_BOUND, shared=False)),
    FILE: _each(
        "",
        "read read1 readinto readline readlines readall write writelines flush truncate",
        Blocker(Kind.DISK, shared=False),
    ),
    PATH: {
        **_each(
            "",
            "exists stat lstat is_file is_dir is_mount is_symlink is_socket is_fifo "
            "is_block_device is_char_device is_junction owner group read_text read_bytes samefile "
            "readlink",
            _READ,
        ),
        **_each(
            "",
            "write_text write_bytes unlink mkdir rmdir rename replace touch chmod lchmod "
            "symlink_to hardlink_to link_to copy copy_into move move_into",
            _WRITE,
        ),
        **_each("", "iterdir glob rglob walk", _LAZY),
        **_each("", "absolute resolve expanduser cwd home", _SLIGHT),
        "open": _OPEN,
    },
    "zipfile.ZipFile": _each(
        "",
        "extractall extract read write writestr namelist testzip printdir",
        replace(_DISK, shared=False),
    ),
    "tarfile.TarFile": _each("", "extractall extract add addfile", replace(_DISK, shared=False)),
    "subprocess.Popen": _each("", "wait communicate", _PROCESS),
    "PIL.Image.Image": {
        **_each(
            "",
            "resize thumbnail convert rotate filter load transpose quantize reduce tobytes copy",
            _IMAGE,
        ),
        "save": replace(_IMAGE, effect=Effect.WRITE),
    },
    "pandas.DataFrame": _each(
        "",
        "to_csv to_excel to_json to_parquet to_sql to_pickle to_html to_feather to_hdf",
        replace(_TABLE, effect=Effect.WRITE),
    ),
    "pandas.ExcelWriter": _each("", "close", replace(_TABLE, effect=Effect.WRITE)),
    "openpyxl.Workbook": _each("", "save", replace(_TABLE, effect=Effect.WRITE)),
    "threading.Thread": _each("", "join", _WAITED),
    "threading.Timer": _each("", "join", _WAITED),
    "multiprocessing.Process": _each("", "join", _WAITED),
    "concurrent.futures.Future": _each("", "result exception", _WAITED),
    "concurrent.futures.Executor": _each("", "shutdown", _WAITED),
    **{f"threading.{cls}": _each("", "acquire wait", _ASYNC_LOCK) for cls in _LOCKS.split()},
    **{f"multiprocessing.{cls}": _each("", "acquire", _ASYNC_LOCK) for cls in _LOCKS.split()},
    "threading.Event": _each("", "wait", _ASYNC_EVENT),
    "threading.Barrier": _each("", "wait", _ASYNC_EVENT),
    **{
        f"queue.{cls}": _each("", "get put join", _ASYNC_QUEUE)
        for cls in ("Queue", "LifoQueue", "PriorityQueue")
    },
    "queue.SimpleQueue": _each("", "get", _ASYNC_QUEUE),
    "multiprocessing.Queue": _each("", "get put join", _ASYNC_QUEUE),
    "asyncio.AbstractEventLoop": _each("", "run_until_complete run_forever", _LOOP),
    "asyncio.Runner": _each("", "run", _LOOP),
}

#: Classes all of whose methods wait but these.
ALL_BUT: dict[str, tuple[Blocker, frozenset[str]]] = {
    "botocore.client.BaseClient": (
        _NETWORK,
        frozenset(
            """get_paginator get_waiter can_paginate generate_presigned_url generate_presigned_post
            close""".split()
        ),
    ),
}

#: What waits once more when its with statement is left.
CLOSES_SLOWLY = (
    "smtplib.",
    "ftplib.",
    "imaplib.",
    "psycopg",
    "pymysql.",
    "MySQLdb.",
    "mysql.",
    "pyodbc.",
    "oracledb.",
    "subprocess.Popen",
    "pandas.ExcelWriter",
)

#: Classes whose objects may be used in the thread alone that made them.
BOUND_TO_THREAD = ("sqlite3.", "tkinter.", "threading.local", "playwright.sync_api.")


def star_names(library: str) -> frozenset[str]:
    """The functions and classes of a module that block, or whose objects do."""
    prefix = f"{library}."
    names: Iterable[str] = (*FUNCTIONS, *WITH_FILES, *METHODS)
    return frozenset(
        name.removeprefix(prefix)
        for name in names
        if name.startswith(prefix) and "." not in name.removeprefix(prefix)
    )
