/** The account: the person's name and sign-ins. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { SignIn, User } from "../api/shapes";
import { Choice } from "../state/choice";
import * as texts from "../texts/account";
import * as common from "../texts/common";
import * as unsavedTexts from "../texts/unsaved";
import { useSession, useUnsaved } from "./context";
import { ago, moment } from "./dates";
import { Confirm } from "./dialog";
import { type DraftField, useDraft } from "./draft";
import { Field } from "./entrance";
import { messageOf } from "./failure";
import { Icon } from "./icons";
import { signOut } from "./leaving";
import { MailChoice } from "./mail_choice";
import { notify } from "./notice";
import { useRowFocus } from "./row_focus";
import { ListSkeleton } from "./states";
import { TopBar } from "./top_bar";

export function Account() {
  useEffect(() => {
    document.title = common.pageTitle(texts.title);
  }, []);
  return (
    <>
      <TopBar title={texts.title} />
      <main class="page narrow">
        <Name />
        <MailChoice />
        <SignIns />
      </main>
    </>
  );
}

/** A name, and the field as it was when it was saved. */
interface Written {
  name: string;
  field: DraftField;
}

function Name() {
  const session = useSession();
  const user = session.user.value!;
  const field = useDraft({ project: null, task: null, field: "name" }, texts.yourName, user.name);
  const [chosen, setChosen] = useState<string | null>(null);
  const choice = useRef(
    new Choice<Written>(
      async ({ name, field }) => {
        const answer = session.request<User>("PATCH", "auth/me", { body: { name } });
        field.sending(name, answer);
        const { body } = await answer;
        session.describe(body);
        field.settle(body.name);
        notify(texts.nameChanged);
      },
      (written) => setChosen(written?.name ?? null),
      (failure) => notify(messageOf(failure), "bad"),
    ),
  ).current;
  useEffect(() => choice.told({ name: user.name, field }), [user.name]);
  const name = field.text.trim();
  const save = (event: Event) => {
    event.preventDefault();
    void choice.choose({ name, field });
  };
  return (
    <section class="sheet">
      <h2>{common.you}</h2>
      <p class="quiet">{user.email}</p>
      <form class="row bottom" onSubmit={save}>
        <Field label={common.name} value={field.text} onInput={field.write} autoComplete="name" maxLength={100} />
        <button type="submit" class="plain" disabled={name === "" || name === (chosen ?? user.name)}>
          {common.save}
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
  const rows = useRowFocus<HTMLUListElement>();
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
  const unsaved = useUnsaved();
  const left = unsavedTexts.summary(unsaved.changes.all.value.size, unsaved.drafts.all.value.length);
  const endAll = async () => {
    for (const signIn of signIns ?? []) if (!signIn.current) await end(signIn);
    await signOut(session, unsaved);
  };
  return (
    <section class="sheet">
      <div class="row">
        <h2>{texts.signIns}</h2>
        <span class="spacer" />
        {signIns && (
          <button type="button" class="danger small" onClick={() => setAsking(true)}>
            {texts.everywhere}
          </button>
        )}
      </div>
      <p class="quiet">{texts.signInsHint}</p>
      {problem && (
        <p class="problem" role="alert">
          {problem}{" "}
          <button type="button" class="plain small" onClick={() => void load()}>
            {common.tryAgain}
          </button>
        </p>
      )}
      {!signIns && !problem && <ListSkeleton />}
      <ul class="sign-ins" role="list" {...rows}>
        {signIns?.map((signIn) => (
          <li key={signIn.id}>
            <span class="device" aria-hidden="true">
              <Icon name="device" size={20} />
            </span>
            <span class="who">
              <b>{browserName(signIn.user_agent)}</b>
              {signIn.current && <span class="tag">{texts.thisDevice}</span>}
              <span class="quiet small" title={moment(signIn.created_at)}>
                {texts.since(ago(signIn.created_at), ago(signIn.last_used_at))}
              </span>
            </span>
            {!signIn.current && (
              <button type="button" class="plain small" onClick={() => void end(signIn)}>
                {common.signOut}
                <span class="sr"> {browserName(signIn.user_agent)}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
      {isAsking && (
        <Confirm
          title={texts.everywhereQuestion}
          action={texts.everywhere}
          onClose={() => setAsking(false)}
          onConfirm={() => void endAll()}
        >
          {texts.everywhereHint} {left && texts.staysHere(left)}
        </Confirm>
      )}
    </section>
  );
}

/** "Firefox on Linux" from a User-Agent; other programs keep the name they give. */
function browserName(agent: string): string {
  if (agent === "") return texts.unknownProgram;
  const browser = /(Edg|OPR|Firefox|Chrome|Safari)\//.exec(agent.replace(/Chrome\/.*(?=Edg|OPR)/, ""))?.[1];
  const system = /(iPhone|iPad|Android|Windows|Mac OS X|CrOS|Linux)/.exec(agent)?.[1];
  if (!browser) return agent.slice(0, 60);
  const name = texts.programs[browser] ?? browser;
  return system ? texts.programOn(name, texts.systems[system] ?? system) : name;
}
