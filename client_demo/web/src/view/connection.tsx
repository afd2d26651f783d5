/** How the connection is, in words and colour, for eyes and screen readers. */

import { useEffect, useState } from "preact/hooks";
import type { LinkState } from "../live/link";
import { useLink, useProject } from "./context";

interface Told {
  tone: "live" | "wait" | "off";
  short: string;
  long: string;
}

/** A blink of the network is no news. */
const PATIENCE_MS = 700;

export function Connection() {
  const link = useLink();
  const project = useProject();
  const state = link.state.value;
  const waiting = project.outbox.isBlocked.value ? project.board.waiting.value : 0;
  const isJoining = state.kind === "live" && !project.channel.isLive.value;
  const seconds = useSeconds("since" in state ? state.since : null);
  const told = tell(state, isJoining, seconds, waiting);
  const isDown = state.kind === "stopped" || ("since" in state && Date.now() - state.since >= PATIENCE_MS);
  return (
    <>
      <span class={`connection ${told.tone}`} title={told.long}>
        <i aria-hidden="true" />
        {told.short}
      </span>
      {/* The seconds would be read out one by one: what is announced changes only with the state. */}
      <span class="sr" role="status">
        {announce(state, waiting)}
      </span>
      {isDown && (
        <div class={`banner ${told.tone}`}>
          <span>{told.long}</span>
          {state.kind !== "offline" && (
            <button type="button" class="plain small" onClick={() => link.retry()}>
              Try now
            </button>
          )}
        </div>
      )}
    </>
  );
}

function tell(state: LinkState, isJoining: boolean, seconds: number, waiting: number): Told {
  const kept = waiting > 0 ? ` ${changes(waiting)} will be sent then.` : " What you change is kept and sent then.";
  switch (state.kind) {
    case "live":
      if (waiting > 0) return { tone: "wait", short: `Sending ${waiting}`, long: `${changes(waiting)} on the way.` };
      if (isJoining) return { tone: "wait", short: "Joining", long: "Joining the project." };
      return { tone: "live", short: "Live", long: "Live: every change arrives as it happens." };
    case "connecting":
      return { tone: "wait", short: "Connecting", long: "Connecting." };
    case "reconnecting":
      return {
        tone: "wait",
        short: `Reconnecting, ${seconds} s`,
        long: `The connection was lost ${seconds} s ago; reconnecting.${kept}`,
      };
    case "offline":
      return {
        tone: "off",
        short: `Offline, ${seconds} s`,
        long: `You are offline. This board may be out of date until the network is back.${kept}`,
      };
    case "stopped":
      return { tone: "off", short: "Stopped", long: `The server closed the connection: ${state.reason}.` };
  }
}

function announce(state: LinkState, waiting: number): string {
  const words: Record<LinkState["kind"], string> = {
    live: "Connected: live.",
    connecting: "",
    reconnecting: "Connection lost; reconnecting.",
    offline: "You are offline. Changes are kept and sent when the network is back.",
    stopped: "The server closed the connection.",
  };
  return waiting > 0 ? `${words[state.kind]} ${changes(waiting)} waiting.` : words[state.kind];
}

function changes(count: number): string {
  return count === 1 ? "1 change" : `${count} changes`;
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
