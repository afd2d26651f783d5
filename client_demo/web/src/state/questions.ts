/** The questions that one list asks the server: no answer replaces the answer to a later question. */

export class Questions {
  private asked = 0;
  /** Answers to the questions before this one are out of date. */
  private oldest = 0;

  /** Number a question. Returns what to call once with its answer: whether that is to be shown. */
  ask(): () => boolean {
    const question = ++this.asked;
    return () => {
      if (question < this.oldest) return false;
      this.oldest = question;
      return true;
    };
  }

  /** This window has changed the list: what was asked before says how it was. */
  outdate(): void {
    this.oldest = this.asked + 1;
  }
}
