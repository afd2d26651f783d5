"""Deltas from one text to another, in the format of the Fossil version control system.

    9U                          the size of the target, then a line break
    15@0,3:new41@17,            copy 71 bytes from offset 0; insert three; copy 257 from offset 71
    1kZ~3~;                     the checksum of the target

Numbers are in base 64. SDKs of the client protocol apply these (fossil-scm.org, "Fossil Delta Format").
"""

import struct

BLOCK = 16
"""The shortest piece of the source that is recognised in the target."""
MAX_BYTES = 32 * 1024
MAX_MISSES = 2048
"""After this many places of the target without a match, the rest is not searched."""

_DIGITS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~"


def diff(source: bytes, target: bytes) -> bytes | None:
    """The delta that turns the source into the target. None if it would be no shorter than the target.

    Both are UTF-8 text, and so is the delta: it cuts no character in two. Takes about a millisecond at most.
    """
    if not BLOCK <= len(source) <= MAX_BYTES or not BLOCK <= len(target) <= MAX_BYTES:
        return None
    delta = bytearray(_number(len(target)) + b"\n")
    done = 0
    for begin, end, offset in _copies(source, target):
        if begin > done:
            delta += b"%b:%b" % (_number(begin - done), target[done:begin])
        delta += b"%b@%b," % (_number(end - begin), _number(offset))
        if len(delta) >= len(target):
            return None
        done = end
    if done == 0:
        return None
    if done < len(target):
        delta += b"%b:%b" % (_number(len(target) - done), target[done:])
    delta += _number(_checksum(target)) + b";"
    return bytes(delta) if len(delta) < len(target) else None


def _copies(source: bytes, target: bytes) -> list[tuple[int, int, int]]:
    """The pieces of the target that the source contains, in order: begin, end, and their offset in the source."""
    blocks: dict[bytes, int] = {}
    for offset in range(0, len(source) - BLOCK + 1, BLOCK):
        blocks.setdefault(source[offset : offset + BLOCK], offset)
    copies = []
    at = done = misses = 0
    while at <= len(target) - BLOCK and misses < MAX_MISSES:
        offset = blocks.get(target[at : at + BLOCK], -1)
        if offset < 0:
            at += 1
            misses += 1
            continue
        begin = at
        while begin > done and offset > 0 and target[begin - 1] == source[offset - 1]:
            begin -= 1
            offset -= 1
        end = begin + _common(source, offset, target, begin)
        whole_begin, whole_end = _whole_characters(target, begin, end)
        if whole_end - whole_begin < BLOCK:
            at += 1
            misses += 1
            continue
        copies.append((whole_begin, whole_end, offset + whole_begin - begin))
        at = done = whole_end
    return copies


def _common(source: bytes, offset: int, target: bytes, begin: int) -> int:
    """How many bytes are equal from here on."""
    most = min(len(source) - offset, len(target) - begin)
    same, step = 0, 512
    while same < most:
        if source[offset + same : offset + same + step] == target[begin + same : begin + same + step]:
            same = min(same + step, most)
        elif step == 1:
            break
        else:
            step = max(step // 8, 1)
    return same


def _whole_characters(text: bytes, begin: int, end: int) -> tuple[int, int]:
    """The piece without partial characters at its ends. Continuation bytes of UTF-8 begin with the bits 10."""
    while begin < end and text[begin] & 0xC0 == 0x80:
        begin += 1
    while end > begin and end < len(text) and text[end] & 0xC0 == 0x80:
        end -= 1
    return begin, end


def _checksum(text: bytes) -> int:
    """The sum of its big-endian words of four bytes, the last one padded with zeros."""
    padded = text + bytes(-len(text) % 4)
    words: tuple[int, ...] = struct.unpack(f">{len(padded) // 4}I", padded)
    return sum(words) & 0xFFFFFFFF


def _number(value: int) -> bytes:
    digits = bytearray()
    while True:
        digits.append(_DIGITS[value & 63])
        value >>= 6
        if not value:
            digits.reverse()
            return bytes(digits)
