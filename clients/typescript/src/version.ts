/** The version of this package. */
export const VERSION = '0.1.0';

/** How the client names itself on servers. */
export const USER_AGENT = `herobrain-typescript/${VERSION}`;
