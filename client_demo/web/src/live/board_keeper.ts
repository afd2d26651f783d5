/** Keeps an open board on this device, now and then and when the page is left. */

import { effect } from "@preact/signals";
import type { KeptBoards } from "../account/kept_boards";
import type { Board } from "../state/board";

const SOON_MS = 2_000;
/** A large board takes some milliseconds to write. */
const SHORTEST_GAP_MS = 20_000;

export class BoardKeeper {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private keptAt = 0;
  private last: unknown = null;
  private readonly stop: () => void;

  /** `isCurrent` tells whether the board is what the server has, as far as is known. */
  constructor(
    private readonly board: Board,
    private readonly kept: KeptBoards,
    private readonly isCurrent: () => boolean,
  ) {
    this.stop = effect(() => {
      if (!this.board.visible.value) return;
      this.timer ??= setTimeout(() => this.keep(), Math.max(SOON_MS, this.keptAt + SHORTEST_GAP_MS - Date.now()));
    });
    document.addEventListener("visibilitychange", this.leave);
  }

  close(): void {
    this.stop();
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.leave);
  }

  private readonly leave = () => {
    if (document.visibilityState === "hidden") this.keep();
  };

  private keep(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    // Without the person's own unsent changes: the outbox keeps those.
    const { snapshot } = this.board;
    if (!snapshot || snapshot === this.last || !this.isCurrent()) return;
    this.last = snapshot;
    this.keptAt = Date.now();
    void this.kept.keep(snapshot);
  }
}
