/** Faults of this program, as opposed to requests that fail. */

import { Refused, Unavailable } from "../api/request";
import { SignedOut } from "./session";

/** Report a failure, unless it is a request's: a fault must not pass for that. Returns whether it is one. */
export function reportFault(failure: unknown): boolean {
  if (failure instanceof Refused || failure instanceof Unavailable || failure instanceof SignedOut) return false;
  reportError(failure);
  return true;
}
