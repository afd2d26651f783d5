/** Shows the others this person's pointer, carried card and edited field, and receives theirs. */

import type { PublicationContext, Subscription } from "centrifuge";
import { type Gesture, type Presence, readGesture } from "../state/presence";
import type { Link } from "./link";

const SHORTEST_GAP_MS = 66; // 15 a second look smooth, since the receiver animates between them
const REPEAT_MS = 5_000;

export class SignalChannel {
  private readonly subscription: Subscription;
  private gesture: Gesture = {};
  private sentAt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly heartbeat: ReturnType<typeof setInterval>;

  constructor(
    projectId: string,
    private readonly presence: Presence,
    private readonly link: Link,
  ) {
    this.subscription = link.client.newSubscription(`signal:${projectId}`, { maxResubscribeDelay: 8_000 });
    this.subscription.on("publication", (publication: PublicationContext) => this.receive(publication));
    this.subscription.subscribe();
    this.heartbeat = setInterval(() => this.repeat(), REPEAT_MS);
  }

  /** Change part of the gesture. Calls between two messages are combined, and the last one is always sent. */
  tell(part: Gesture): void {
    const next = { ...this.gesture, ...part };
    if (JSON.stringify(next) === JSON.stringify(this.gesture)) return;
    this.gesture = next;
    this.timer ??= setTimeout(() => this.send(), Math.max(0, this.sentAt + SHORTEST_GAP_MS - Date.now()));
  }

  close(): void {
    clearInterval(this.heartbeat);
    clearTimeout(this.timer);
    this.subscription.removeAllListeners();
    this.link.client.removeSubscription(this.subscription);
  }

  private receive({ info, data }: PublicationContext): void {
    const gesture = readGesture(data);
    if (info && gesture) this.presence.receive(info, gesture);
  }

  private send(): void {
    this.timer = undefined;
    this.sentAt = Date.now();
    if (this.subscription.state !== "subscribed") return;
    this.subscription.publish(this.gesture).catch(() => undefined); // a lost gesture is replaced by the next
  }

  private repeat(): void {
    this.presence.dropExpired();
    if (this.gesture.at || this.gesture.holds || this.gesture.edits) this.timer ??= setTimeout(() => this.send(), 0);
  }
}
