from .item import Item
from .tag import Tag
from .user import User
