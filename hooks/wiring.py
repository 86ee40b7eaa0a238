"""Connects hooks to what they serve."""

from hooks import health, letters
from hooks.sender import WebhookSender
from notices import channels
from notices.mail import composers
from notices.models.delivery import Channel

channels.register(Channel.WEBHOOK, WebhookSender())
composers.register(health.SWITCHED_OFF, letters.compose)
