import asyncio
import logging
import sqlite3

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from roomful.db.passing_outages import passing_outages
from roomful.errors import NotFound, Unavailable

logger = logging.getLogger(__name__)


def _locked() -> DBAPIError:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return DBAPIError("SELECT 1", {}, error)


def _work(error: Exception) -> None:
    with passing_outages(logger, "work waits", cursor="mail"):
        raise error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (_locked(), "locked by others"),
        (PoolTimeout(), "every connection is in use"),
        (Unavailable(), "Unavailable"),
        (ConnectionRefusedError(), "ConnectionRefusedError"),
        (TimeoutError(), "TimeoutError"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_outage_is_logged_and_passes(error: Exception, reason: str, caplog: pytest.LogCaptureFixture) -> None:
    _work(error)
    (line,) = caplog.records
    assert (line.levelname, line.message) == ("WARNING", "work waits")
    assert vars(line).items() >= {"reason": reason, "cursor": "mail"}.items()
    assert line.exc_info is None


@pytest.mark.parametrize(
    "bug",
    [KeyError("row"), NotFound(), IntegrityError("INSERT", {}, sqlite3.IntegrityError("UNIQUE constraint failed"))],
    ids=lambda bug: type(bug).__name__,
)
def test_a_bug_is_raised_as_it_is_and_not_logged(bug: Exception, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(type(bug)) as raised:
        _work(bug)
    assert raised.value is bug
    assert not caplog.records


async def test_a_cancelled_loop_ends_though_its_driver_raises_an_outage() -> None:
    """Otherwise a server would never shut down."""
    begun = asyncio.Event()

    async def for_ever() -> None:
        while True:
            with passing_outages(logger, "work waits"):
                try:
                    begun.set()
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    raise ConnectionResetError from None

    async with asyncio.timeout(10):
        async with asyncio.TaskGroup() as tasks:
            loop = tasks.create_task(for_ever())
            await begun.wait()
            loop.cancel()
    assert loop.cancelled()


async def test_a_timeout_within_a_loop_is_no_cancellation() -> None:
    with passing_outages(logger, "work waits"):
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()
