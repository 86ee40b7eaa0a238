"""The addresses of account pages. They are part of `web:`."""

from django.urls import path

from web.account import (
    credentials,
    data,
    exports,
    favourites,
    held,
    mine,
    notices,
    reviews,
    signing_up,
)

urlpatterns = [
    path("accounts/signup/", signing_up.sign_up, name="sign_up"),
    path("accounts/signed-out/", signing_up.signed_out, name="signed_out"),
    path("venues/<slug:slug>/favourite/", favourites.mark, name="favourite"),
    path("venues/<slug:slug>/review/", reviews.review, name="review"),
    path("venues/<slug:slug>/review/delete/", reviews.withdraw, name="withdraw_review"),
    path("me/", mine.me, name="me"),
    path("me/reservations/", mine.my_reservations, name="my_reservations"),
    path("me/favourites/", favourites.favourites, name="favourites"),
    path("me/exports/", exports.exports, name="exports"),
    path("me/exports/<int:export_id>/", exports.export_file, name="export_file"),
    path("me/parking/", mine.my_parking, name="my_parking"),
    path("data/", held.ask, name="data"),
    path("data/link/<str:secret>/", held.link, name="data_link"),
    path("data/held/", held.held, name="held"),
    path("data/held/export/", held.export, name="export_held"),
    path("data/held/erase/", held.erase, name="erase_held"),
    path("me/data/", data.my_data, name="my_data"),
    path("me/notices/", notices.my_notices, name="my_notices"),
    path("me/data/address/", credentials.change_address, name="change_address"),
    path("me/data/sign-in/", credentials.providers, name="providers"),
    path("me/data/export/", data.export, name="export_my_data"),
    path("me/data/erase/", data.erase, name="erase_me"),
]
