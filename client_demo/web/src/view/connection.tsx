/** The state of the connection, in words and colour, and for screen readers. */

import { useEffect, useState } from "preact/hooks";
import type { LinkState } from "../live/link";
import * as texts from "../texts/connection";
import { useLink, useOutbox, useProject } from "./context";
import { timeOf } from "./dates";

interface Told {
  tone: "live" | "wait" | "off";
  short: string;
  long: string;
}

/** Shorter interruptions are not shown. */
const UNNOTICED_MS = 700;

export function Connection() {
  const { state, waiting, told } = useTold();
  return (
    <>
      <span class={`connection ${told.tone}`} title={told.long}>
        <i aria-hidden="true" />
        {told.short}
      </span>
      {/* Changes only with the state: a screen reader would read out every second. */}
      <span class="sr" role="status">
        {announce(state, waiting)}
      </span>
    </>
  );
}

/** Whether changes can't be sent now. */
export function useIsOutside(): boolean {
  const { kind } = useLink().state.value;
  const isBlocked = useOutbox().isBlocked.value;
  return isBlocked || kind === "reconnecting" || kind === "offline" || kind === "stopped";
}

/**
 * Says at the lower edge what a lost connection means.
 *
 * It stands where notices have their place, so that no card moves under a pointer when it comes or goes.
 */
export function Banner() {
  const link = useLink();
  const { state, told } = useTold();
  const isOld = useProject().channel.asOf.value !== null;
  const isDown = state.kind === "stopped" || ("since" in state && Date.now() - state.since >= UNNOTICED_MS);
  if (!isDown && !isOld) return null;
  return (
    <aside class={`banner ${told.tone}`} aria-label={texts.label}>
      <span>{told.long}</span>
      {state.kind !== "offline" && (
        <button type="button" class="plain small" onClick={() => link.retry()}>
          {texts.tryNow}
        </button>
      )}
    </aside>
  );
}

function useTold(): { state: LinkState; waiting: number; told: Told } {
  const project = useProject();
  const state = useLink().state.value;
  const waiting = useIsOutside() ? project.board.waiting.value : 0;
  const asOf = project.channel.asOf.value;
  const isJoining = state.kind === "live" && !project.channel.isLive.value;
  const seconds = useSeconds("since" in state ? state.since : null);
  const told =
    asOf !== null && state.kind !== "stopped" ? tellKept(asOf, waiting) : tell(state, isJoining, seconds, waiting);
  return { state, waiting, told };
}

/** The board comes from this device. */
function tellKept(asOf: number, waiting: number): Told {
  const time = timeOf(asOf);
  return {
    tone: "off",
    short: texts.keptOf(time),
    long: texts.keptOfLong(time, waiting),
  };
}

function tell(state: LinkState, isJoining: boolean, seconds: number, waiting: number): Told {
  switch (state.kind) {
    case "live":
      if (waiting > 0) return { tone: "wait", short: texts.sending(waiting), long: texts.sendingLong(waiting) };
      if (isJoining) return { tone: "wait", short: texts.joining, long: texts.joiningLong };
      return { tone: "live", short: texts.live, long: texts.liveLong };
    case "connecting":
      return { tone: "wait", short: texts.connecting, long: texts.connectingLong };
    case "reconnecting":
      return {
        tone: "wait",
        short: texts.reconnecting(seconds),
        long: texts.reconnectingLong(seconds, waiting),
      };
    case "offline":
      return {
        tone: "off",
        short: texts.offline(seconds),
        long: texts.offlineLong(waiting),
      };
    case "stopped":
      return { tone: "off", short: texts.stopped, long: texts.stoppedLong(state.reason) };
  }
}

function announce(state: LinkState, waiting: number): string {
  const words: Record<LinkState["kind"], string> = {
    live: texts.saidLive,
    connecting: "",
    reconnecting: texts.saidReconnecting,
    offline: texts.saidOffline,
    stopped: texts.saidStopped,
  };
  return waiting > 0 ? texts.saidWaiting(words[state.kind], waiting) : words[state.kind];
}

/** Whole seconds since a moment, counting on; 0 for none. */
function useSeconds(since: number | null): number {
  const [, tick] = useState(0);
  useEffect(() => {
    if (since === null) return;
    const timer = setInterval(() => tick((count) => count + 1), 1_000);
    return () => clearInterval(timer);
  }, [since]);
  return since === null ? 0 : Math.max(0, Math.floor((Date.now() - since) / 1000));
}
