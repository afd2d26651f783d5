"""The hand mutations apply to the present source, and docs/mutations.md lists them."""

import re

import pytest

from tests.mutations import MUTATIONS, ROOT, Mutation


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_it_applies(mutation: Mutation) -> None:
    assert (ROOT / "server" / "roomful" / mutation.file).read_text().count(mutation.old) == 1
    file, _, name = mutation.tests.partition("::")
    test = (ROOT / "tests" / ("" if file.startswith("contract/") else "unit") / file).read_text()
    assert not name or f"def {name}(" in test


def test_the_page_lists_them() -> None:
    page = (ROOT / "docs" / "mutations.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| `([^|]+)` \| `([^|]+)` \|$", page, re.MULTILINE)
    assert rows == [(mutation.name, mutation.file, mutation.tests) for mutation in MUTATIONS]
