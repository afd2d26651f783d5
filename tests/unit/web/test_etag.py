"""If-Match (RFC 9110, 13.1.1)."""

import pytest

from roomful.errors import BadRequest, PreconditionFailed
from roomful.web import etag
from roomful.web.etag import Precondition
from roomful.web.schemas import Out


class Thing(Out):
    name: str


@pytest.mark.parametrize(
    "header",
    [
        None,
        "*",
        ' "3"',
        '"3"',
        '"1", "3"',
        '"1" ,"3"',
        'W/"9","3"',
        '"1","3"  ',
        '"a,b","3"',
        'W/"3"',
        '"3-gzip"',
        'W/"3-br"',
        '"2", W/"3"',
    ],
)
def test_allows_version_3(header: str | None) -> None:
    Precondition(header).require(3, Thing(name="now"))


@pytest.mark.parametrize("header", ['"2"', 'W/"2"', '"33"', '"3-"', '"3-gzip-gzip"', '"1", "2"', '""'])
def test_refuses_version_3_and_shows_the_current_one(header: str) -> None:
    with pytest.raises(PreconditionFailed) as refusal:
        Precondition(header).require(3, Thing(name="now"))
    assert refusal.value.details == [{"name": "now"}]
    assert refusal.value.headers["ETag"] == etag.of(3)


@pytest.mark.parametrize("header", ["3", "", '"3', '"3" "4"', '*, "3"', '"3",', '"1";"3"', "w/3", 'W/ "3"', '"3 "'])
def test_an_invalid_list_of_tags_is_a_bad_request(header: str) -> None:
    with pytest.raises(BadRequest):
        Precondition(header)
