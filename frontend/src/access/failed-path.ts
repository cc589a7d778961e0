/** Where the server sends a browser whose sign-in with a provider failed: `?error=` names the reason. */
export const FAILED_PATH = "/sign-in";
