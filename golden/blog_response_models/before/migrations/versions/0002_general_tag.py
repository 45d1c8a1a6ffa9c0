"""Posts without a tag get one."""
from alembic import op
from sqlalchemy.orm import Session

from blog.models import Post, Tag

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade():
    session = Session(bind=op.get_bind())
    general = session.query(Tag).filter(Tag.name == "general").first()
    if general is None:
        general = Tag(name="general")
        session.add(general)
    for post in session.query(Post).filter(~Post.tags.any()):
        post.tags.append(general)
    session.commit()


def downgrade():
    pass
