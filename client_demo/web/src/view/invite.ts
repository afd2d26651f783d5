/** Invitations as requests. */

import type { Session } from "../account/session";

export type InvitedRole = "editor" | "viewer";

export interface Invitation {
  id: string;
  role: InvitedRole;
  email: string | null;
  max_uses: number;
  uses: number;
  expires_at: string;
  mail: "waiting" | "sent" | "refused" | null;
}

/** With its link, which the server shows once. */
export type MadeInvitation = Invitation & { url: string };

interface NewInvitation {
  role: InvitedRole;
  email?: string;
  expires_in?: number;
  max_uses?: number;
}

/** The open project. */
interface Where {
  id: string;
  session: Pick<Session, "request">;
}

/** Under the same key only one is made, however often this is called. Raises what a request raises. */
export async function invite(project: Where, body: NewInvitation, key: string): Promise<MadeInvitation> {
  const path = `projects/${project.id}/invitations`;
  const headers = { "Idempotency-Key": key };
  const { body: made } = await project.session.request<MadeInvitation>("POST", path, { body, headers });
  return { ...made, url: whole(made.url) };
}

/** A server that doesn't know its public address gives the end of the link. */
function whole(url: string): string {
  return url.startsWith("/") ? new URL(url.slice(url.indexOf("#")), document.baseURI).href : url;
}
