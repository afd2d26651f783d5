"""The tables of the search index. It can be made anew from the rows that it was made of."""

from sqlalchemy import BigInteger, Index, Integer, SmallInteger, String, Table, Text, column, table
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from roomful.db.base import Base, Id

Words = Text().with_variant(TSVECTOR(), "postgresql")
"""The words of an entry, separated by spaces, as `search/words.py` makes them."""


class SearchEntry(Base):
    """A task, comment, document or project, as it can be found. `number` grows with each change of its text.

    Titles and rights are read from the rows themselves; there is no foreign key, so that writers of those rows never
    wait for the index. On SQLite, triggers keep `search_words`, which is the FTS5 index over `words`; on PostgreSQL
    `words` has a GIN index of its own.
    """

    __tablename__ = "search_entry"
    __table_args__ = (
        Index(None, "id", unique=True),
        Index(None, "project_id"),
        Index(None, "task_id"),
    )

    number: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False
    )
    type: Mapped[str] = mapped_column(String(10))
    id: Mapped[str] = mapped_column(Id)
    project_id: Mapped[str] = mapped_column(Id)
    task_id: Mapped[str | None] = mapped_column(Id)
    text: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Words)


class SearchNumber(Base):
    """The last number that an entry was given: one row, whose lock lets one process change the index at a time."""

    __tablename__ = "search_number"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(BigInteger)


class SearchFill(Base):
    """How far a project has come whose entries are being made from its rows.

    When that is done, its cursor goes on after the event at `upto`, which was the newest when it began. `after` is the
    last task's number, or with `has_tasks` the last document's id.
    """

    __tablename__ = "search_fill"

    project_id: Mapped[str] = mapped_column(Id, primary_key=True)
    upto: Mapped[int] = mapped_column(BigInteger)
    has_tasks: Mapped[bool]
    after: Mapped[str] = mapped_column(Id)


ENTRY: Table = Base.metadata.tables[SearchEntry.__tablename__]
NUMBER: Table = Base.metadata.tables[SearchNumber.__tablename__]
FILL: Table = Base.metadata.tables[SearchFill.__tablename__]
FTS5 = table("search_words", column("rowid", Integer), column("search_words", Text))
"""The index on SQLite, which no model describes. The column with the table's name stands for all of it."""
