# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""The part of msgpack that Fluvius speaks: pack() and unpack(), both strict. Values are None, bool, int, float, str, bytes,
list and dict with str keys; anything else, on the way out or in, is a BadMessage."""
import math
import struct

DEPTH_MAX = 32
ENTRIES_MAX = 1024


class BadMessage(ValueError):
    """Bytes that are no message, or a value that cannot become one. `code` is the protocol's word for it."""

    def __init__(self, code, text):
        super().__init__(f"{code}: {text}")
        self.code = code


# ---- writing ----

def pack(value, ordered=False):
    """The shortest bytes for a value; ordered: with each map's keys sorted, as the payload hash wants them."""
    out = bytearray()
    _write(out, value, ordered, DEPTH_MAX)
    return bytes(out)


def _write(out, value, ordered, levels):
    if value is None or value is False or value is True:
        out.append({None: 0xC0, False: 0xC2, True: 0xC3}[value])
    elif isinstance(value, int):
        out += _integer(value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise BadMessage("bad_number", repr(value))
        out += struct.pack(">Bd", 0xCB, value)
    elif isinstance(value, str):
        raw = _utf8(value)
        out += _head(len(raw), ((0xA0, 31), 0xD9, 0xDA, 0xDB)) + raw
    elif isinstance(value, (bytes, bytearray)):
        out += _head(len(value), (None, 0xC4, 0xC5, 0xC6)) + value
    elif isinstance(value, (list, tuple, dict)):
        _write_container(out, value, ordered, levels)
    else:
        raise BadMessage("bad_type", type(value).__name__)


def _write_container(out, value, ordered, levels):
    if levels == 0:
        raise BadMessage("too_deep", f"more than {DEPTH_MAX} levels")
    if not isinstance(value, dict):
        out += _head(len(value), ((0x90, 15), None, 0xDC, 0xDD))
        for item in value:
            _write(out, item, ordered, levels - 1)
        return
    if len(value) > ENTRIES_MAX:
        raise BadMessage("too_long", f"a map of {len(value)} entries")
    out += _head(len(value), ((0x80, 15), None, 0xDE, 0xDF))
    for key in sorted(value, key=_key_bytes) if ordered else value:
        _key_bytes(key)
        _write(out, key, ordered, levels - 1)
        _write(out, value[key], ordered, levels - 1)


def _key_bytes(key):
    if not isinstance(key, str):
        raise BadMessage("bad_type", f"a key is text, not {key!r}")
    return _utf8(key)


def _utf8(text):
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise BadMessage("bad_utf8", str(error)) from None


def _head(length, heads):
    small, *large = heads
    if small and length <= small[1]:
        return bytes([small[0] | length])
    for byte, width in zip(large, (1, 2, 4)):
        if byte and length < 1 << 8 * width:
            return bytes([byte]) + length.to_bytes(width, "big")
    raise BadMessage("too_long", f"a length of {length}")


def _integer(value):
    if -32 <= value < 128:
        return struct.pack(">b", value)
    for power in range(4):
        bits = 8 << power
        if value >= 0 and value < 1 << bits:
            return bytes([0xCC + power]) + value.to_bytes(bits // 8, "big")
        if value < 0 and value >= -1 << bits - 1:
            return bytes([0xD0 + power]) + value.to_bytes(bits // 8, "big", signed=True)
    raise BadMessage("bad_number", f"{value} has more than 64 bits")


# ---- reading ----

def unpack(data):
    """The one value that is exactly these bytes."""
    reader = _Reader(bytes(data))
    value = reader.value(DEPTH_MAX)
    if reader.at != len(reader.data):
        raise BadMessage("trailing_bytes", f"{len(reader.data) - reader.at} bytes behind the value")
    return value


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if count > len(self.data) - self.at:
            raise BadMessage("truncated", f"{count} bytes wanted at {self.at}, {len(self.data) - self.at} are left")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, width, signed=False):
        return int.from_bytes(self.take(width), "big", signed=signed)

    def value(self, levels):
        head = self.take(1)[0]
        if head < 0x80 or head >= 0xE0:
            return head if head < 0x80 else head - 0x100
        if head < 0x90:
            return self.map(head & 15, levels)
        if head < 0xA0:
            return self.array(head & 15, levels)
        if head < 0xC0:
            return self.text(head & 31)
        return self.long_form(head, levels)

    def long_form(self, head, levels):
        if head in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[head]
        if 0xC4 <= head <= 0xC6:
            return self.take(self.number(1 << head - 0xC4))
        if 0xCA <= head <= 0xCB:
            return self.double(head)
        if 0xCC <= head <= 0xCF:
            return self.number(1 << head - 0xCC)
        if 0xD0 <= head <= 0xD3:
            return self.number(1 << head - 0xD0, signed=True)
        if 0xD9 <= head <= 0xDB:
            return self.text(self.number(1 << head - 0xD9))
        if 0xDC <= head <= 0xDD:
            return self.array(self.number(2 << head - 0xDC), levels)
        if 0xDE <= head <= 0xDF:
            return self.map(self.number(2 << head - 0xDE), levels)
        raise BadMessage("bad_type", f"the byte {head:02x}")

    def double(self, head):
        value = struct.unpack(">f" if head == 0xCA else ">d", self.take(4 if head == 0xCA else 8))[0]
        if not math.isfinite(value):
            raise BadMessage("bad_number", repr(value))
        return value

    def text(self, length):
        try:
            return self.take(length).decode()
        except UnicodeDecodeError as error:
            raise BadMessage("bad_utf8", str(error)) from None

    def enter(self, count, each, levels):
        """A count is believed only if the bytes left can hold it."""
        if levels == 0:
            raise BadMessage("too_deep", f"more than {DEPTH_MAX} levels")
        if count * each > len(self.data) - self.at:
            raise BadMessage("truncated", f"a count of {count} with {len(self.data) - self.at} bytes left")

    def array(self, count, levels):
        self.enter(count, 1, levels)
        return [self.value(levels - 1) for _ in range(count)]

    def map(self, count, levels):
        if count > ENTRIES_MAX:
            raise BadMessage("too_long", f"a map of {count} entries")
        self.enter(count, 2, levels)
        found = {}
        for _ in range(count):
            key = self.value(levels - 1)
            if not isinstance(key, str):
                raise BadMessage("bad_type", f"a key is text, not {key!r}")
            if key in found:
                raise BadMessage("duplicate_key", key)
            found[key] = self.value(levels - 1)
        return found
