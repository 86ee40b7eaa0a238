"""Measures Holdfast beside what is under it and what stands next to it: see README.md."""
