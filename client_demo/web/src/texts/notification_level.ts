/** What a person is notified of in a project. */

export const label = "Notify me of";
export const levels = {
  all: "Every task",
  participating: "What I take part in or watch",
  mentions: "Only mentions",
  none: "Nothing",
};
