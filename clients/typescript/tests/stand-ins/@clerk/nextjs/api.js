/** Adds the session that a test has set to a request. */
export const withAuth = (handler) => (req, res) => handler(Object.assign(req, { auth: globalThis.clerkSession }), res);
