/** Messages for people about failures. */

import { SignedOut } from "../account/session";
import { Refused, Unavailable } from "../api/request";
import * as common from "../texts/common";

export function messageOf(failure: unknown): string {
  if (failure instanceof Refused) return detailed(failure);
  if (failure instanceof Unavailable) {
    const wait = failure.retryAfterSeconds;
    return wait ? common.tryIn(failure.message, wait) : common.trySoon(failure.message);
  }
  if (failure instanceof SignedOut) return failure.message;
  reportError(failure);
  return common.somethingWentWrong;
}

/** A validation error names its fields. */
function detailed(refused: Refused): string {
  if (refused.code !== "VALIDATION") return refused.message;
  const reasons = (refused.details as { field?: string; message?: string }[])
    .filter(({ message }) => message)
    .map(({ field, message }) => (field ? `${field.replace(/_/g, " ")}: ${message}` : message));
  return reasons.length > 0 ? reasons.join(". ") : refused.message;
}
