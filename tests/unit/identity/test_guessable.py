"""Common passwords."""

import pytest

from roomful.identity.guessable import COMMON_PASSWORDS, check_not_own, check_uncommon
from roomful.identity.passwords import MAX_LENGTH, MIN_LENGTH


@pytest.mark.parametrize(
    "password", ["password", "Password", "PASSWORD1", " password ", "12345678", "11111111", "qwertyuiop", " " * 8]
)
def test_common_passwords_are_refused(password: str) -> None:
    with pytest.raises(ValueError, match="tried first"):
        check_uncommon(password)


@pytest.mark.parametrize(
    "password", ["correct horse battery staple", "p" * 256, "Zr8!kd0q", "\u5bc6\u7801\u662f\u4ec0\u4e48\u5462\u554a"]
)
def test_other_passwords_pass(password: str) -> None:
    assert check_uncommon(password) == password


@pytest.mark.parametrize("password", ["ada.lovelace", "Ada Lovelace", "Ada.Lovelace@example.org", "adalovelace"])
def test_own_address_and_name_are_refused(password: str) -> None:
    with pytest.raises(ValueError, match="address or name"):
        check_not_own(password, email="ada.lovelace@example.org", name="Ada Lovelace")
    check_not_own(f"{password} and more", email="ada.lovelace@example.org", name="Ada Lovelace")


def test_list_holds_only_possible_passwords() -> None:
    assert 3_000 < len(COMMON_PASSWORDS) < 10_000
    assert all(MIN_LENGTH <= len(each) <= MAX_LENGTH and each == each.casefold() for each in COMMON_PASSWORDS)
