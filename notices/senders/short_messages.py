"""The senders of text messages and of messages in Google Chat."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils.translation import override

from notices import outbound_http, short_texts, suppressions
from notices.channels import RETRY, Report, Result
from notices.letters import receivers
from notices.models import Delivery
from notices.models.delivery import Channel, Outcome
from notices.outbound_http import Blocked, NoAnswer, Outbound, Reachable
from notices.senders import message_files, provider_requests, segments
from notices.senders.provider_requests import ProviderRequest

log = logging.getLogger(__name__)

SILENCE = timedelta(seconds=8)
"""How long a provider may be silent."""
_ANYWHERE = ("0.0.0.0/0", "::/0")
"""The operator names the provider, which may be a modem in the next room."""
_MARKS = str.maketrans({"<": "‹", ">": "›", "*": "∗", "_": "＿", "~": "∼", "`": "ˋ", "|": "¦"})
_MINUTE = timedelta(minutes=1)

Message = tuple[str, str]
"""The receiver, and the text."""


def harmless(value: str) -> str:
    """Returns a value without the marks of chat: `<https://…|click>` would become a link."""
    return " ".join(value.translate(_MARKS).split())


class ShortMessages:
    """Sends messages by one request each. Subclasses say to whom, and how."""

    pauses: Sequence[timedelta] = (timedelta(0), _MINUTE, 5 * _MINUTE, 30 * _MINUTE, 120 * _MINUTE)

    def quota(self, lane: str) -> int:
        """Returns how many of a lane may be tried at once."""
        return 16

    async def send(self, deliveries: Sequence[Delivery], report: Report) -> None:
        """Tries each once. Texts are written first, from the facts of this moment."""
        messages: list[tuple[Delivery, Message]] = []
        for each in deliveries:
            found = await sync_to_async(self._composed)(each)
            if isinstance(found, Result):
                await _noted(each, found, report)
            else:
                messages.append((each, found))
        if self.writes_files():
            for each, message in messages:
                await _noted(each, await sync_to_async(_filed)(each, message), report)
            return
        async with outbound_http.client(self.reachable(), silence=SILENCE) as client:
            await asyncio.gather(*(self._one(client, each, to, report) for each, to in messages))

    def message(self, delivery: Delivery) -> Message | Result:
        """Returns whom to tell what, or the result where nothing is to be told."""
        raise NotImplementedError

    def writes_files(self) -> bool:
        """Says whether messages are written to files."""
        raise NotImplementedError

    def reachable(self) -> Reachable:
        """Returns where requests may go."""
        raise NotImplementedError

    def request(self, message: Message) -> ProviderRequest:
        """Returns the request that sends a message."""
        raise NotImplementedError

    def provider(self) -> Mapping[str, Any]:
        """Returns how answers are read, as settings describe it."""
        raise NotImplementedError

    def _composed(self, delivery: Delivery) -> Message | Result:
        try:
            return self.message(delivery)
        except Exception as fault:
            # One message that cannot be written must not hold the others back.
            log.exception("Message %s could not be written", delivery.pk)
            return _unwritten(fault)

    async def _one(
        self, client: Outbound, delivery: Delivery, message: Message, report: Report
    ) -> None:
        begun = time.monotonic()
        try:
            request = self.request(message)
        except Exception as fault:
            log.exception("The request of message %s could not be made", delivery.pk)
            result = _unwritten(fault)
        else:
            result = await self._asked(client, delivery, request)
        took = round((time.monotonic() - begun) * 1000)
        await _noted(delivery, replace(result, took_ms=took), report)

    async def _asked(
        self, client: Outbound, delivery: Delivery, request: ProviderRequest
    ) -> Result:
        try:
            answer = await client.post(
                request.url, content=request.content, headers=request.headers
            )
            return provider_requests.read(self.provider(), answer)
        except Blocked as refusal:
            return Result(outcome=Outcome.FAILED, detail=str(refusal))
        except NoAnswer as fault:
            return _unanswered(fault)
        except Exception as fault:
            log.exception("What came of message %s is not known", delivery.pk)
            reason = f"{type(fault).__name__}; it may have arrived"
            return Result(outcome=Outcome.FAILED, detail=reason)


class TextMessages(ShortMessages):
    """Sends text messages through the provider of the setting SMS, cut at three segments."""

    def message(self, delivery: Delivery) -> Message | Result:
        """Returns the number and the text, or why none is sent."""
        if settings.SMS is None and not settings.SMS_TO_FILES:
            return Result(outcome=Outcome.FAILED, detail="no provider: set SMS")
        receivers.follow(delivery)
        reason = suppressions.reason_of(Channel.SMS, delivery.to)
        if reason or not delivery.to:
            return Result(outcome=Outcome.SUPPRESSED, detail=reason or "no number")
        text = _written(delivery, str)
        return (delivery.to, segments.cut(text)) if text else _nothing()

    def writes_files(self) -> bool:
        """Says whether there is no provider and the installation is embedded."""
        return bool(settings.SMS_TO_FILES)

    def reachable(self) -> Reachable:
        """Returns everywhere: the operator names the provider."""
        return Reachable(allow=_ANYWHERE)

    def request(self, message: Message) -> ProviderRequest:
        """Returns the request that settings describe, filled."""
        to, text = message
        values = {
            "to": to,
            "digits": to.removeprefix("+"),
            "text": text,
            "encoding": "text" if segments.is_plain(text) else "unicode",
        }
        return provider_requests.make(self.provider(), values)

    def provider(self) -> Mapping[str, Any]:
        """Returns the setting SMS."""
        found: Mapping[str, Any] = settings.SMS or {}
        return found


class ChatMessages(ShortMessages):
    """Sends to the webhook that a person keeps for their space of Google Chat."""

    def quota(self, lane: str) -> int:
        """Returns one: Google Chat takes one message a second for each space."""
        return 1

    def message(self, delivery: Delivery) -> Message | Result:
        """Returns the person's webhook and the text, or why none is sent."""
        receivers.follow(delivery)
        user = delivery.user
        if user is None or not user.chat_url:
            return Result(outcome=Outcome.DROPPED, detail="no chat")
        text = _written(delivery, harmless)
        if not text:
            return _nothing()
        # A file has no key to the space.
        return ("a space of Google Chat" if self.writes_files() else user.chat_url), text

    def writes_files(self) -> bool:
        """Says whether the installation is embedded and names no hosts of its own."""
        return bool(settings.CHAT_TO_FILES)

    def reachable(self) -> Reachable:
        """Returns the hosts of Google Chat, and what tests and trials allow."""
        return Reachable(hosts=tuple(settings.CHAT_HOSTS), allow=tuple(settings.WEBHOOK_ALLOW))

    def request(self, message: Message) -> ProviderRequest:
        """Returns the request of Google Chat's webhooks."""
        url, text = message
        headers = {"content-type": "application/json; charset=UTF-8"}
        content = json.dumps({"text": text}).encode()
        return ProviderRequest(url=url, content=content, headers=headers)

    def provider(self) -> Mapping[str, Any]:
        """Returns what Google Chat answers."""
        return {"ok": [200], "id": "name"}


