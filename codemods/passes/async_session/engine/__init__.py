"""Engines, session factories and their names, in one colour or both."""
