"""Run by Alembic, on the connection that ``bridge.store.migrate`` hands over."""

from alembic import context

from bridge.store.metadata import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
