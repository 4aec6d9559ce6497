// Verifies tokens with Clerk's own SDK: `node verify.mjs FOLDER FILE`, where FOLDER has @clerk/backend installed.
//
// FILE is {"jwtKey", "authorizedParties", "audience", "now", "tokens"}; `now` is the SDK's clock in milliseconds, or null
// for the system time. Prints a list with {"user", "organization", "role"} for each token that is a session, and
// {"reason"} for each other token. Without FILE, prints the tokens and public keys of the SDK's fixtures as
// {"tokens", "keys"} by their names.

import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

const [folder, file] = process.argv.slice(2);
const main = createRequire(resolve(folder, 'package.json')).resolve('@clerk/backend');

function fixtures() {
  const found = { tokens: {}, keys: {} };
  const place = join(dirname(main), 'fixtures');
  for (const name of readdirSync(place).filter((name) => name.endsWith('.d.ts'))) {
    const text = readFileSync(join(place, name), 'utf8');
    for (const [, constant, value] of text.matchAll(/^export declare const (\w+) = ("(?:[^"\\]|\\.)*");$/gm)) {
      const content = JSON.parse(value);
      if (/^[\w-]+(\.[\w-]*){2}$/.test(content)) found.tokens[constant] = content;
      if (content.includes('BEGIN PUBLIC KEY')) found.keys[constant] = content;
      if (content.startsWith('MII')) {
        found.keys[constant] = `-----BEGIN PUBLIC KEY-----\n${content}\n-----END PUBLIC KEY-----`;
      }
    }
  }
  return found;
}

async function verify({ jwtKey, authorizedParties, audience, now, tokens }) {
  const { createClerkClient } = createRequire(import.meta.url)(main);
  if (now !== null) Date.now = () => now;
  const publishableKey = `pk_live_${btoa('clerk.example.com$')}`;
  const clerk = createClerkClient({ jwtKey, publishableKey, secretKey: 'sk_live_none', telemetry: { disabled: true } });
  const options = { jwtKey, authorizedParties, audience };
  const verdicts = [];
  for (const token of tokens) {
    const headers = { authorization: `Bearer ${token}` };
    const state = await clerk.authenticateRequest(new Request('https://api.example.com/', { headers }), options);
    // A session that is pending is signed out.
    const auth = state.toAuth();
    verdicts.push(
      state.isAuthenticated && auth.userId !== null
        ? { user: auth.userId, organization: auth.orgId ?? null, role: auth.orgRole ?? null }
        : { reason: String(state.reason ?? state.status) },
    );
  }
  return verdicts;
}

process.stdout.write(JSON.stringify(file ? await verify(JSON.parse(readFileSync(file, 'utf8'))) : fixtures()));
