/** The token of the session that a test has set. */
export const getToken = () => globalThis.clerkSession.getToken();
