from __future__ import annotations

import pytest

from ner.integrations.onnx.wire import field, fields


def read(message: bytes) -> list[tuple[int, int | bytes]]:
    return [
        (number, value if isinstance(value, int) else bytes(value)) for number, value in fields(memoryview(message))
    ]


def test_the_examples_of_the_specification() -> None:
    assert field(1, 150) == bytes.fromhex("089601")
    assert field(2, "testing") == bytes.fromhex("120774657374696e67")
    assert read(bytes.fromhex("089601120774657374696e67")) == [(1, 150), (2, b"testing")]
    assert field(3, -2) == bytes.fromhex("18feffffffffffffffff01")  # two's complement of 64 bits


@pytest.mark.parametrize("value", [0, 1, 127, 128, 2**31, 2**63, 2**64 - 1, b"", "ß", b"x" * 300])
def test_what_is_written_is_read(value: int | str | bytes) -> None:
    expected = value.encode() if isinstance(value, str) else value
    assert read(field(5, value) + field(4000, 7)) == [(5, expected), (4000, 7)]


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (b"\x08", "cut short"),
        (b"\x08" + b"\xff" * 10 + b"\x01", "more than 64 bits"),
        (b"\x12\x05abc", "cut short"),
        (b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "cut short"),
        (b"\x0b", "field 1 is of a kind"),  # a group
        (b"\x0d\x00\x00\x00\x00", "field 1 is of a kind"),  # four bytes
    ],
)
def test_what_is_no_message_is_refused(message: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read(message)
