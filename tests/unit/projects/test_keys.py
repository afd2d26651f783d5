import pytest

from roomful.projects.keys import key_from


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Moon", "MOON"),
        ("Apollo", "APOLLO"),
        ("Roadmaps", "ROAD"),
        ("Moon landing", "ML"),
        ("a b c d e f g h", "ABCDEF"),
        ("Ada's plan", "AP"),
        ("Zürich", "ZURICH"),
        ("2026 goals", "GOALS"),
        ("Q3", "TASK"),
        ("Луна", "TASK"),
        ("月", "TASK"),
        ("🚀", "TASK"),
    ],
)
def test_a_key_is_made_of_the_name(name: str, key: str) -> None:
    assert key_from(name) == key
