"""Text and numbers that only one database accepts, or that no event can carry."""

from tests.integration.web.conftest import Served

REFUSED = (
    b'{"name": "a\\u0000b"}',
    b'{"name": "\\ud800"}',
    b'{"name": "a", "priority": NaN}',
    b'{"name": "a", "priority": 1e999}',
    b'{"name": "a", "priority": 1000000000000000000000000000000}',
    b'{"name": "a", "priority": true}',
    b'{"name": "a", "meta": ' + b"[" * 3000 + b"]" * 3000 + b"}",
)


async def test_refused_alike_and_nothing_is_stored(served: Served) -> None:
    headers = await served.sign_in() | {"Content-Type": "application/json"}
    for body in REFUSED:
        answer = await served.client.post("/notes", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION"), body[:60]
    for path in ("/notes?order=%00", "/notes/a%00b"):
        assert (await served.client.get(path)).status_code == 400
    assert (await served.client.get("/notes")).json() == []


async def test_unusual_text_is_kept_exactly(served: Served) -> None:
    ada = await served.sign_in()
    for name in (
        "\N{GRINNING FACE}",
        "<img src=x onerror=alert(1)>",
        "=cmd",
        "\u2028\u0001",
        "x\revent: y\n\n",
        "'; --",
    ):
        assert (await served.client.post("/notes", json={"name": name}, headers=ada)).json()["name"] == name


async def test_an_invalid_id_is_not_found(served: Served) -> None:
    ada = await served.sign_in()
    for note_id in ("x", "0", "%20", "a" * 10_000, "\N{GRINNING FACE}", "00000000-0000-0000-0000-000000000000"):
        answer = await served.client.patch(f"/notes/{note_id}", json={"name": "a"}, headers=ada)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND"), note_id
