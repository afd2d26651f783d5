/** The page of an invitation's link. */

export const title = "Invitation";
export const looking = "Looking at the invitation…";
export const invitesYouTo = "invites you to";
export const youCan = {
  editor: "As an editor you can see and change everything.",
  viewer: "As a viewer you can see everything.",
};

export const isOver = "This invitation is over";
export const unknown = "There is no such invitation";
export const unknownHint =
  "Check that the link is complete, or ask whoever sent it for a new one. If the project was deleted, its invitations are gone with it.";

// Somebody who is signed in.
export const signedInAs = "You are signed in as";
export const oneAddress = "The invitation is for one e-mail address only.";
export const join = "Join the project";
export const otherAccount = "Sign out and use another account";

// Somebody who is not.
export const sameAddress = "The invitation works only with the e-mail address that it was sent to.";
export const createAndJoin = "Create account and join";
export const signInAndJoin = "Sign in and join";
export const haveAccount = "I have an account";
export const newHere = "I'm new here";
