/** Work that is done once per drawn frame, however often it is asked for. */

/** A hidden window draws no frames; its work is done after this time. */
const LATEST_MS = 100;

export class EachFrame {
  private cancelAsked: (() => void) | null = null;

  constructor(private readonly work: () => void) {}

  /** Do the work before the next frame is drawn. */
  ask(): void {
    if (this.cancelAsked) return;
    const run = () => {
      this.cancel();
      this.work();
    };
    const frame = requestAnimationFrame(run);
    const timer = setTimeout(run, LATEST_MS);
    this.cancelAsked = () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }

  cancel(): void {
    this.cancelAsked?.();
    this.cancelAsked = null;
  }
}
