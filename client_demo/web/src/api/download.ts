/** Files that the server makes. */

import * as common from "../texts/common";
import { apiAddress } from "./address";
import { refusalOf, Unavailable } from "./request";

const DEADLINE_MS = 600_000;

/** Ask for a file and give it to the browser to keep. Raises Refused, Unavailable. */
export async function download(path: string, token: string): Promise<void> {
  let response: Response;
  let file: Blob;
  try {
    response = await fetch(apiAddress(path), {
      headers: { Authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    file = await response.blob();
  } catch {
    throw new Unavailable(common.unreachable);
  }
  if (!response.ok) throw refusalOf(response, await file.text());
  const disposition = response.headers.get("Content-Disposition");
  if (!disposition) throw new Unavailable(common.unreachable); // a page of something in between
  save(file, nameIn(disposition));
}

export function save(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function nameIn(disposition: string): string {
  const whole = /filename\*=UTF-8''([^;]+)/.exec(disposition)?.[1];
  return whole ? decodeURIComponent(whole) : "export";
}
