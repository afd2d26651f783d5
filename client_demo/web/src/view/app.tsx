/** Which screen to show. */

import { useEffect, useMemo } from "preact/hooks";
import { Link } from "../live/link";
import { Account } from "./account";
import { LinkContext, useSession } from "./context";
import { Icon } from "./icons";
import { dismiss, notices, spoken } from "./notice";
import { ProjectScreen } from "./project";
import { Projects } from "./projects";
import { at, go, route } from "./route";
import { SignIn } from "./sign_in";
import { State } from "./states";
import { TopBar } from "./top_bar";

export function App() {
  return (
    <>
      <Screen />
      <Notices />
    </>
  );
}

function Screen() {
  const session = useSession();
  const user = session.user.value;
  const where = route.value;
  const isAtDoor = where.screen === "sign-in" || where.screen === "register";
  useEffect(() => {
    // Signed in: the door leads on. Signed out elsewhere: the address stays, and signing in leads back to it.
    if (user && isAtDoor) go(at.projects, { replace: true });
  }, [user, isAtDoor]);
  useEffect(() => {
    if (!user) document.title = "Sign in · Roomful";
  }, [user]);
  if (!user) {
    if (where.screen === "sign-in")
      return <SignIn key="in" isNew={false} email={where.email} password={where.password} />;
    return <SignIn key={where.screen} isNew={where.screen === "register"} />;
  }
  if (isAtDoor) return null;
  return <Inside key={user.id} />;
}

function Inside() {
  const session = useSession();
  const link = useMemo(() => new Link(session), []);
  useEffect(() => () => link.close(), [link]);
  return (
    <LinkContext.Provider value={link}>
      <Room />
    </LinkContext.Provider>
  );
}

function Room() {
  const user = useSession().user.value;
  const where = route.value;
  if (!user) return null;
  switch (where.screen) {
    case "project":
      return <ProjectScreen key={where.id} id={where.id} task={where.task} user={user} />;
    case "account":
      return <Account />;
    case "nowhere":
      return (
        <>
          <TopBar />
          <main class="page">
            <State
              title="There is nothing here"
              action={
                <a class="button primary" href={at.projects}>
                  Go to your projects
                </a>
              }
            >
              The address leads nowhere.
            </State>
          </main>
        </>
      );
    default:
      return <Projects />;
  }
}

function Notices() {
  return (
    <>
      <div class="notices" role="status" aria-live="polite">
        {notices.value.map((notice) => (
          <div class={`notice ${notice.tone}`} key={notice.id}>
            <span>{notice.text}</span>
            <button type="button" class="ghost icon-only" aria-label="Dismiss" onClick={() => dismiss(notice.id)}>
              <Icon name="close" size={16} />
            </button>
          </div>
        ))}
      </div>
      <div class="sr" role="status" aria-live="assertive">
        {spoken.value}
      </div>
    </>
  );
}
