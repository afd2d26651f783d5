"""Values in updates that are nested so deep that decoding them would end the process."""

import random
import subprocess
import sys
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText

from roomful.rooms.protocol import structure
from roomful.rooms.protocol.lib0 import BadMessage
from roomful.rooms.protocol.state import decode_state_vector
from roomful.rooms.protocol.structure import lacks_something


@pytest.fixture(autouse=True, params=["native", "python"])
def look_through(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every test here holds both to the same. Which one it is."""
    if request.param == "python":
        monkeypatch.setattr(structure, "look_through", structure.look_through_in_python)
    elif not structure.IS_NATIVE:
        pytest.skip("the C code was not compiled")
    return str(request.param)


ARRAYS = b"\x75\x01"
OBJECTS = b"\x76\x01\x00"


def nested(container: bytes, levels: int, *, before: bytes = b"") -> bytes:
    """An update with one value in an array of the document: true, in so many containers."""
    return (
        b"\x01\x01\x07\x00\x08\x01\x01a" + (b"\x02" + before if before else b"\x01") + container * levels + b"\x78\x00"
    )


@pytest.mark.parametrize("container", [ARRAYS, OBJECTS, b"\x75\x02\x7e"], ids=["arrays", "objects", "last of two"])
def test_deep_values_are_refused(container: bytes) -> None:
    lacks_something(nested(container, 10), {}, max_levels=11)
    with pytest.raises(BadMessage):
        lacks_something(nested(container, 20), {}, max_levels=11)


def test_many_containers_side_by_side_are_not_deep() -> None:
    update = b"\x01\x01\x07\x00\x08\x01\x01a\x01\x75\xe8\x07" + b"\x75\x00" * 1000 + b"\x00"
    lacks_something(update, {}, max_levels=10)


def test_text_is_no_container() -> None:
    doc: Doc[Text] = Doc()
    text = doc.get("default", type=Text)
    text += "uvuvuvuvuvuvuvuvuvuv"
    text.format(0, 4, {"bold": {"u": [["v"]]}})
    lacks_something(doc.get_update(), {}, max_levels=10)


def test_every_kind_of_content_is_read() -> None:
    """With a bound of nothing everything is looked at, down to the last byte of a large document."""
    doc: Doc[Any] = Doc()  # whose roots are of several types
    chance = random.Random(7)
    fragment = doc.get("default", type=XmlFragment)
    array, map_ = doc.get("a", type=Array), doc.get("m", type=Map)
    for turn in range(200):
        element = XmlElement("paragraph", {"level": "uu"})
        fragment.children.append(element)
        element.children.append(XmlText("vvuu" * 3))
        array.append(chance.choice([1, -7, 2.5, True, None, "uv", b"uv", [1, ["v"]], {"u": {"v": -(2**40)}}, 2**60]))
        map_[f"k{turn}"] = chance.choice([Array([1]), Map({"a": "u"}), Text("vv"), 5])
        if turn % 7 == 0:
            del fragment.children[chance.randrange(len(fragment.children))]
            del array[0]
    array.append(Doc({"u": Text("v")}))
    lacks_something(doc.get_update(), {}, max_levels=20)
    with pytest.raises(BadMessage):
        lacks_something(doc.get_update(), {}, max_levels=0)


ATTACK = """
import sys
from roomful.rooms.protocol import structure
if sys.argv[1] == "python":
    structure.look_through = structure.look_through_in_python
from tests.unit.rooms.protocol.test_structure import ARRAYS, OBJECTS, nested
from roomful.rooms.document.replica import BadUpdate, Replica
replica = Replica()
for container in (ARRAYS, OBJECTS):
    for levels in (10_000, 100_000, 180_000, 1_000_000, 6_000_000):
        for use in (replica.apply, replica.adds_nothing):
            try:
                use(nested(container, levels))
            except BadUpdate:
                pass
replica.close()
print("alive")
"""


def test_deep_values_do_not_end_the_process(look_through: str) -> None:
    assert subprocess.check_output([sys.executable, "-c", ATTACK, look_through], text=True) == "alive\n"


DEADLY = ("01010701004a00", "01010768840711017800", "01010732a1fe79017100")
"""Found by mutating updates, and then cut: the third overlaps the first, and is beside something that is nowhere."""


def test_both_say_the_same_of_anything() -> None:
    chance = random.Random(7)
    source: Doc[Text] = Doc(client_id=1)
    updates: list[bytes] = []
    subscription = source.observe(lambda event: updates.append(event.update))
    text = source.get("default", type=Text)
    for _ in range(100):
        text += chance.choice(["a", "bc", "\N{GRINNING FACE}"])
        if str(text).startswith("a") and chance.random() < 0.3:
            del text[0:1]
    source.unobserve(subscription)
    answers = set()
    for _ in range(10_000):
        mutated = bytearray(chance.choice(updates))
        for _ in range(chance.choice((0, 1, 2))):
            mutated[chance.randrange(len(mutated))] = chance.randrange(256)
        known = {1: chance.randrange(120)}
        limits = chance.choice((2, 3, 16_000)), chance.choice((1, 10**6))
        answer = structure.look_through(bytes(mutated), known, *limits)
        assert answer is structure.look_through_in_python(bytes(mutated), known, *limits), mutated.hex()
        answers.add(answer)
    assert answers == {None, True, False}


def test_deletion_of_what_is_missing_lacks_it() -> None:
    source: Doc[Text] = Doc(client_id=1)
    text = source.get("default", type=Text)
    text += "ab"
    before = source.get_state()
    del text[0:1]
    deletion = source.get_update(before)
    assert lacks_something(deletion, {})
    assert not lacks_something(deletion, decode_state_vector(before))


def test_more_operations_than_anybody_makes_are_refused() -> None:
    with pytest.raises(BadMessage):
        lacks_something(b"\x01\xc1\x84\x3d\x07\x00" + b"\x00\x01" * 1_000_001 + b"\x00", {})


def test_what_ends_the_library_is_not_given_to_it() -> None:
    known: dict[int, int] = {}
    for text, known in zip(DEADLY, ({7: 1}, {7: 75}, {7: 75}), strict=True):
        lacking = lacks_something(bytes.fromhex(text), known)
        assert lacking is (text != DEADLY[0])


@pytest.mark.parametrize(
    "text",
    [
        "0101070004010164016100ff",  # something follows
        "010107008407050161 00",  # beside a later operation of the same client
        "02010700040101640161010700040101640162 00",  # a client twice
        "01000700 00",  # no operations
        "0101070000 00 00",  # an operation of no length
        "01010700040101640 2c328 00",  # a text that is not UTF-8
        "0101070004030101640161 00",  # in something that is neither a root nor an operation
    ],
)
def test_what_no_client_makes_is_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        lacks_something(bytes.fromhex(text.replace(" ", "")), {})


MUTATE = """
import random, sys
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText
from roomful.rooms.document.replica import BadUpdate, Lacking, Replica

chance = random.Random(int(sys.argv[1]))
updates, docs = [], [Doc(client_id=number) for number in (1, 2, 3)]
for doc in docs:
    doc.subscription = doc.observe(lambda event: updates.append(event.update))
for _ in range(40):
    doc = chance.choice(docs)
    text, fragment = doc.get("text", type=Text), doc.get("default", type=XmlFragment)
    if len(text) > 4 and chance.random() < 0.3:
        del text[1:3]
    else:
        text.insert(chance.randint(0, len(text)), chance.choice(["a", "bc", "xyz"]))
    if chance.random() < 0.3:
        text.format(0, max(1, len(text) // 2), {"bold": True})
    doc.get("map", type=Map)[chance.choice("ab")] = chance.choice([1, "x", [1, 2], {"k": [1]}])
    if chance.random() < 0.4:
        fragment.children.append(XmlElement("paragraph")).children.append(XmlText("hi"))
    elif len(fragment.children) and chance.random() < 0.4:
        del fragment.children[0]
    if chance.random() < 0.4:
        chance.choice(docs).apply_update(doc.get_update())
replica, rows = Replica(), []
for mutations in [chance.choice((0, 1, 1, 1, 2, 3)) for _ in range(1500)] + [0] * len(updates):
    mutated = bytearray(chance.choice(updates))
    for _ in range(mutations):
        mutated[chance.randrange(len(mutated))] = chance.randrange(256)
    try:
        rows.append(replica.apply(bytes(mutated)))
    except (BadUpdate, Lacking) as refused:
        rows.append(getattr(refused, "change", b""))
copy = Replica()
for row in rows:
    if row:
        copy.apply(row)
print(copy.full() == replica.full() or copy.state_vector() == replica.state_vector())
"""


@pytest.mark.parametrize("seed", [8, 59])
def test_mutated_updates_do_not_end_the_process(seed: int) -> None:
    """Each of these ended it when the library was given whatever came."""
    done = subprocess.run([sys.executable, "-c", MUTATE, str(seed)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr[-2000:]
