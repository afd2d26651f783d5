// The events of an SDK emitter, in order, until a test expects them.

const SECONDS = 8;

export class Notes {
  #waiting = [];
  #all = [];
  #wake = () => {};

  constructor(emitter, kinds) {
    for (const kind of kinds) {
      emitter.on(kind, (note) => {
        this.#waiting.push([kind, note]);
        this.#all.push([kind, note]);
        this.#wake();
      });
    }
  }

  // The next note of a kind. Skips others, which can't be expected any more.
  async expect(kind, seconds = SECONDS) {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      while (this.#waiting.length > 0) {
        const [each, note] = this.#waiting.shift();
        if (each === kind) return note;
      }
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no ${kind} within ${seconds} s; there were: ${this.#summary()}`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  // All notes of a kind so far, expected or not.
  all(kind) {
    return this.#all.filter(([each]) => each === kind).map(([, note]) => note);
  }

  #summary() {
    const told = this.#all.map(([kind, { code, error }]) => [kind, code ?? error?.code].filter((x) => x !== undefined).join(" "));
    return told.slice(-20).join(", ") || "none";
  }
}
