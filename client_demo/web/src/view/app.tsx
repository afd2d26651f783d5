/** Which screen to show. */

import { effect } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Session } from "../account/session";
import { Unsaved } from "../account/unsaved";
import { Inbox } from "../live/inbox";
import { Link } from "../live/link";
import type { Change } from "../state/change";
import { deliver, type Send } from "../state/delivery";
import { Outbox } from "../state/outbox";
import * as common from "../texts/common";
import { signIn } from "../texts/entrance";
import { Account } from "./account";
import { InboxContext, LinkContext, OutboxContext, UnsavedContext, useSession, useUnsaved } from "./context";
import { InboxScreen } from "./inbox";
import { lazy } from "./lazy";
import { say, withdrawOffer } from "./notice";
import { Notices } from "./notices";
import { PaletteHost } from "./palette_host";
import { ProjectScreen } from "./project";
import { Projects } from "./projects";
import { keepRefused } from "./refusal";
import { at, go, route } from "./route";
import { ShortcutHelp } from "./shortcut_help";
import { SignIn } from "./sign_in";
import { State } from "./states";
import { TopBar } from "./top_bar";

const Join = lazy(() => import("./join").then((module) => module.Join));

export function App() {
  const screen = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // So that the keys that scroll work before the first click.
    if (document.activeElement === document.body) screen.current!.focus({ preventScroll: true });
  }, []);
  return (
    <>
      <div class="screen" ref={screen} tabIndex={-1}>
        <Screen />
      </div>
      <Notices />
    </>
  );
}

function Screen() {
  const session = useSession();
  const user = session.user.value;
  const where = route.value;
  const isSigningIn = where.screen === "sign-in" || where.screen === "register";
  const wanted = useRef<string>(at.projects);
  useEffect(() => {
    // Who came by a link goes on to it, also after making an account. After a sign-out elsewhere the address stays, for
    // the next sign-in.
    if (!user && !isSigningIn) wanted.current = location.hash || at.projects;
    if (user && isSigningIn) go(wanted.current, { replace: true });
    if (user) wanted.current = at.projects;
  }, [user, isSigningIn, where]);
  useEffect(() => {
    if (!user && where.screen !== "join") document.title = common.pageTitle(signIn);
  }, [user]);
  if (where.screen === "join")
    return <Join key={where.token} token={where.token} onClose={() => go(at.projects, { replace: true })} />;
  if (!user) {
    if (where.screen === "sign-in")
      return <SignIn key="in" isNew={false} email={where.email} password={where.password} />;
    return <SignIn key={where.screen} isNew={where.screen === "register"} />;
  }
  if (isSigningIn) return null;
  return <Inside key={user.id} userId={user.id} />;
}

function Inside({ userId }: { userId: string }) {
  const session = useSession();
  const link = useMemo(() => new Link(session), []);
  const unsaved = Unsaved.of(userId);
  const inbox = useMemo(() => new Inbox(session, link), [link]);
  const outbox = useMemo(() => openOutbox(session, userId, unsaved), []);
  useEffect(() => {
    const stop = effect(() => {
      if (link.state.value.kind === "live") outbox.wake();
    });
    return () => {
      stop();
      withdrawOffer(); // an undo of this person's
      say("");
      outbox.close();
      link.close();
    };
  }, [link, outbox]);
  return (
    <LinkContext.Provider value={link}>
      <UnsavedContext.Provider value={unsaved}>
        <OutboxContext.Provider value={outbox}>
          <InboxContext.Provider value={inbox}>
            <Room />
            <PaletteHost />
            <ShortcutHelp />
          </InboxContext.Provider>
        </OutboxContext.Provider>
      </UnsavedContext.Provider>
    </LinkContext.Provider>
  );
}

function openOutbox(session: Session, userId: string, { changes, alone, drafts, read }: Unsaved): Outbox {
  const send: Send = session.requestOf(userId);
  const afterDrafts = async (project: string, change: Change) => {
    await read; // a refused change becomes a draft, beside the one that its field may have
    return deliver(send, project, change);
  };
  return new Outbox(changes, alone, afterDrafts, {
    refused: (refusal) => keepRefused(drafts, refusal),
    created: (here, task) => drafts.rename(here, task),
  });
}

function Room() {
  const user = useSession().user.value;
  const where = route.value;
  const { isRead } = useUnsaved();
  if (!user) return null;
  if (where.screen !== "project" && !isRead.value) return <TopBar />;
  switch (where.screen) {
    case "project":
      return <ProjectScreen key={where.id} where={where} user={user} />;
    case "account":
      return <Account />;
    case "inbox":
      return <InboxScreen />;
    case "nowhere":
      return (
        <>
          <TopBar />
          <main class="page">
            <State
              title={common.notFound}
              action={
                <a class="button primary" href={at.projects}>
                  {common.goToProjects}
                </a>
              }
            >
              {common.nothingHere}
            </State>
          </main>
        </>
      );
    default:
      return <Projects />;
  }
}
