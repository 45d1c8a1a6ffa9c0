"""looplift: lift a FastAPI application onto the event loop."""

__version__ = "0.1.0"
