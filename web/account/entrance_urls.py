"""Pages of the sign-in library, each mounted by name because there is a page of ours for it.

The library's own list has pages that change a log-in address or connect a provider without the
password. Whatever is not named here is 404. The names are those that the library looks for.
"""

from allauth.account import views as account
from allauth.socialaccount import views as providers
from allauth.socialaccount.providers.github import views as github
from allauth.socialaccount.providers.google import views as google
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.urls import path, re_path

from web.account import credentials, log_in, reset

urlpatterns = [
    path("login/", log_in.LogInPage.as_view(), name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("password/change/", credentials.change_password, name="account_change_password"),
    path("password/reset/", reset.ask, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("3rdparty/login/error/", providers.login_error, name="socialaccount_login_error"),
    path(
        "3rdparty/login/cancelled/",
        providers.login_cancelled,
        name="socialaccount_login_cancelled",
    ),
    path("google/login/", google.oauth2_login, name="google_login"),
    path("google/login/callback/", google.oauth2_callback, name="google_callback"),
    path("github/login/", github.oauth2_login, name="github_login"),
    path("github/login/callback/", github.oauth2_callback, name="github_callback"),
    path("oidc/<str:provider_id>/login/", openid_connect.login, name="openid_connect_login"),
    path(
        "oidc/<str:provider_id>/login/callback/",
        openid_connect.callback,
        name="openid_connect_callback",
    ),
]
