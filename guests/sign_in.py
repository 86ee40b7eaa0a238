"""Connects sign-in providers (OpenID Connect, Google, GitHub) to accounts."""

import logging
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar

import requests
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.utils import user_pk_to_url_str
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.base import AuthProcess
from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.contrib.sites.shortcuts import get_current_site
from django.core.mail import EmailMessage
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseForbidden
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from guests import accounts, audit, own_pages
from guests.addresses import address_of
from guests.credentials import letters
from guests.emails import fold
from guests.models import User
from spelling import texts

PASSWORD_GIVEN = "password_given"  # noqa: S105 - a name, not a secret
"""Set in the state of a connection whose form had the current password."""

_log = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Closes the library's own sign-up form, since sign-up here asks for name and phone."""

    error_messages: ClassVar = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("The e-mail address or the password is wrong."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Always False."""
        return False

    def clean_email(self, email: str) -> str:
        """The address in its stored form."""
        return fold(email)

    def is_safe_url(self, url: str | None) -> bool:
        """Whether somebody may be sent on to it: a page of ours."""
        return own_pages.is_own(url or "")

    def set_password(self, user: User, password: str) -> None:
        """Sets a password on a page, and ends all tokens, since somebody may know the old one."""
        super().set_password(user, password)
        accounts.log_out_everywhere(user)
        audit.note("password.changed", by=f"user:{user.pk}", place=address_of(self.request))
        letters.tell_changed(user.email, letters.PASSWORD, language=user.language)

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """Shows that the account is closed, at the address of the log-in itself."""
        return render(request, "account/account_inactive.html", status=HTTPStatus.FORBIDDEN)

    def render_reset_letter(self, user: User) -> EmailMessage:
        """A letter with the link that sets a new password; asks the database for nothing."""
        key = PasswordResetTokenGenerator().make_token(user)
        link = self.get_reset_password_from_key_url(f"{user_pk_to_url_str(user)}-{key}")
        context = {"password_reset_url": link, "current_site": get_current_site(self.request)}
        letter: EmailMessage = self.render_mail(
            "account/email/password_reset_key", user.email, context
        )
        return letter


class SignInAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Makes a sign-in a new guest, or the account whose address the provider has verified."""

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: SocialAccount) -> str:
        """The page that the connection was begun on."""
        return reverse("web:providers")

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Always True: a sign-in through a provider may create an account."""
        return True

    def get_app(self, *args: Any, **kwargs: Any) -> SocialApp:
        """The settings of a provider. Raises Http404 for one that is not set up."""
        try:
            return super().get_app(*args, **kwargs)
        except SocialApp.DoesNotExist:
            raise Http404 from None

    def get_requests_session(self) -> requests.Session:
        """A session that shows the page for failed sign-ins when a provider does not answer."""
        session = requests.Session()
        session.request = partial(self._ask, session.request)  # type: ignore[method-assign]
        return session

    def _ask(self, send: Any, method: str, url: str, **options: Any) -> requests.Response:
        answer: requests.Response
        try:
            answer = send(method, url, timeout=settings.SOCIALACCOUNT_REQUESTS_TIMEOUT, **options)
            if "/.well-known/" in url or answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                answer.raise_for_status()
                answer.json()
        except requests.RequestException as error:
            _log.warning("A sign-in provider did not answer: %s", error)
            page = render(
                self.request,
                "socialaccount/authentication_error.html",
                status=HTTPStatus.BAD_GATEWAY,
            )
            raise ImmediateHttpResponse(page) from error
        return answer

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: Any) -> User:
        """The unsaved user with address and names in their stored form. Names are cut to fit."""
        user: User = super().populate_user(request, sociallogin, data)
        user.email = fold(user.email)
        user.first_name = _name(user.first_name)
        user.last_name = _name(user.last_name)
        return user

    def authenticate_by_email(self, sociallogin: SocialLogin) -> tuple[User, str] | None:
        """The account with an address that the provider has verified, and that address, or None."""
        for address in sociallogin.email_addresses:
            address.email = fold(address.email)
            # Some providers send the text "false", which Python takes for true.
            address.verified = address.verified is True
        verified = [address.email for address in sociallogin.email_addresses if address.verified]
        user = User.objects.filter(email__in=verified).first()
        return (user, user.email) if user else None

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Gives an account that was found by its verified address to the person who signs in."""
        connecting = sociallogin.state.get("process") == AuthProcess.CONNECT
        if connecting and not sociallogin.state.get(PASSWORD_GIVEN):
            # A session alone, stolen or left open, connects nothing.
            raise ImmediateHttpResponse(HttpResponseForbidden())
        if not connecting and not sociallogin.is_existing:
            _judge_new(request, sociallogin.user)
        found_by_email = sociallogin.is_existing and sociallogin.account.pk is None
        if found_by_email and not connecting:
            accounts.claim(sociallogin.user)


def _judge_new(request: HttpRequest, user: User) -> None:
    """Shows a page of ours where the library would ask for another address in a form of its own."""
    if user.email and not User.objects.filter(email=user.email).exists():
        return
    page = render(request, "socialaccount/not_vouched.html", status=HTTPStatus.CONFLICT)
    raise ImmediateHttpResponse(page)


def _name(raw: str) -> str:
    printable = "".join(letter for letter in texts.clean(raw) if texts.is_printable(letter))
    return printable[: accounts.LONGEST_NAME].strip()
