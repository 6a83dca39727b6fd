import pytest

from consumers.connectors.webhook.addresses import is_private, is_public

ANY = "0.0.0.0"  # noqa: S104 - an address to refuse, nothing listens on it


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"],
)
def test_public_addresses_may_be_dialled(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", ANY, "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "::1", "::", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1", "2002:7f00:1::", "2002:a9fe:a9fe::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1",
        "2001:db8::1", "3fff::1", "100::1", "5f00::1", "2001::1", "fec0::1", "not an address", "",
    ],
)  # fmt: skip
def test_addresses_that_nobody_outside_should_make_us_dial_are_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.1", "192.168.0.9", "fd12::1", "::ffff:127.0.0.1"])
def test_private_addresses_are_what_the_local_profile_opens(address: str) -> None:
    assert is_private(address)


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", ANY, "224.0.0.1", "fe80::1", "x"])
def test_the_local_profile_opens_nothing_odder(address: str) -> None:
    assert not is_private(address)
