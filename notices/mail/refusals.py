"""Whether a refusal proves that a mailbox is not there. Without a proof nobody is suppressed.

A relay that is set up wrongly refuses every receiver, with the same codes. So a code counts that is
about the mailbox alone, or a bare one whose words are about nothing else.
"""

import re

_ABOUT_THE_MAILBOX = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""Enhanced codes (RFC 3463, 7505): no such mailbox or domain, bad syntax, moved, disabled."""

_BARE = frozenset({550, 551, 553})
"""Codes of SMTP (RFC 5321) that a server without enhanced ones gives for an unknown mailbox."""

_ABOUT_THE_SESSION = frozenset({530, 554})
"""Codes that a server refuses everybody with: log in first, and no service at all."""

UNSPECIFIED = "5.0.0"
"""The status of a refusal whose server gave a bare code."""

_ENHANCED = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?!\.?\d)")
"""An enhanced code anywhere in the text, but no part of an IP address or a version."""

_OTHER_CAUSES = re.compile(
    # Of the way, of us, and of what we send.
    r"relay|auth|rcpthosts|spam|junk|polic|block|reputation|black|\blist|\brbl\b|dnsbl|bann?ed"
    r"|\bspf\b|\bdkim\b|\bdmarc\b|\bptr\b|\bdns\b|reverse|helo\b|\btls\b|log.?in|sender|client"
    r"|\bip\b|\bhost|denied|permi|content|virus|message"
    # Of the moment.
    r"|quota|\bfull\b|storage|temporar|later|gr[ae]y|\brate\b|too many|limit",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"\S+@\S+")
_CODE = re.compile(r"\s*(\d{3})\b")


def is_of_the_address(code: int, said: str) -> bool:
    """Says whether an answer to RCPT means that the mailbox is not there.

    `code` is that of SMTP, `said` the text after it, with its enhanced code if it has one. Never
    ask of an answer to another command.
    """
    if not 500 <= code <= 599 or code in _ABOUT_THE_SESSION:
        return False
    if found := _enhanced(said):
        return _ABOUT_THE_MAILBOX.issuperset(found)
    return code in _BARE and _names_no_other_cause(said)


def is_of_the_mailbox(status: str, said: str) -> bool:
    """Says whether a delivery status notification means that the mailbox is not there.

    `status` is its enhanced code, `said` the answer of the server that refused. A bare code alone
    is no proof there: it may have been the answer to another command.
    """
    code = _CODE.match(said)
    if code is not None and int(code[1]) in _ABOUT_THE_SESSION:
        return False
    found = _enhanced(said)
    if status == UNSPECIFIED:
        return bool(found) and _ABOUT_THE_MAILBOX.issuperset(found)
    # Some servers make 5.1.1 of each bare 550. Then the words decide.
    return status in _ABOUT_THE_MAILBOX and (
        _ABOUT_THE_MAILBOX.issuperset(found) if found else _names_no_other_cause(said)
    )


def _enhanced(said: str) -> list[str]:
    return _ENHANCED.findall(_ADDRESS.sub(" ", said))


def _names_no_other_cause(said: str) -> bool:
    return _OTHER_CAUSES.search(_ADDRESS.sub(" ", said)) is None
