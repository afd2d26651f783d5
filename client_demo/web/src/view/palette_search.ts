/** The server's part of what the palette finds. */

import { type Signal, signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { reportFault } from "../account/fault";
import type { Session } from "../account/session";
import { Refused } from "../api/request";
import type { Project } from "../api/shapes";
import type { ServerFind } from "./palette_finds";

/** After the last letter. */
const PAUSE_MS = 150;
const FEWEST_LETTERS = 2;
const MOST = 12;

/** A server before this version has no search: it is asked once per page. */
const isMissing: Signal<boolean> = signal(false);

/** What the server has last found, and whether that is for these words. */
export function useServerSearch(session: Session, text: string): { found: ServerFind[]; isBusy: boolean } {
  const words = text.trim();
  const isWanted = words.length >= FEWEST_LETTERS && !isMissing.value;
  const [answer, setAnswer] = useState<{ words: string; found: ServerFind[] }>({ words: "", found: [] });
  useEffect(() => {
    if (!isWanted) return;
    let isCurrent = true;
    const ask = async () => {
      try {
        const query = new URLSearchParams({ q: words, limit: String(MOST) });
        const { body } = await session.request<ServerFind[]>("GET", `search?${query}`);
        if (isCurrent) setAnswer({ words, found: body });
      } catch (failure) {
        if (failure instanceof Refused && failure.status === 404) isMissing.value = true;
        reportFault(failure);
        if (isCurrent) setAnswer({ words, found: [] }); // what is on this page is found without a server
      }
    };
    const timer = setTimeout(() => void ask(), PAUSE_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [words, isWanted]);
  return { found: isWanted ? answer.found : [], isBusy: isWanted && answer.words !== words };
}

/** The person's projects, as of when this is first shown. */
export function useProjects(session: Session): readonly Project[] {
  const [projects, setProjects] = useState<readonly Project[]>([]);
  useEffect(() => {
    session
      .request<Project[]>("GET", "projects?status=active&limit=200")
      .then(({ body }) => setProjects(body))
      .catch(reportFault); // the rest works without
  }, [session]);
  return projects;
}
