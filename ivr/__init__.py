"""Hotline engine: Asterisk under a Python controller, from the first ring to the operator's goodbye."""
