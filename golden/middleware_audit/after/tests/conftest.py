import pytest


@pytest.fixture(scope="session", autouse=True)
def background_in_place():
    """Work that outlives its response is done when the response is there."""
    from audit.background_tasks import background

    background.in_place = True


@pytest.fixture(scope="session", autouse=True)
def job_queue_in_place():
    """Work that outlives its response is done when the response is there."""
    from audit.background_queue import job_queue

    job_queue.in_place = True
