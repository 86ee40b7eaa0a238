"""Connects notices to what they serve."""

from notices import channels, data_proofs, opt_outs, privacy, short_texts
from notices.exports import jobs, letters
from notices.exports.privacy import Exports
from notices.letters import composition, short_text, withdrawals
from notices.letters.kinds import KINDS, READDRESSED
from notices.mail import composers
from notices.mail.sender import MailSender
from notices.models.delivery import Channel
from notices.scheduled import erasure_notices, evening_words, wording
from notices.senders.short_messages import ChatMessages, TextMessages
from reservations.privacy import rooms

channels.register(Channel.MAIL, MailSender())
channels.register(Channel.SMS, TextMessages())
channels.register(Channel.CHAT, ChatMessages())
composers.register(jobs.DONE, letters.compose)
for kind in KINDS:
    composers.register(kind, composition.compose)
    short_texts.register(kind, short_text.write)
composers.register(READDRESSED, withdrawals.compose)
composers.register(erasure_notices.KIND, erasure_notices.compose)
composers.register(opt_outs.REMINDER, wording.reminder_letter)
composers.register(opt_outs.EVENING, wording.evening_letter)
composers.register(opt_outs.REPORT, wording.report_letter)
short_texts.register(data_proofs.KIND, data_proofs.write)
short_texts.register(opt_outs.REMINDER, wording.reminder_text)
short_texts.register(opt_outs.EVENING, evening_words.write)
rooms.register("deliveries", privacy.Deliveries())
rooms.register("exports", Exports())
