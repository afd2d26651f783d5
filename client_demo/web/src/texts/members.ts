/** The members of a project, and inviting people to it. */

import { plural } from "./plural";

export const title = "Members";
export const you = "(you)";
export const hereNow = "Here now";
export const roles = { owner: "Owner", editor: "Editor", viewer: "Viewer" };
export const roleHints = { owner: "Can do everything", editor: "Can edit tasks", viewer: "Can only view" };
export const roleOf = (name: string) => `Role of ${name}`;
export const allSettings = "All settings of this project";
export const ownerOnly = "Only the owner can invite people and change roles.";

export const leave = "Leave";
export const leaveQuestion = "Leave this project?";
export const leaveHint = "The board closes on all your screens. The owner can invite you again.";
export const remove = "Remove";
export const removeQuestion = (name: string) => `Remove ${name}?`;
export const removeHint = "The board closes on all their screens at once. You can invite them again.";
export const handOver = "Hand over";
export const handOverQuestion = (name: string) => `Hand the project over to ${name}?`;
export const handOverHint = "They become the only owner, and you stay as an editor. Only they can give it back.";

// By e-mail address.
export const draft = "Invitation";
export const inviteByEmail = "Invite by e-mail address";
export const example = "grace@example.org";
export const as = "As";
export const invite = "Invite";
export const isMember = (name: string) => `${name} is a member now.`;
export const isUnverified = (name: string, email: string) =>
  `${name} is a member now. Nobody has verified that ${email} belongs to them.`;
export const noAccount = "Nobody has an account with this address yet.";
export const sendInvitation = "Send an invitation";

// By link.
export const invitations = "Invitations";
export const inviteByLink = "Invite by link";
export const joinAs = "They join as";
export const worksFor = "Works for";
export const days = (count: number) => plural(count, "1 day", `${count} days`);
export const admits = "Admits";
export const people = (count: number) => plural(count, "1 person", `${count} people`);
export const makeLink = "Make a link";
export const linkFor = (email: string) => `Link for ${email}`;
export const link = "Link to send";
export const sentByMail = "It is sent by mail.";
export const shownOnce = "The link is shown only now.";
export const oneCanUse = "Only the person with this address can use it.";
export const anyoneCanUse = "Whoever has it can join.";

// Those that are open.
export const open = "Open invitations";
export const anybody = "Anybody with the link";
export const asRole = (role: string) => `As ${role}`;
export const until = (time: string) => `until ${time}`;
export const used = (uses: number, most: number) => `${uses} of ${most} used`;
export const mail = {
  waiting: "the mail is on its way",
  sent: "sent by mail",
  refused: "the mail was refused: send the link yourself",
};
export const withdraw = "Withdraw";
export const withdrawRest = (whom: string) => `the invitation for ${whom}`;
export const withdrawn = "The invitation is withdrawn.";
