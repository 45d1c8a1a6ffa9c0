from fastapi import Header

from .background_queue import BackgroundQueue
from .messages import write


def visitor(background_tasks: BackgroundQueue, x_visitor: str = Header("somebody")):
    background_tasks.add(write, "statistics", f"{x_visitor} came")
    return x_visitor
