/** The pauses between tries that fail: each longer than the one before, up to a longest one. */

export class Backoff {
  private pauseMs: number;
  private end: (() => void) | null = null;

  constructor(
    private readonly firstMs: number,
    private readonly longestMs: number,
  ) {
    this.pauseMs = firstMs;
  }

  /** Wait before the next try, for as long as the server wants. Jittered: not everybody comes back at once. */
  async pause(wantedSeconds: number | null): Promise<void> {
    const ms = wantedSeconds ? wantedSeconds * 1000 : this.pauseMs * (0.5 + Math.random());
    this.pauseMs = Math.min(this.pauseMs * 2, this.longestMs);
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.end = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }

  /** End a pause now. */
  wake(): void {
    this.end?.();
  }

  /** A try has succeeded: the next pause is a first one. */
  reset(): void {
    this.pauseMs = this.firstMs;
  }
}