def _written(delivery: Delivery, escape: Callable[[str], str]) -> str | None:
    with override(delivery.language or settings.LANGUAGE_CODE):
        return short_texts.write(delivery, escape)


def _filed(delivery: Delivery, message: Message) -> Result:
    to, text = message
    try:
        message_files.write(delivery, to=to, text=text)
    except Exception as fault:
        log.exception("Message %s could not be written to its file", delivery.pk)
        return _unwritten(fault)
    return Result(outcome=Outcome.SENT)


async def _noted(delivery: Delivery, result: Result, report: Report) -> None:
    try:
        await report(delivery, result)
    except Exception:
        # The others go on. This one is tried again when its claim ends.
        log.exception("What came of message %s could not be recorded", delivery.pk)


def _unwritten(fault: Exception) -> Result:
    return Result(outcome=RETRY, detail=f"could not be written: {type(fault).__name__}")


def _unanswered(fault: NoAnswer) -> Result:
    # A message that may have arrived is not sent again: nobody wants a text three times.
    never_left = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
    if isinstance(fault.__cause__, never_left):
        return Result(outcome=RETRY, detail=str(fault))
    return Result(outcome=Outcome.FAILED, detail=f"{fault}; it may have arrived")


def _nothing() -> Result:
    return Result(outcome=Outcome.DROPPED, detail="nothing to tell any more")
