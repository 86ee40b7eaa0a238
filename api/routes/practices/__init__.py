"""The routes of practices: providers, their schedules, and appointments."""
