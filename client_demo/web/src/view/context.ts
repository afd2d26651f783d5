/** What every screen may ask for. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Session } from "../account/session";
import type { Link } from "../live/link";
import type { OpenProject } from "../live/open_project";

export const SessionContext = createContext<Session | null>(null);
export const LinkContext = createContext<Link | null>(null);
export const ProjectContext = createContext<OpenProject | null>(null);

export function useSession(): Session {
  return useContext(SessionContext)!;
}

export function useLink(): Link {
  return useContext(LinkContext)!;
}

export function useProject(): OpenProject {
  return useContext(ProjectContext)!;
}
