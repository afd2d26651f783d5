/** What is typed into a field that is still being loaded: its text, and no shortcut of what lies behind. */

export class EarlyKeys {
  private text = "";
  private stop: AbortController | null = null;

  /** Take all keys from now on, but for chords. `leave` is called at Escape. */
  begin(leave: () => void): void {
    this.end();
    this.stop = new AbortController();
    window.addEventListener("keydown", (event) => this.take(event, leave), { capture: true, signal: this.stop.signal });
  }

  /** The field has the focus now. Returns what was typed until then. */
  end(): string {
    this.stop?.abort();
    this.stop = null;
    const { text } = this;
    this.text = "";
    return text;
  }

  private take(event: KeyboardEvent, leave: () => void): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") leave();
    else if (event.key === "Backspace") this.text = this.text.slice(0, -1);
    else if ([...event.key].length === 1) this.text += event.key;
  }
}
