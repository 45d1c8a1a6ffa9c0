"""Appointments of a small clinic."""
