/** Objects that every screen can use. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Session } from "../account/session";
import type { Unsaved } from "../account/unsaved";
import type { Inbox } from "../live/inbox";
import type { Link } from "../live/link";
import type { OpenProject } from "../live/open_project";
import type { Outbox } from "../state/outbox";

export const SessionContext = createContext<Session | null>(null);
export const LinkContext = createContext<Link | null>(null);
export const UnsavedContext = createContext<Unsaved | null>(null);
export const OutboxContext = createContext<Outbox | null>(null);
export const InboxContext = createContext<Inbox | null>(null);
export const ProjectContext = createContext<OpenProject | null>(null);

export function useSession(): Session {
  return useContext(SessionContext)!;
}

export function useLink(): Link {
  return useContext(LinkContext)!;
}

/** What the signed-in person has not saved. */
export function useUnsaved(): Unsaved {
  return useContext(UnsavedContext)!;
}

export function useOutbox(): Outbox {
  return useContext(OutboxContext)!;
}

/** Null on screens without a sign-in. */
export function useInbox(): Inbox | null {
  return useContext(InboxContext);
}

export function useProject(): OpenProject {
  return useContext(ProjectContext)!;
}
