/** The person: their name, and every place where they are signed in. */

import { useEffect, useState } from "preact/hooks";
import type { SignIn, User } from "../api/shapes";
import { useSession } from "./context";
import { ago, moment } from "./dates";
import { Confirm } from "./dialog";
import { messageOf } from "./failure";
import { Icon } from "./icons";
import { notify } from "./notice";
import { Field } from "./sign_in";
import { ListSkeleton } from "./states";
import { TopBar } from "./top_bar";

export function Account() {
  useEffect(() => {
    document.title = "Account · Roomful";
  }, []);
  return (
    <>
      <TopBar title="Account" />
      <main class="page narrow">
        <Name />
        <SignIns />
      </main>
    </>
  );
}

function Name() {
  const session = useSession();
  const user = session.user.value!;
  const [name, setName] = useState(user.name);
  const save = async (event: Event) => {
    event.preventDefault();
    try {
      session.describe((await session.request<User>("PATCH", "auth/me", { body: { name: name.trim() } })).body);
      notify("Your name is changed.");
    } catch (failure) {
      notify(messageOf(failure), "bad");
    }
  };
  return (
    <section class="sheet">
      <h2>You</h2>
      <p class="quiet">{user.email}</p>
      <form class="row bottom" onSubmit={save}>
        <Field label="Name" value={name} onInput={setName} autoComplete="name" maxLength={100} />
        <button type="submit" class="plain" disabled={name.trim() === "" || name.trim() === user.name}>
          Save
        </button>
      </form>
    </section>
  );
}

function SignIns() {
  const session = useSession();
  const [signIns, setSignIns] = useState<SignIn[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isAsking, setAsking] = useState(false);
  const load = async () => {
    setProblem(null);
    try {
      setSignIns((await session.request<SignIn[]>("GET", "auth/sessions?limit=200")).body);
    } catch (failure) {
      setProblem(messageOf(failure));
    }
  };
  useEffect(() => void load(), []);

  const end = async (signIn: SignIn) => {
    try {
      await session.request("DELETE", `auth/sessions/${signIn.id}`);
      setSignIns((all) => all?.filter((other) => other.id !== signIn.id) ?? null);
    } catch (failure) {
      notify(messageOf(failure), "bad");
    }
  };
  const endAll = async () => {
    for (const signIn of signIns ?? []) if (!signIn.current) await end(signIn);
    await session.signOut();
  };
  return (
    <section class="sheet">
      <div class="row">
        <h2>Where you are signed in</h2>
        <span class="spacer" />
        {signIns && (
          <button type="button" class="danger small" onClick={() => setAsking(true)}>
            Sign out everywhere
          </button>
        )}
      </div>
      <p class="quiet">Ending one closes its boards at once.</p>
      {problem && (
        <p class="problem" role="alert">
          {problem}{" "}
          <button type="button" class="plain small" onClick={() => void load()}>
            Try again
          </button>
        </p>
      )}
      {!signIns && !problem && <ListSkeleton />}
      <ul class="sign-ins" role="list">
        {signIns?.map((signIn) => (
          <li key={signIn.id}>
            <span class="device" aria-hidden="true">
              <Icon name="device" size={20} />
            </span>
            <span class="who">
              <b>{browserName(signIn.user_agent)}</b>
              {signIn.current && <span class="tag">This one</span>}
              <span class="quiet small" title={moment(signIn.created_at)}>
                Signed in {ago(signIn.created_at)}, last active {ago(signIn.last_used_at)}
              </span>
            </span>
            {!signIn.current && (
              <button type="button" class="plain small" onClick={() => void end(signIn)}>
                Sign out
                <span class="sr"> {browserName(signIn.user_agent)}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
      {isAsking && (
        <Confirm
          title="Sign out everywhere?"
          action="Sign out everywhere"
          onClose={() => setAsking(false)}
          onConfirm={() => void endAll()}
        >
          All your sign-ins end, this one too. You will need your password to come back.
        </Confirm>
      )}
    </section>
  );
}

/** "Firefox on Linux" from a browser's long name for itself; the name as it is for what is no browser. */
export function browserName(agent: string): string {
  if (agent === "") return "Unknown program";
  const browser = /(Edg|OPR|Firefox|Chrome|Safari)\//.exec(agent.replace(/Chrome\/.*(?=Edg|OPR)/, ""))?.[1];
  const system = /(iPhone|iPad|Android|Windows|Mac OS X|CrOS|Linux)/.exec(agent)?.[1];
  if (!browser) return agent.slice(0, 60);
  const name = { Edg: "Edge", OPR: "Opera" }[browser] ?? browser;
  return system ? `${name} on ${{ "Mac OS X": "macOS", CrOS: "ChromeOS" }[system] ?? system}` : name;
}
