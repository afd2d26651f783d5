/** The comments of a task. */

import { plural } from "./plural";

export const title = "Comments";
export const earlier = "Show earlier comments";
export const notLoaded = "The comments could not be loaded.";
export const none = "No comments.";
export const isWriting = (name: string) => `${name} is writing…`;

export const add = "Add a comment";
export const send = "Comment";
export const placeholder = "Write a comment. @ mentions somebody.";
export const notSent = (reason: string) => `Not sent: ${reason}`;
export const tooLong = (characters: number) => `${characters.toLocaleString()} characters too long.`;
export const draft = (title: string) => `Comment on “${title}”`;
export const aTask = "a task";
export const people = "People";
export const peopleFound = (count: number) => plural(count, "1 person", `${count} people`);

export const wasDeleted = "This comment was deleted.";
export const edited = "· edited";
export const notSentYet = "· Not sent yet";
export const editIt = "Edit your comment";
export const edit = "Edit";
export const deleteIt = "Delete comment";
export const deleteShort = "Delete";

export const repliesTo = (name: string) => `Replies to ${name}`;
export const replyTo = (name: string) => `Reply to ${name}`;
export const reply = "Reply";
export const resolve = "Resolve";
export const resolveOf = (name: string) => `Resolve the thread of ${name}`;
export const reopen = "Reopen";
export const reopenOf = (name: string) => `Reopen the thread of ${name}`;
export const resolved = (author: string, replies: number) =>
  replies === 0 ? `Resolved: ${author}` : `Resolved: ${author}, ${plural(replies, "1 reply", `${replies} replies`)}`;

export const isHomeless = "The comment that this belongs to was deleted.";
export const homeless = "Your text for a deleted comment";

export const react = "React";
export const reactions = "Reactions";
export const reactionNames = {
  "👍": "Thumbs up",
  "❤️": "Heart",
  "😄": "Laughing",
  "🎉": "Celebration",
  "🚀": "Rocket",
  "👀": "Eyes",
  "✅": "Done",
  "👎": "Thumbs down",
};
