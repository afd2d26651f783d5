"""Columns, numbers of tasks and keys of projects

Nodes of the version before may go on beside this one: triggers complete what they write. A later migration drops these.
"""

import secrets
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from roomful.ids import new_id
from roomful.projects.keys import WITHOUT_LETTERS, key_from

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BATCH = 500

_FIRST = (("To do", 10, "a0"), ("In progress", 20, "a1"), ("Done", 30, "a2"))
_project = sa.table("project", sa.column("id", sa.String), sa.column("name", sa.String), sa.column("key", sa.String))
_column = sa.table(
    "board_column",
    *(sa.column(name) for name in ("id", "project_id", "name", "category", "position", "version")),
    *(sa.column(name, sa.DateTime(timezone=True)) for name in ("created_at", "updated_at")),
)


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    time = sa.DateTime(timezone=True)
    op.add_column("project", sa.Column("key", sa.String(length=6), server_default=sa.text("''"), nullable=False))
    op.add_column("project", sa.Column("task_number", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "board_column",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("category", sa.SmallInteger(), nullable=False),
        sa.Column("color", sa.String(length=20), nullable=True),
        sa.Column("wip_limit", sa.Integer(), nullable=True),
        sa.Column(
            "position",
            sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", time, nullable=False),
        sa.Column("updated_at", time, nullable=False),
        sa.CheckConstraint("category IN (10, 20, 30)", name=op.f("ck_board_column_category")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_board_column_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_column")),
    )
    op.create_index("ix_board_column_project_id_position_id", "board_column", ["project_id", "position", "id"])
    op.add_column("task", sa.Column("number", sa.Integer(), nullable=True))
    # In plain SQL: SQLite can't add a constraint to a table that exists, only together with its column.
    op.execute(
        "ALTER TABLE task ADD COLUMN column_id VARCHAR(36) "
        "CONSTRAINT fk_task_column_id REFERENCES board_column (id) ON DELETE SET NULL"
    )
    _fill()
    op.create_index("ix_task_column_id", "task", ["column_id"])
    op.create_index("ix_task_project_id_number", "task", ["project_id", "number"], unique=True)
    op.execute(
        "UPDATE project SET task_number = coalesce((SELECT max(number) FROM task WHERE project_id = project.id), 0)"
    )
    op.drop_index("ix_task_project_id_status_position_id", table_name="task")
    op.create_index(
        "ix_task_project_id_status_column_id_position_id",
        "task",
        ["project_id", "status", "column_id", "position", "id"],
    )
    for statement in _SQLITE_TRIGGERS if is_sqlite else _POSTGRESQL_TRIGGERS:
        op.execute(statement)
    # Snapshots hold columns now, which no event announces: open boards load them anew. Offsets and events stay.
    renew = sa.text("UPDATE channel SET epoch = :epoch WHERE name LIKE 'project:%'")
    op.get_bind().execute(renew, {"epoch": secrets.token_hex(8)})


def _fill() -> None:
    """Each project gets a key and three columns, its tasks a number in the order in which they were made."""
    connection = op.get_bind()
    at, last = datetime.now(UTC), ""
    while True:
        page = sa.select(_project.c.id, _project.c.name).where(_project.c.id > last).order_by(_project.c.id)
        projects = connection.execute(page.limit(BATCH)).all()
        if not projects:
            break
        last = projects[-1].id
        connection.execute(
            sa.update(_project).where(_project.c.id == sa.bindparam("project")),
            [{"project": project.id, "key": key_from(project.name)} for project in projects],
        )
        connection.execute(sa.insert(_column), [column for project in projects for column in _first(project.id, at)])
    op.execute(
        "UPDATE task SET number = numbered.number, column_id = numbered.column_id FROM ("
        "SELECT task.id AS id, board_column.id AS column_id, "
        "row_number() OVER (PARTITION BY task.project_id ORDER BY task.created_at, task.id) AS number "
        "FROM task JOIN board_column ON board_column.project_id = task.project_id "
        "AND board_column.category = task.status) AS numbered WHERE numbered.id = task.id"
    )


def _first(project_id: str, at: datetime) -> list[dict[str, object]]:
    ids = sorted(new_id() for _ in _FIRST)
    return [
        {
            "id": id_,
            "project_id": project_id,
            "name": name,
            "category": category,
            "position": position,
            "version": 1,
            "created_at": at,
            "updated_at": at,
        }
        for id_, (name, category, position) in zip(ids, _FIRST, strict=True)
    ]


_FIRST_COLUMN = (
    "(SELECT id FROM board_column WHERE project_id = NEW.project_id AND category = NEW.status "
    "ORDER BY position, id LIMIT 1)"
)
_FIRST_COLUMNS = " UNION ALL ".join(
    f"SELECT '{name}' AS name, {category} AS category, '{position}' AS position" for name, category, position in _FIRST
)


def _insert_columns(id_: str) -> str:
    return (
        "INSERT INTO board_column (id, project_id, name, category, position, version, created_at, updated_at) "
        f"SELECT {id_}, NEW.id, name, category, position, 1, NEW.created_at, NEW.created_at "
        f"FROM ({_FIRST_COLUMNS}) AS first"
    )


_SQLITE_ID = (
    "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8' || "
    "substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))"
)
_SQLITE_TRIGGERS = (
    f"""CREATE TRIGGER project_made_by_older_node AFTER INSERT ON project WHEN NEW.key = '' BEGIN
    {_insert_columns(_SQLITE_ID)};
    UPDATE project SET key = '{WITHOUT_LETTERS}' WHERE id = NEW.id;
    END""",
    f"""CREATE TRIGGER task_made_by_older_node AFTER INSERT ON task WHEN NEW.number IS NULL BEGIN
    UPDATE project SET task_number = task_number + 1 WHERE id = NEW.project_id;
    UPDATE task SET column_id = {_FIRST_COLUMN},
    number = (SELECT task_number FROM project WHERE id = NEW.project_id) WHERE id = NEW.id;
    END""",
    f"""CREATE TRIGGER task_moved_by_older_node AFTER UPDATE OF status ON task
    WHEN NEW.status <> (SELECT category FROM board_column WHERE id = NEW.column_id) BEGIN
    UPDATE task SET column_id = {_FIRST_COLUMN} WHERE id = NEW.id;
    END""",
)

_POSTGRESQL_TRIGGERS = (
    f"""CREATE FUNCTION complete_project_of_older_node() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    {_insert_columns("gen_random_uuid()::text")};
    UPDATE project SET key = '{WITHOUT_LETTERS}' WHERE id = NEW.id;
    RETURN NULL; END $$""",
    """CREATE TRIGGER project_made_by_older_node AFTER INSERT ON project FOR EACH ROW WHEN (NEW.key = '')
    EXECUTE FUNCTION complete_project_of_older_node()""",
    f"""CREATE FUNCTION complete_task_of_older_node() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.number IS NULL THEN
    UPDATE project SET task_number = task_number + 1 WHERE id = NEW.project_id RETURNING task_number INTO NEW.number;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM board_column WHERE id = NEW.column_id AND category = NEW.status) THEN
    NEW.column_id := {_FIRST_COLUMN};
    END IF;
    RETURN NEW; END $$""",
    """CREATE TRIGGER task_made_by_older_node BEFORE INSERT ON task FOR EACH ROW WHEN (NEW.number IS NULL)
    EXECUTE FUNCTION complete_task_of_older_node()""",
    """CREATE TRIGGER task_moved_by_older_node BEFORE UPDATE OF status ON task FOR EACH ROW
    WHEN (NEW.status <> OLD.status AND NEW.column_id = OLD.column_id)
    EXECUTE FUNCTION complete_task_of_older_node()""",
)
