/** The page of an invitation: what one is invited to, and the way in, with an account or without. */

import { useEffect, useState } from "preact/hooks";
import { SignedOut } from "../account/session";
import { Refused, request } from "../api/request";
import type { Project } from "../api/shapes";
import * as common from "../texts/common";
import * as entrance from "../texts/entrance";
import * as texts from "../texts/join";
import { useSession } from "./context";
import { loadCurrent } from "./current";
import { Entrance } from "./entrance";
import { messageOf } from "./failure";
import { Newcomer } from "./newcomer";
import { useOnScreen } from "./on_screen";
import { at, go } from "./route";

export interface Preview {
  project_name: string;
  role: "editor" | "viewer";
  invited_by: string;
  address_required: boolean;
}

type Found =
  | { kind: "loading" }
  | { kind: "open"; preview: Preview }
  | { kind: "gone"; message: string }
  | { kind: "unknown" }
  | { kind: "failed"; message: string };

/** `onClose` is for the code that loads this page, when it can't. */
export function Join({ token }: { token: string; onClose: () => void }) {
  const session = useSession();
  const user = session.user.value;
  const [found, setFound] = useState<Found>({ kind: "loading" });
  const [attempt, setAttempt] = useState(0);
  const [problem, setProblem] = useState<string | null>(null);
  const isOnScreen = useOnScreen();
  const path = `invitations/${encodeURIComponent(token)}`;
  useEffect(() => {
    document.title = common.pageTitle(texts.title);
  }, []);

  const accept = async () => {
    const joined = await session.request<Project>("POST", `${path}/accept`);
    if (isOnScreen())
      go(at.project(joined.body.id), { replace: true }); // the link stays out of the history
    else loadCurrent(); // whoever has left the page finds the project in the list
  };
  const join = async () => {
    setProblem(null);
    try {
      await accept();
    } catch (failure) {
      if (!(failure instanceof SignedOut)) setProblem(messageOf(failure));
    }
  };
  useEffect(() => {
    let isShown = true;
    const show = (next: Found) => {
      if (isShown) setFound(next);
    };
    const look = async () => {
      try {
        show({ kind: "open", preview: (await request<Preview>("GET", path)).body });
      } catch (failure) {
        if (!(failure instanceof Refused)) return show({ kind: "failed", message: messageOf(failure) });
        if (failure.status !== 410) return show({ kind: "unknown" });
        // Whoever has joined by it before goes on to the project.
        if (session.user.peek()) await accept().catch(() => undefined);
        show({ kind: "gone", message: failure.message });
      }
    };
    void look();
    return () => {
      isShown = false;
    };
  }, [token, attempt]);

  switch (found.kind) {
    case "loading":
      return (
        <Entrance>
          <h1>{texts.title}</h1>
          <p class="quiet" role="status">
            {texts.looking}
          </p>
        </Entrance>
      );
    case "open":
      return (
        <Entrance>
          <h1 class="invited">
            <span class="inviter">
              <b dir="auto">{found.preview.invited_by}</b> {texts.invitesYouTo}
            </span>{" "}
            <span dir="auto">{found.preview.project_name}</span>
          </h1>
          <p>{texts.youCan[found.preview.role]}</p>
          {user ? (
            <Accept preview={found.preview} problem={problem} join={join} />
          ) : (
            <Newcomer preview={found.preview} token={token} join={join} />
          )}
        </Entrance>
      );
    case "gone":
      return <DeadEnd title={texts.isOver} message={found.message} isSignedIn={user !== null} />;
    case "unknown":
      return <DeadEnd title={texts.unknown} message={texts.unknownHint} isSignedIn={user !== null} />;
    case "failed":
      return (
        <Entrance>
          <h1>{texts.title}</h1>
          <p class="problem" role="alert">
            {found.message}
          </p>
          <button type="button" class="primary block" onClick={() => setAttempt(attempt + 1)}>
            {common.tryAgain}
          </button>
        </Entrance>
      );
  }
}

interface DeadEndProps {
  title: string;
  message: string;
  isSignedIn: boolean;
}

function DeadEnd({ title, message, isSignedIn }: DeadEndProps) {
  return (
    <Entrance>
      <h1>{title}</h1>
      <p role="alert">{message}</p>
      <a class="button plain block" href={isSignedIn ? at.projects : at.signIn}>
        {isSignedIn ? common.goToProjects : entrance.signIn}
      </a>
    </Entrance>
  );
}

interface AcceptProps {
  preview: Preview;
  problem: string | null;
  join: () => Promise<void>;
}

/** For somebody who is signed in. */
function Accept({ preview, problem, join }: AcceptProps) {
  const session = useSession();
  const user = session.user.value;
  const [isBusy, setBusy] = useState(false);
  if (!user) return null;
  const press = async () => {
    setBusy(true);
    await join();
    setBusy(false);
  };
  return (
    <>
      <p class="quiet">
        {texts.signedInAs} <b dir="auto">{user.name}</b> ({user.email}). {preview.address_required && texts.oneAddress}
      </p>
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <button type="button" class="primary block" disabled={isBusy} onClick={press}>
        {texts.join}
      </button>
      <button type="button" class="plain block" onClick={() => void session.signOut()}>
        {texts.otherAccount}
      </button>
    </>
  );
}
