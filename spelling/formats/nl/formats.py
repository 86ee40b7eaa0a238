"""How Django's own forms read dates in this language: as every page does, day before month."""

from spelling import dates

DATE_INPUT_FORMATS = dates.FORMATS
DATETIME_INPUT_FORMATS = dates.WITH_TIMES
SHORT_DATE_FORMAT = "Y-m-d"
SHORT_DATETIME_FORMAT = "Y-m-d H:i"
