"""Names and titles that people can see, and that change nothing of the text around them."""

import re
import unicodedata

_BIDI_CONTROLS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_JOINERS = "\u200c\u200d"
# Default_Ignorable_Code_Point (UAX #44) without the joiners, and the annotations, which no reader shows either.
_IGNORABLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u206a-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)

INVISIBLE = re.compile(f"[{_BIDI_CONTROLS}{_JOINERS}{_IGNORABLE}]")

# From Hebrew on: scripts whose letters join, and emoji. No Latin, Greek or Cyrillic letter does.
_JOINING = "[^\u0000-\u058f\u2000-\u200f]"
# The sequences in which a character without a shape of its own decides how its neighbours look.
_WRITTEN = re.compile(
    f"(?<={_JOINING})[{_JOINERS}](?={_JOINING})"  # Persian, Devanagari, families of emoji
    "|(?<=[\u09cd\u0d4d])\u200d"  # a Bengali or Malayalam letter that ends its word, as older keyboards write it
    "|(?<=[#*0-9\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff])[\ufe0e\ufe0f]"  # text or picture: a heart, a keycap
    "|(?<=[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])[\ufe00-\ufe02\U000e0100-\U000e01ef]"  # forms of a kanji
    "|(?<=[\u1820-\u18aa])[\u180b-\u180d\u180f]"  # Mongolian
    "|(?<=\U0001f3f4)[\U000e0020-\U000e007e]+\U000e007f"  # the flags of England, Scotland and Wales
)
# Terminals act on them. Tabs and line ends come with pasted text, and are kept.
_CONTROLS = re.compile("[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]")
_BRAILLE_BLANK = "\u2800"


def has_visible(text: str) -> bool:
    """Whether there is anything to see, or to click. A character that Python does not know yet may be an emoji."""
    shown = INVISIBLE.sub("", text).replace(_BRAILLE_BLANK, "")
    return any(category[0] in "LNPS" or category in ("Cn", "Co") for category in map(unicodedata.category, shown))


def check_visible(text: str) -> str:
    """The text itself, to the character. Raises ValueError for a name or title that hides something.

    At least one character is visible. Characters that turn the direction of writing, or that show nothing, are refused;
    those that join or vary letters and emoji pass where writing needs them.
    """
    if not text.strip():
        raise ValueError("must not be blank")
    if not has_visible(text):
        raise ValueError("must have a visible character")
    if INVISIBLE.search(_WRITTEN.sub("", text)) or _CONTROLS.search(text):
        raise ValueError("must not contain invisible characters or controls")
    return text


def without_invisible(text: str) -> str:
    """The text without what `check_visible` refuses, for names that others have chosen."""
    return INVISIBLE.sub("", text)
