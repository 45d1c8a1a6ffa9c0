"""Figures of the code that is written into applications: run as ``python -m bench.<name>``."""
