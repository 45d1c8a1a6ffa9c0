"""Decisions, all before any edit: which function becomes async, because of whom, and what not."""
