# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
"""XXH3 in 64 and 128 bits with seed 0, as the xxHash specification has it; whole inputs only. For short keys: it is slow."""

_SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221"
    "b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb"
    "170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e")
_P32_1, _P32_2, _P32_3 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
_P64_1, _P64_2, _P64_3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P64_4, _P64_5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
_MX1, _MX2 = 0x165667919E3779F9, 0x9FB21C651E98DF25
_M32, _M64 = (1 << 32) - 1, (1 << 64) - 1
_STRIPE, _BLOCK = 64, 1024  # a block is as many stripes as the secret has steps of 8


def xxh3_64(data):
    size = len(data)
    if size <= 16:
        return _short_64(data, size)
    if size <= 128:
        acc = size * _P64_1
        for at in reversed(range(0, (size - 1) // 32 * 16 + 16, 16)):
            acc += _mix(data, at, 2 * at) + _mix(data, size - 16 - at, 2 * at + 16)
        return _avalanche(acc & _M64)
    if size <= 240:
        acc = _avalanche(size * _P64_1 + sum(_mix(data, at, at) for at in range(0, 128, 16)) & _M64)
        acc += sum(_mix(data, at, at - 125) for at in range(128, size // 16 * 16, 16))
        return _avalanche(acc + _mix(data, size - 16, 119) & _M64)
    return _merge(_accumulate(data, size), 11, size * _P64_1)


def xxh3_128(data):
    """The canonical 16 bytes: high half first, each big-endian."""
    low, high = _halves_128(data, len(data))
    return (high << 64 | low).to_bytes(16, "big")


def _halves_128(data, size):
    if size <= 16:
        return _short_128(data, size)
    if size > 240:
        acc = _accumulate(data, size)
        return _merge(acc, 11, size * _P64_1), _merge(acc, 117, ~(size * _P64_2))
    pair = size * _P64_1 & _M64, 0
    if size <= 128:
        for at in reversed(range(0, (size - 1) // 32 * 16 + 16, 16)):
            pair = _mix_pair(pair, data, at, size - 16 - at, 2 * at)
    else:
        for at in range(0, 128, 32):
            pair = _mix_pair(pair, data, at, at + 16, at)
        pair = _avalanche(pair[0]), _avalanche(pair[1])
        for at in range(128, size // 32 * 32, 32):
            pair = _mix_pair(pair, data, at, at + 16, at - 125)
        pair = _mix_pair(pair, data, size - 16, size - 32, 103)
    low, high = pair
    mixed = low * _P64_1 + high * _P64_4 + size * _P64_2
    return _avalanche(low + high & _M64), -_avalanche(mixed & _M64) & _M64


# ---- up to 16 bytes ----

def _short_64(data, size):
    if size == 0:
        return _avalanche_64(_key(56) ^ _key(64))
    if size <= 3:
        return _avalanche_64(_spread(data, size) ^ _read32(_SECRET, 0) ^ _read32(_SECRET, 4))
    if size <= 8:
        keyed = _read32(data, size - 4) + (_read32(data, 0) << 32) ^ _key(8) ^ _key(16)
        keyed ^= _rotate(keyed, 49, 64) ^ _rotate(keyed, 24, 64)
        keyed = keyed * _MX2 & _M64
        keyed = (keyed ^ (keyed >> 35) + size) * _MX2 & _M64
        return keyed ^ keyed >> 28
    low = _read64(data, 0) ^ _key(24) ^ _key(32)
    high = _read64(data, size - 8) ^ _key(40) ^ _key(48)
    return _avalanche(size + _swap(low, 8) + high + _fold(low, high) & _M64)


def _short_128(data, size):
    if size == 0:
        return _avalanche_64(_key(64) ^ _key(72)), _avalanche_64(_key(80) ^ _key(88))
    if size <= 3:
        low = _spread(data, size)
        high = _rotate(_swap(low, 4), 13, 32)
        return (_avalanche_64(low ^ _read32(_SECRET, 0) ^ _read32(_SECRET, 4)),
                _avalanche_64(high ^ _read32(_SECRET, 8) ^ _read32(_SECRET, 12)))
    if size <= 8:
        keyed = _read32(data, 0) + (_read32(data, size - 4) << 32) ^ _key(16) ^ _key(24)
        low, high = _split(keyed * (_P64_1 + 4 * size & _M64))
        high = high + (low << 1) & _M64
        low ^= high >> 3
        low = (low ^ low >> 35) * _MX2 & _M64
        return low ^ low >> 28, _avalanche(high)
    high = _read64(data, size - 8)
    low, carry = _split((_read64(data, 0) ^ high ^ _key(32) ^ _key(40)) * _P64_1)
    low = low + (size - 1 << 54) & _M64
    high ^= _key(48) ^ _key(56)
    carry = carry + high + (high & _M32) * (_P32_2 - 1) & _M64
    low, high = _split((low ^ _swap(carry, 8)) * _P64_2)
    return _avalanche(low), _avalanche(high + carry * _P64_2 & _M64)


def _spread(data, size):
    return data[0] << 16 | data[size >> 1] << 24 | data[size - 1] | size << 8


# ---- more than 240 bytes ----

def _accumulate(data, size):
    acc = [_P32_3, _P64_1, _P64_2, _P64_3, _P64_4, _P32_2, _P64_5, _P32_1]
    for at in range(0, size - 1 - (size - 1) % _STRIPE, _STRIPE):
        if at and at % _BLOCK == 0:
            acc = _scramble(acc)
        _stripe(acc, data, at, at % _BLOCK // 8)
    if (size - 1) % _BLOCK < _STRIPE:
        acc = _scramble(acc)
    _stripe(acc, data, size - _STRIPE, 121)
    return acc


def _scramble(acc):
    return [(lane ^ lane >> 47 ^ _key(128 + 8 * n)) * _P32_1 & _M64 for n, lane in enumerate(acc)]


def _stripe(acc, data, at, key):
    for n in range(8):
        value = _read64(data, at + 8 * n)
        keyed = value ^ _key(key + 8 * n)
        acc[n ^ 1] = acc[n ^ 1] + value & _M64
        acc[n] = acc[n] + (keyed & _M32) * (keyed >> 32) & _M64


def _merge(acc, key, start):
    for n in range(0, 8, 2):
        start += _fold(acc[n] ^ _key(key + 8 * n), acc[n + 1] ^ _key(key + 8 * n + 8))
    return _avalanche(start & _M64)


# ---- pieces ----

def _read32(data, at):
    return int.from_bytes(data[at:at + 4], "little")


def _read64(data, at):
    return int.from_bytes(data[at:at + 8], "little")


def _key(at):
    return _read64(_SECRET, at)


def _swap(value, width):
    return int.from_bytes(value.to_bytes(width, "little"), "big")


def _rotate(value, by, bits):
    return (value << by | value >> bits - by) & (1 << bits) - 1


def _split(product):
    return product & _M64, product >> 64


def _fold(left, right):
    low, high = _split(left * right)
    return low ^ high


def _mix(data, at, key):
    return _fold(_read64(data, at) ^ _key(key), _read64(data, at + 8) ^ _key(key + 8))


def _mix_pair(pair, data, first, second, key):
    low = pair[0] + _mix(data, first, key) & _M64
    high = pair[1] + _mix(data, second, key + 16) & _M64
    return (low ^ _read64(data, second) + _read64(data, second + 8) & _M64,
            high ^ _read64(data, first) + _read64(data, first + 8) & _M64)


def _avalanche(value):
    value = (value ^ value >> 37) * _MX1 & _M64
    return value ^ value >> 32


def _avalanche_64(value):
    value = (value ^ value >> 33) * _P64_2 & _M64
    value = (value ^ value >> 29) * _P64_3 & _M64
    return value ^ value >> 32
