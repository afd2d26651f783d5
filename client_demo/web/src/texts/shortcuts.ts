/** The list of keyboard shortcuts; each shortcut is described where its key is. */

export const everywhere = "Everywhere";
export const lettersAlone = "Use letters and signs alone";
export const lettersHint = "Turn them off if you speak to your computer. This browser remembers it.";
export const or = "or";
