"""The failures a caller can be told about."""

import math
from collections.abc import Mapping, Sequence

Detail = Mapping[str, object]
"""A JSON object."""


class AppError(Exception):
    """An expected failure: a stable code for programs, a sentence for people, never a secret.

    `details` say more where there is more to say; `headers` go out with an HTTP answer.
    """

    status = 500
    code = "INTERNAL"
    message = "Something went wrong on our side."

    def __init__(
        self,
        message: str | None = None,
        *,
        details: Sequence[Detail] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.message = message or self.message
        self.details = details
        self.headers = dict(headers or {})
        super().__init__(self.message)


class BadRequest(AppError):
    status, code, message = 400, "BAD_REQUEST", "The request can't be understood."


class Unauthenticated(AppError):
    status, code, message = 401, "UNAUTHENTICATED", "Sign in first: the token is missing, wrong or expired."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(AppError):
    status, code, message = 403, "FORBIDDEN", "Your role does not allow this."


class NotFound(AppError):
    status, code, message = 404, "NOT_FOUND", "There is nothing here, or you can't see it."


class MethodNotAllowed(AppError):
    status, code, message = 405, "METHOD_NOT_ALLOWED", "This address does not take that method."


class Conflict(AppError):
    status, code, message = 409, "CONFLICT", "This does not fit the present state."


class LimitReached(AppError):
    status, code, message = 409, "LIMIT_REACHED", "A quota of this server is used up."


class Gone(AppError):
    status, code, message = 410, "GONE", "This was valid once, and is not any more."


class EventsExpired(AppError):
    status, code, message = 410, "EVENTS_EXPIRED", "These events are no longer kept; load a snapshot."


class PreconditionFailed(AppError):
    status, code, message = 412, "PRECONDITION_FAILED", "Somebody changed it since you last read it."


class PayloadTooLarge(AppError):
    status, code, message = 413, "PAYLOAD_TOO_LARGE", "The body is too large."


class Invalid(AppError):
    status, code, message = 422, "VALIDATION", "Some fields are not valid."


class IdempotencyKeyReused(AppError):
    status, code, message = 422, "IDEMPOTENCY_KEY_REUSED", "This Idempotency-Key was used with another request."


class RateLimited(AppError):
    status, code, message = 429, "RATE_LIMITED", "Too many requests; try again later."

    def __init__(self, retry_after_seconds: float, message: str | None = None) -> None:
        super().__init__(message, headers={"Retry-After": str(max(1, math.ceil(retry_after_seconds)))})


class Unavailable(AppError):
    status, code, message = 503, "UNAVAILABLE", "A part of the server is not available; try again soon."

    def __init__(self, message: str | None = None, *, details: Sequence[Detail] | None = None) -> None:
        super().__init__(message, details=details, headers={"Retry-After": "2"})
