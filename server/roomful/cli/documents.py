"""The content of documents, as commands read and change it."""

from roomful.cli.database import ready_database, run
from roomful.documents import operator
from roomful.documents.changes import Format
from roomful.settings import Settings


def read(settings: Settings, document_id: str, format: Format) -> bytes:
    """Raises NotFound."""

    async def work() -> bytes:
        async with ready_database(settings) as database, database.read() as session:
            return await operator.read_document(session, document_id, format)

    return run(settings, work)


def write(settings: Settings, document_id: str, body: bytes, format: Format) -> bool:
    """Whether that changed anything. Raises NotFound, Invalid, LimitReached, Conflict."""

    async def work() -> bool:
        async with ready_database(settings) as database, database.write() as session:
            is_changed = await operator.write_document(
                session, document_id, body, format, max_bytes=settings.max_document_bytes
            )
            await session.commit()
            return is_changed

    return run(settings, work)
