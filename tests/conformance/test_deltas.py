"""The official JavaScript SDK applies our deltas."""

import asyncio
import json
import random

from roomful.realtime.protocol import fossil
from tests.conformance.sdks import JAVASCRIPT, JavaScriptSdk

PIECES = ("the same again, ", "é", "🚀🚀", "x", '\\"', "zähl rückwärts ", "\u2028", "0123456789abcdef")


def edited(text: str, chance: random.Random) -> str:
    for _ in range(chance.randint(1, 4)):
        begin, end = sorted((chance.randint(0, len(text)), chance.randint(0, len(text))))
        text = text[:begin] + "".join(chance.choices(PIECES, k=chance.randint(0, 5))) + text[min(end, begin + 9) :]
    return text


async def test_the_javascript_sdk_restores_documents_from_our_deltas(javascript: type[JavaScriptSdk]) -> None:
    chance = random.Random(6)
    pairs: list[tuple[str, str, str, str]] = []
    while len(pairs) < 1_000:
        before = "".join(chance.choices(PIECES, k=chance.randint(5, 60)))
        base, document = (json.dumps({"text": text}, ensure_ascii=False) for text in (before, edited(before, chance)))
        if (delta := fossil.diff(base.encode(), document.encode())) is not None:
            pairs.append((base, document, delta.decode(), chance.choice(("json", "protobuf"))))
    lines = "".join(json.dumps({"base": base, "data": delta, "wire": wire}) + "\n" for base, _, delta, wire in pairs)
    process = await asyncio.create_subprocess_exec(
        "node",
        str(JAVASCRIPT / "deltas.mjs"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        said, _ = await process.communicate(lines.encode())
    assert process.returncode == 0
    assert [json.loads(line) for line in said.splitlines()] == [document for _, document, _, _ in pairs]
