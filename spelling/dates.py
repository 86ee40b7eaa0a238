"""How dates are read that people type, on every page and at the desk."""

FORMATS = ["%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y"]
"""The day comes before the month: 04/03/2027 is the fourth of March, whoever types it."""

WITH_TIMES = [f"{day} {time}" for day in FORMATS for time in ("%H:%M:%S", "%H:%M")]
