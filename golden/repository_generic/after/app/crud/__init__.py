from .crud_item import item
from .crud_user import user

# For a new basic set of CRUD operations you could just do

# from .base import CRUDBase
# from app.models.tag import Tag
# from app.schemas.tag import TagCreate, TagUpdate

# tag = CRUDBase[Tag, TagCreate, TagUpdate](Tag)
