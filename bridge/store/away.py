"""What a database says that cannot be used, and what is to be done about it.

By SQLSTATE (PostgreSQL, Appendix A); SQLite by its words (its "Result and Error Codes").
"""

from typing import Final

from sqlalchemy.exc import DBAPIError

from bridge.store.problems import AGAIN, StoreUnavailable

_CREDENTIALS: Final = "look at user and password in OFFHOOK_DATABASE_URL"
_NAME: Final = "make it with createdb, or look at the name in OFFHOOK_DATABASE_URL"
_RIGHTS: Final = (
    "as its owner: GRANT USAGE, CREATE ON SCHEMA public TO the user of OFFHOOK_DATABASE_URL, who"
    " needs all rights on the tables too"
)
_PRIMARY: Final = "give the server that takes changes in OFFHOOK_DATABASE_URL, or wait for this one"
_ROOM: Final = "make room on the disk it is kept on"
_WRITABLE: Final = "let this user write to its file and folder, or name another OFFHOOK_STATE_DIR"
_DAMAGED: Final = (
    "put a backup in the place of its file (offhook.db in OFFHOOK_STATE_DIR), or move it away: then"
    " a new one is made"
)

# The first that fits. A statement that is wrong is not among them: that is a bug of ours.
_STATES: Final = (
    ("08", AGAIN),  # connection
    ("25006", _PRIMARY),  # a read-only transaction: a standby
    ("28", _CREDENTIALS),
    ("3D000", _NAME),
    ("3F000", _RIGHTS),  # no schema that this user may use
    ("42501", _RIGHTS),
    ("53100", _ROOM),
    ("53", AGAIN),  # too many connections, too little memory
    ("57P", AGAIN),  # shutting down, starting
    ("58", "look into its log and at its disk"),
    ("XX001", "bring back a backup"),  # data corrupted
    ("XX002", "bring back a backup"),
)
_WORDS: Final = (
    ("locked", "another process works in it: try again"),
    ("readonly", _WRITABLE),
    ("read-only", _WRITABLE),
    ("permission denied", _WRITABLE),
    ("unable to open", _WRITABLE),
    ("is full", _ROOM),
    ("disk", "look at the disk it is kept on"),
    ("not a database", _DAMAGED),
    ("malformed", _DAMAGED),
    ("not known", "look at the host in OFFHOOK_DATABASE_URL"),  # getaddrinfo
    ("closed", AGAIN),
)


def away(error: BaseException) -> StoreUnavailable | None:
    """None: the database can be used, and this is something else. What statements were given is
    never told."""
    if isinstance(error, DBAPIError):
        mend = _mend(error.orig)
        if mend is None and not error.connection_invalidated:
            return None
        return StoreUnavailable(said(error), mend or AGAIN)
    # asyncpg raises its own while it connects.
    driver = type(error).__module__.startswith("asyncpg")
    if driver or isinstance(error, OSError | TimeoutError):
        return StoreUnavailable(said(error), _mend(error) or AGAIN)
    return None


def said(error: BaseException | None) -> str:
    """In one line. Of PostgreSQL not the detail, which quotes rows, and of SQLAlchemy neither
    statement nor link."""
    told = error.orig if isinstance(error, DBAPIError) else error
    return str(told).strip().split("\n")[0] or type(told).__name__


def forget_rows(error: BaseException | None) -> None:
    """PostgreSQL's detail of an error quotes the row: not to be told, neither here nor further down
    where the error came from."""
    while error is not None:
        if isinstance(getattr(error, "detail", None), str):
            vars(error)["detail"] = None
        error.args = tuple(
            each.split("\nDETAIL:")[0] if isinstance(each, str) else each for each in error.args
        )
        error = error.__cause__ or error.__context__


def _mend(error: BaseException | None) -> str | None:
    state = str(getattr(error, "sqlstate", "") or "")
    if state:
        return next((mend for begin, mend in _STATES if state.startswith(begin)), None)
    told = str(error).lower()
    return next((mend for word, mend in _WORDS if word in told), None)
