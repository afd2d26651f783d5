/** A value that the server keeps and the person chooses: of quick changes the last one counts, in whatever order answers come. */

export class Choice<T> {
  private next: { value: T } | null = null;
  private isSending = false;
  /** What the server has, as far as is known. */
  private stored: T | null = null;

  constructor(
    private readonly send: (value: T) => Promise<unknown>,
    private readonly show: (value: T | null) => void,
    private readonly refused: (failure: unknown) => void,
  ) {}

  /** The server has said what it has. Shown, unless the person has chosen meanwhile. */
  told(value: T): void {
    if (this.isSending) return;
    this.stored = value;
    this.show(value);
  }

  /** Show it and send it, after what is being sent. If the last choice is refused, the value before it is shown. */
  async choose(value: T): Promise<void> {
    this.show(value);
    this.next = { value };
    if (this.isSending) return;
    this.isSending = true;
    while (this.next !== null) {
      const sent: T = this.next.value;
      this.next = null;
      try {
        await this.send(sent);
        this.stored = sent;
      } catch (failure) {
        this.fail(failure);
      }
    }
    this.isSending = false;
  }

  private fail(failure: unknown): void {
    if (this.next !== null) return; // a later choice is still to be sent
    this.show(this.stored);
    this.refused(failure);
  }
}
