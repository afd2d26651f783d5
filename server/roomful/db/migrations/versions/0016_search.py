"""The index of the search

It is filled by nodes that know it, from the rows, while they serve: the texts of documents would take too long here.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables only: nodes of the version before go on beside this one, whose events the others index."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "search_entry",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, autoincrement=False),
        sa.Column("type", sa.String(length=10), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("task_id", sa.String(length=36), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("words", sa.Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_search_entry")),
    )
    op.create_index("ix_search_entry_id", "search_entry", ["id"], unique=True)
    op.create_index("ix_search_entry_project_id", "search_entry", ["project_id"])
    op.create_index("ix_search_entry_task_id", "search_entry", ["task_id"])
    op.create_table(
        "search_number",
        sa.Column("id", sa.SmallInteger(), nullable=False, autoincrement=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_number")),
    )
    op.execute("INSERT INTO search_number (id, last) VALUES (1, 0)")
    op.create_table(
        "search_fill",
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.Column("has_tasks", sa.Boolean(), nullable=False),
        sa.Column("after", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_search_fill")),
    )
    for statement in _SQLITE if is_sqlite else _POSTGRESQL:
        op.execute(statement)


# The tokenizer splits at ASCII alone, and our words hold nothing of it but letters and digits.
_SQLITE = (
    "CREATE VIRTUAL TABLE search_words USING fts5("
    "words, content='search_entry', content_rowid='number', tokenize='ascii', detail='none')",
    """CREATE TRIGGER search_entry_added AFTER INSERT ON search_entry BEGIN
    INSERT INTO search_words (rowid, words) VALUES (NEW.number, NEW.words);
    END""",
    """CREATE TRIGGER search_entry_removed AFTER DELETE ON search_entry BEGIN
    INSERT INTO search_words (search_words, rowid, words) VALUES ('delete', OLD.number, OLD.words);
    END""",
)

# Without a list of pending words, which every search would have to read. The function reads by the index alone:
# of how many entries have some words, the planner knows too little.
_POSTGRESQL = (
    "CREATE INDEX ix_search_entry_words ON search_entry USING gin (words) WITH (fastupdate = off)",
    """CREATE FUNCTION search_numbers(query tsquery, below bigint, most_read integer, most integer)
    RETURNS SETOF bigint LANGUAGE sql STABLE
    SET enable_seqscan = off SET enable_indexscan = off SET enable_indexonlyscan = off SET jit = off AS $$
    SELECT number FROM (
    SELECT number FROM search_entry WHERE words @@ query AND number + 0 < below LIMIT most_read
    ) AS found ORDER BY number DESC LIMIT most $$""",
)
