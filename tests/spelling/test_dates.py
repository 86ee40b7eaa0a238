"""A date that is typed means one day, on every form and in every language."""

from datetime import date, datetime

import pytest
from django import forms
from django.utils import translation
from django.utils.formats import date_format

from tests.web.test_uncut import below


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_day_comes_before_the_month_on_every_form(language: str) -> None:
    kinds = {forms.DateField, *below(forms.DateField)}
    assert len(kinds) > 1
    with translation.override(language):
        for kind in kinds:
            assert kind().to_python("04/03/2027") == date(2027, 3, 4), kind
        typed = forms.DateTimeField().to_python("04/03/2027 15:30")
    assert isinstance(typed, datetime)
    assert (typed.month, typed.day, typed.hour, typed.minute) == (3, 4, 15, 30)


@pytest.mark.parametrize("language", ["en", "nl"])
def test_a_date_is_shown_year_first_in_a_field_and_in_short(language: str) -> None:
    day = date(2027, 3, 4)
    with translation.override(language):
        field = forms.DateField()
        assert 'value="2027-03-04"' in field.widget.render("day", day)
        assert date_format(day, "SHORT_DATE_FORMAT") == "2027-03-04"
