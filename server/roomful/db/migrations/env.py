"""Alembic's entry: runs the migrations on the connection that `roomful.db.schema` hands over."""

from alembic import context

from roomful.db.base import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
