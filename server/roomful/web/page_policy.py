"""The content security policy of the browser client's page."""

import base64
import hashlib
import re
from collections.abc import Sequence

WORKER_POLICY = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"
"""Of the service worker's own file: it fetches the page and its files."""

_INLINE = re.compile(rb"<(style|script)>(.*?)</\1>", re.DOTALL)
_DIRECTIVES = {b"style": "style-src", b"script": "script-src"}


def policy_of(page: bytes, image_hosts: Sequence[str] = ()) -> str:
    """Nothing but files of our own, the page's own inline parts, and images of the hosts that the operator trusts.

    The outline that is shown while the files load is inline, and so allowed by its hash: nothing else that is inline
    runs or applies. No string becomes markup, nobody may frame the page. 'self' lets the client open sockets to this
    server too (CSP level 3). A form that is sent without our script would put a password into an address.
    """
    inline: dict[str, list[str]] = {"style-src": [], "script-src": []}
    for kind, text in _INLINE.findall(page):
        digest = base64.b64encode(hashlib.sha256(text).digest()).decode()
        inline[_DIRECTIVES[kind]].append(f"'sha256-{digest}'")
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(("script-src 'self'", *inline["script-src"])),
            " ".join(("style-src 'self'", *inline["style-src"])),
            " ".join(("img-src 'self'", *(f"https://{host}" for host in image_hosts))),
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            # The editor parses pasted HTML under the first name, apart from the page. Under the second one the page
            # starts its service worker, and nothing else: it makes one address of any. No other policy can be made.
            "trusted-types ProseMirrorClipboard roomful-worker",
        )
    )
