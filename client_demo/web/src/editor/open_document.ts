/** One document while its page is open: finds its history, opens its replica, and keeps unsaved text when it ends. */

import { effect, type ReadonlySignal, signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { IndexeddbPersistence } from "y-indexeddb";
import * as Y from "yjs";
import { Kept, keptHistories } from "../account/kept";
import type { Session } from "../account/session";
import { Refused } from "../api/request";
import type { Document } from "../api/shapes";
import { whyEnded } from "../state/saving";
import * as texts from "../texts/saving";
import { useSession } from "../view/context";
import { messageOf } from "../view/failure";
import { contentOf, textOf } from "./content";
import { Replica, ROOT } from "./replica";

/** `failed`: may work later. `ended`: this person can't have the document, or no longer. */
export type Phase =
  | { kind: "opening" }
  | { kind: "failed"; why: string }
  | { kind: "ended"; why: string }
  | { kind: "open"; replica: Replica };

/** A text that the server doesn't have, and won't get by itself. */
export interface Leftover {
  text: string;
  kept: Kept;
  why: string;
}

/** For these the next try succeeds: with another history, or after signing in. */
const OPENS_AGAIN = "generation";
const KEEPS_COPY = ["sign-in ended", "token expired"];

export class OpenDocument {
  private readonly phaseSignal = signal<Phase>({ kind: "opening" });
  private readonly leftoversSignal = signal<readonly Leftover[]>([]);
  private unfollow = () => {};
  /** Of the history that was replaced while it was open here; offered if the new one has another text. */
  private replaced: Leftover | null = null;
  private isClosed = false;

  constructor(
    private readonly id: string,
    private readonly userId: string,
    private readonly session: Session,
  ) {
    void this.open();
  }

  get phase(): ReadonlySignal<Phase> {
    return this.phaseSignal;
  }

  get leftovers(): ReadonlySignal<readonly Leftover[]> {
    return this.leftoversSignal;
  }

  retry(): void {
    this.phaseSignal.value = { kind: "opening" };
    void this.open();
  }

  /** Forget this window's unsaved changes, and begin with the server's content. */
  async discard(replica: Replica): Promise<void> {
    this.unfollow();
    this.phaseSignal.value = { kind: "opening" };
    await replica.forget();
    await this.open();
  }

  async forget(leftover: Leftover): Promise<void> {
    this.leftoversSignal.value = this.leftoversSignal.value.filter((other) => other !== leftover);
    await leftover.kept.forget();
  }

  close(): void {
    this.isClosed = true;
    this.unfollow();
    const phase = this.phaseSignal.value;
    if (phase.kind === "open") phase.replica.close();
  }

  private async open(): Promise<void> {
    const histories = await keptHistories(this.userId, this.id);
    let generation: string;
    try {
      generation = (await this.session.request<Document>("GET", `documents/${this.id}`)).body.generation;
    } catch (failure) {
      if (failure instanceof Refused && failure.isOfServer && [403, 404].includes(failure.status)) {
        await this.sortOut(histories);
        this.phaseSignal.value = { kind: "ended", why: texts.trashedOrHidden };
        return;
      }
      if (!histories[0]) {
        this.phaseSignal.value = { kind: "failed", why: messageOf(failure) };
        return;
      }
      generation = histories[0].generation; // to go on offline
    }
    await this.sortOut(histories.filter((kept) => kept.generation !== generation));
    const replica = await Replica.open(this.id, new Kept(this.userId, this.id, generation), this.session);
    if (this.isClosed) return replica.close();
    this.follow(replica);
    this.phaseSignal.value = { kind: "open", replica };
  }

  /** Histories that are over: unsaved text in them is offered, the others are deleted. */
  private async sortOut(histories: readonly Kept[]): Promise<void> {
    for (const kept of histories) {
      if ([this.replaced, ...this.leftoversSignal.value].some((other) => other?.kept.name === kept.name)) continue;
      if (kept.notes().length === 0) await kept.forget();
      else this.offer({ text: await readText(kept), kept, why: texts.neverSent });
    }
  }

  private follow(replica: Replica): void {
    this.unfollow = effect(() => {
      const { ending, isSynced } = replica.facts.value;
      if (ending !== null) queueMicrotask(() => this.finish(replica, ending));
      else if (isSynced) queueMicrotask(() => this.compareWithReplaced(replica));
    });
  }

  private compareWithReplaced(replica: Replica): void {
    const { replaced } = this;
    this.replaced = null;
    if (!replaced) return;
    if (replaced.text === textOf(contentOf(replica.root))) void replaced.kept.forget();
    else this.offer(replaced);
  }

  private finish(replica: Replica, ending: string): void {
    if (this.isClosed) return;
    this.unfollow();
    const { kept } = replica;
    const text = textOf(contentOf(replica.root));
    if (replica.hasUnsaved) this.offer({ text, kept, why: texts.neverSent });
    else if (ending === OPENS_AGAIN) {
      this.replaced ??= { text, kept, why: texts.lostByServer };
      kept.write(replica.doc.clientID); // to be offered, if the page is closed before
    }
    if (replica.hasUnsaved || ending === OPENS_AGAIN || KEEPS_COPY.includes(ending)) replica.close();
    else void replica.forget();
    if (ending === OPENS_AGAIN) this.retry();
    else this.phaseSignal.value = { kind: "ended", why: whyEnded(ending) };
  }

  private offer(leftover: Leftover): void {
    this.leftoversSignal.value = [...this.leftoversSignal.value, leftover];
  }
}

/** The document while a component shows it; null before that. */
export function useOpenDocument(id: string): OpenDocument | null {
  const session = useSession();
  const [opened, setOpened] = useState<OpenDocument | null>(null);
  useEffect(() => {
    const document = new OpenDocument(id, session.user.peek()!.id, session);
    setOpened(document);
    return () => document.close();
  }, [id]);
  return opened;
}

async function readText(kept: Kept): Promise<string> {
  const doc = new Y.Doc();
  const database = new IndexeddbPersistence(kept.name, doc);
  await database.whenSynced;
  const text = textOf(contentOf(doc.getXmlFragment(ROOT)));
  doc.destroy();
  return text;
}
