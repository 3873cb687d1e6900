"""Protobuf's wire format, as far as an ONNX file needs it: fields of whole numbers and of bytes.

By hand, because a model must be read and judged where nothing but numpy and onnxruntime is installed, and because a
reader that knows these few kinds of fields has nothing that a file could lead elsewhere.
See https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from collections.abc import Iterator

_NUMBER, _BYTES = 0, 2
_LONGEST_NUMBER = 10  # bytes, of 64 bits


def field(number: int, value: int | str | bytes) -> bytes:
    """One field of a message; a text is written as UTF-8."""
    if isinstance(value, int):
        return _varint(number << 3 | _NUMBER) + _varint(value & (1 << 64) - 1)
    return start(number, len(content := value.encode() if isinstance(value, str) else value)) + content


def start(number: int, size: int) -> bytes:
    """What stands before so many bytes of a field."""
    return _varint(number << 3 | _BYTES) + _varint(size)


def fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The fields of a message, in its order: number, and the whole number or the bytes.

    Raises:
        ValueError: it is cut short, or has a field of another kind.
    """
    place = 0
    while place < len(message):
        key, place = _read_varint(message, place)
        number, kind = key >> 3, key & 7
        if kind == _NUMBER:
            value, place = _read_varint(message, place)
            yield number, value
        elif kind == _BYTES:
            size, place = _read_varint(message, place)
            if size > len(message) - place:
                raise ValueError("it is cut short")
            yield number, message[place : place + size]
            place += size
        else:
            raise ValueError(f"field {number} is of a kind that has no place there")


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def _read_varint(message: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for count, byte in enumerate(message[place : place + _LONGEST_NUMBER]):
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return value, place + count + 1
    raise ValueError("it is cut short, or holds a number of more than 64 bits")
