"""Posts without a tag get one."""
from alembic import op
from sqlalchemy import select
from sqlalchemy.orm import Session

from blog.models import Post, Tag

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade():
    session = Session(bind=op.get_bind())
    general = session.scalars(select(Tag).where(Tag.name == "general").limit(1)).first()
    if general is None:
        general = Tag(name="general")
        session.add(general)
    for post in session.scalars(select(Post).where(~Post.tags.any())):
        post.tags.append(general)
    session.commit()


def downgrade():
    pass
