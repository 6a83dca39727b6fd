import json
from typing import Any

import pytest
from helpers.shared import shared
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import Misconfigured
from bus.signature import TOLERANCE, secret, sign, verify


def vectors() -> list[dict[str, Any]]:
    found = json.loads(shared("data/webhooks/signature_vectors.json").read_text("utf-8"))["standard_webhooks"][
        "vectors"
    ]
    return [vector for vector in found if vector["algorithm"] == "hmac-sha256"]


def test_the_published_vectors_are_signed_and_verified() -> None:
    found = vectors()
    assert len(found) >= 3
    for vector in found:
        key, body = secret(vector["secret"]), vector["body"].encode()
        headers = (vector["id"], str(vector["timestamp"]), vector["expected"])

        assert sign(key, vector["id"], vector["timestamp"], body) == vector["expected"]
        assert verify([key], headers, body, now=vector["timestamp"])
        assert not verify([key], headers, body + b" ", now=vector["timestamp"])


def test_unpadded_secrets_decode_to_the_published_length() -> None:
    for vector in vectors():
        if "decoded_bytes" in vector:
            assert len(secret(vector["secret"])) == vector["decoded_bytes"]
            assert secret("whsec_" + vector["secret"].removeprefix("whsec_")) == secret(vector["secret"])


KEY = b"k" * 32


@given(st.binary(max_size=200), st.integers(0, 2**33), st.integers(-TOLERANCE, TOLERANCE))
def test_what_is_signed_verifies_within_five_minutes(body: bytes, at: int, drift: int) -> None:
    headers = ("id", str(at), sign(KEY, "id", at, body))

    assert verify([b"other", KEY], headers, body, now=at + drift)


@pytest.mark.parametrize("drift", [-TOLERANCE - 1, TOLERANCE + 1])
def test_an_old_or_future_signature_is_refused(drift: int) -> None:
    headers = ("id", "1000000", sign(KEY, "id", 1_000_000, b"x"))

    assert not verify([KEY], headers, b"x", now=1_000_000 + drift)


@pytest.mark.parametrize("timestamp", ["", "abc", "1e6", "²", "-5"])
def test_a_timestamp_that_is_no_number_is_refused(timestamp: str) -> None:
    assert not verify([KEY], ("id", timestamp, "v1,AAAA"), b"x", now=0)


def test_during_a_rotation_either_key_is_enough() -> None:
    both = f"{sign(b'new' * 10, 'id', 5, b'x')} v1a,AAAA {sign(KEY, 'id', 5, b'x')}"

    assert verify([KEY], ("id", "5", both), b"x", now=5)
    assert not verify([b"third" * 5], ("id", "5", both), b"x", now=5)


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_é", "whsec_a b c"])
def test_a_secret_that_is_none_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        secret(text)

    assert text.removeprefix("whsec_") in ("", " ") or text.removeprefix("whsec_") not in str(refused.value)
