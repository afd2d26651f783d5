"""The encoding below Yjs messages: numbers, byte strings and texts of variable length (lib0)."""

MAX_NUMBER = 2**53 - 1
"""The largest whole number of JavaScript."""
MAX_NUMBER_BYTES = 8
MAX_INT_BYTES = 10


class BadMessage(ValueError):
    """Bytes that are no message of the protocol."""


class Reader:
    """Reads one message after the other, and never beyond its end. Every method raises BadMessage."""

    __slots__ = ("_data", "_end", "position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._end = len(data)
        self.position = 0

    @property
    def has_more(self) -> bool:
        return self.position < self._end

    def var_uint(self) -> int:
        position = self.position
        if position >= self._end:
            raise BadMessage("ends within a number")
        byte = self._data[position]
        position += 1
        if byte < 0x80:
            self.position = position
            return byte
        number, shift = byte & 0x7F, 7
        last = min(self._end, position + MAX_NUMBER_BYTES - 1)
        while position < last:
            byte = self._data[position]
            position += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                if number > MAX_NUMBER:
                    break
                self.position = position
                return number
            shift += 7
        raise BadMessage("a number is cut off, or too large")

    def byte(self) -> int:
        if self.position >= self._end:
            raise BadMessage("ends where a byte should be")
        byte = self._data[self.position]
        self.position += 1
        return byte

    def skip(self, count: int) -> None:
        """Pass over so many bytes."""
        if self.position + count > self._end:
            raise BadMessage("ends within a value")
        self.position += count

    def skip_var_int(self) -> None:
        """Pass over a varInt, a number with a sign."""
        for _ in range(MAX_INT_BYTES):
            if self.byte() < 0x80:
                return
        raise BadMessage("a number is too large")

    def var_bytes(self) -> bytes:
        """A varUint8Array."""
        size = self.var_uint()
        start = self.position
        end = start + size
        if end > self._end:
            raise BadMessage("ends within a byte string")
        self.position = end
        return self._data[start:end]

    def var_string(self) -> str:
        try:
            return self.var_bytes().decode()
        except UnicodeDecodeError as error:
            raise BadMessage("a text is not UTF-8") from error

    def rest(self) -> bytes:
        """All that has not been read."""
        start, self.position = self.position, self._end
        return self._data[start:]


def var_uint(number: int) -> bytes:
    if number < 0x80:
        return _ONE_BYTE[number]
    written = bytearray()
    while number >= 0x80:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def var_bytes(data: bytes) -> bytes:
    return var_uint(len(data)) + data


def var_string(text: str) -> bytes:
    return var_bytes(text.encode())


_ONE_BYTE = tuple(bytes((number,)) for number in range(0x80))
