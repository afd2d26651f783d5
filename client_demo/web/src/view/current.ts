/** A list that no channel tells of, kept current. */

import { useEffect } from "preact/hooks";
import { useLink } from "./context";

/** Renames and archivings by others are told to nobody who has no project open. */
const REFRESH_MS = 20_000;

const shown = new Set<() => void>();

/** Load such lists again: this person has made something that belongs into one. */
export function loadCurrent(): void {
  for (const load of shown) load();
}

/** Load again when the server tells this person something, when the connection or this window is back, and now and then. */
export function useCurrent(load: { current: () => void }): void {
  const { client } = useLink();
  useEffect(() => {
    const refresh = () => {
      if (document.visibilityState === "visible") load.current();
    };
    client.on("publication", refresh);
    client.on("connected", refresh);
    document.addEventListener("visibilitychange", refresh);
    const timer = setInterval(refresh, REFRESH_MS);
    shown.add(refresh);
    return () => {
      client.off("publication", refresh);
      client.off("connected", refresh);
      document.removeEventListener("visibilitychange", refresh);
      clearInterval(timer);
      shown.delete(refresh);
    };
  }, [client]);
}
