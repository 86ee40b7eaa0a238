"""Whose request it is: every form in which proxies write an address, and what may be believed."""

from ipaddress import ip_address

import pytest
from django.test import RequestFactory
from pytest_django.fixtures import Settings

from guests.addresses import address_of, client, origin_of, read

PEER = "10.0.0.1"


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("  198.51.100.7\t", "198.51.100.7"),
        ("198.51.100.7:49152", "198.51.100.7"),
        ("198.51.100.7:", "198.51.100.7"),
        ('"198.51.100.7"', "198.51.100.7"),
        ("2001:db8:1:2::7", "2001:db8:1:2::7"),
        ("[2001:db8:1:2::7]", "2001:db8:1:2::7"),
        ("[2001:db8:1:2::7]:49152", "2001:db8:1:2::7"),
        ('"[2001:db8:1:2::7]:49152"', "2001:db8:1:2::7"),
        ("2001:DB8:1:2::7", "2001:db8:1:2::7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("[::ffff:198.51.100.7]:80", "198.51.100.7"),
        ("fe80::7%eth0", "fe80::7%eth0"),
    ],
)
def test_an_address_is_read_in_every_form_that_proxies_write(written: str, address: str) -> None:
    assert read(written) == ip_address(address)


@pytest.mark.parametrize(
    "written",
    [
        *("", " ", "-", "unknown", "unix:", "unix:/run/x.sock", "_hidden", "a.example:80"),
        *("10.0.0", "010.0.0.1", "1.2.3.4:http", "1.2.3.4\x00", "１.2.3.4"),
        *("[1", "[]", "[]:80", "2001:db8::1::2"),
    ],
)
def test_what_is_no_address_is_read_as_none(written: str) -> None:
    assert read(written) is None


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        # Nobody is trusted: whatever is sent, the peer counts.
        (0, "", PEER),
        (0, "198.51.100.7", PEER),
        # One proxy: the entry that it appended, and nothing to the left of it.
        (1, "198.51.100.7", "198.51.100.7"),
        (1, "6.6.6.6, 198.51.100.7", "198.51.100.7"),
        (1, "6.6.6.6,,unknown, 198.51.100.7:8080", "198.51.100.7"),
        (1, "6.6.6.6,[2001:db8:1:2::7]:80", "2001:db8:1:2::7"),
        # Two: counted from the right.
        (2, "6.6.6.6, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        # No entry, or none that is an address: the peer, never somebody further left.
        (1, "", PEER),
        (1, "unknown", PEER),
        (1, "6.6.6.6, unknown", PEER),
        (1, "6.6.6.6,", PEER),
        (2, "198.51.100.7", PEER),
        (2, "unix:, 10.0.0.2", PEER),
    ],
)
def test_only_what_trusted_proxies_wrote_is_believed(
    settings: Settings, proxies: int, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert client(PEER, forwarded) == ip_address(address)


def test_several_headers_count_as_one_list(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 2
    # Servers join repeated headers by commas, as RFC 9110 has it.
    asked = RequestFactory().get("/", headers={"X-Forwarded-For": "6.6.6.6,198.51.100.7,10.0.0.2"})
    assert address_of(asked) == "198.51.100.7"


@pytest.mark.parametrize("forwarded", ["unknown", "", "-", ","])
def test_two_peers_whose_proxies_tell_nothing_are_told_apart(
    settings: Settings, forwarded: str
) -> None:
    settings.TRUSTED_PROXIES = 1
    one, other = (
        RequestFactory().get("/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR=peer)
        for peer in (PEER, "10.0.0.2")
    )
    assert address_of(one) != address_of(other)
    assert origin_of(one) != origin_of(other)


def test_limits_count_an_ipv6_customer_by_the_64_bits_they_are_given(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    written = ("2001:db8:1:2::7", "[2001:db8:1:2:ffff::1]:80", "2001:db8:1:3::7")
    asked = [RequestFactory().get("/", headers={"X-Forwarded-For": one}) for one in written]
    assert [address_of(one) for one in asked] == [
        "2001:db8:1:2::/64",
        "2001:db8:1:2::/64",
        "2001:db8:1:3::/64",
    ]


def test_a_peer_on_a_unix_socket_is_this_machine(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 0
    assert address_of(RequestFactory().get("/", REMOTE_ADDR="")) == "127.0.0.1"
