"""The rules of each kind of channel."""

from roomful.channels import Kind
from roomful.realtime.policy import Rules

RULES: dict[Kind, Rules] = {
    "project": Rules(is_recoverable=True, has_patches=True, has_presence=True),
    # Cursors and typing: small, often, and worth nothing a second later.
    "signal": Rules(takes_publish=True, max_publish_bytes=2 * 1024, publishes_per_minute=1_800),
    "user": Rules(is_recoverable=True),
}
