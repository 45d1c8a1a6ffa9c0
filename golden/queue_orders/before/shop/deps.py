from fastapi import BackgroundTasks, Header

from .messages import write


def visitor(background_tasks: BackgroundTasks, x_visitor: str = Header("somebody")):
    background_tasks.add_task(write, "statistics", f"{x_visitor} came")
    return x_visitor
