/** Signing in and making an account. */

export const signIn = "Sign in";
export const welcome = "Welcome";
export const welcomeHint = "A shared board that is live on every screen.";
export const wasSignedOut = "You were signed out. Sign in to continue where you were; unsent changes are kept.";
export const demo = "The demo sign-in is filled in. Just press the button.";
export const newHere = "New here?";
export const createAnAccount = "Create an account";

export const createTitle = "Create your account";
export const createHint = "One account for all projects on this server.";
export const createAccount = "Create account";
export const haveAccount = "Have an account?";

export const email = "E-mail address";
export const password = "Password";
export const passwordHint = "At least 8 characters.";

// Two people in the picture.
export const ada = "Ada";
export const grace = "Grace";
