/** How long a request may be repeated without making its thing twice: the server knows an idempotency key for a day. */

import { Refused } from "../api/request";
import * as common from "../texts/common";

const REPEATABLE_MS = 23 * 3_600_000;

/** Raises Refused if the first try, by this device's clock, is too long ago. */
export function checkRepeatable(triedAt: number | null): void {
  if (triedAt === null || Date.now() - triedAt <= REPEATABLE_MS) return;
  throw new Refused(409, "CONFLICT", common.tooLate);
}
