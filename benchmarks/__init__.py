"""Measures Holdfast against what it stands on and what could replace it: see README.md."""
