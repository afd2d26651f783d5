/** Three things to try in an empty project. */

export const label = "First steps";
export const begin = "Try this first:";
export const task = "Write down a task";
export const people = "Bring somebody in";
export const page = "Start a page together";
export const done = "Done: ";
export const close = "Hide the first steps";
