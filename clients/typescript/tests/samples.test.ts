import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { HeroBrain } from '@herobrain/sdk';

import type { Server } from './support.js';
import { failure, ok, redirectDefault, startServer } from './support.js';

let server: Server;
let hb: HeroBrain;
let restoreFetch: () => void;
const printed: string[] = [];
const log = console.log;

before(async () => {
  server = await startServer();
  restoreFetch = redirectDefault(server.url);
  for (const name of ['HEROBRAIN_API_KEY', 'HEROBRAIN_DEV_API_KEY']) process.env[name] = server.apiKey;
  process.env['HEROBRAIN_TENANT_ID'] = server.tenantId;
  const session = { getToken: async () => server.jwt, userId: server.tenantId };
  Object.assign(globalThis, { clerkSession: session });
  hb = new HeroBrain({ apiKey: server.apiKey });
  console.log = (...values: unknown[]) => void printed.push(values.map((value) => (typeof value === 'object' ? JSON.stringify(value) : String(value))).join(' '));
});
afterEach(() => void printed.splice(0));
after(async () => {
  console.log = log;
  restoreFetch();
  await server.stop();
});

const newest = async (): Promise<string | undefined> => (await hb.memories.list({ limit: 1 })).data.memories[0]?.content;

test('config.ts', async () => {
  const { config } = await import('../samples/config.js');
  assert.equal((await new HeroBrain(config.herobrain).memories.list({ limit: 1 })).success, true);
});

test('component.tsx', async () => {
  const { MyComponent } = await import('../samples/component.js');
  await MyComponent().props.onClick();
  assert.equal(await newest(), 'User created memory');
  assert.match(String(printed[0]), /User created memory/);
});

test('component.tsx: all renderings have one client', async () => {
  const { MyComponent } = await import('../samples/component.js');
  const original = globalThis.fetch;
  const keys: (string | null)[] = [];
  globalThis.fetch = async (_, init) => {
    keys.push(new Headers(init?.headers).get('Idempotency-Key'));
    return keys.length === 1 ? failure(429, 'RATE_LIMIT_EXCEEDED', { 'Retry-After': '1' }) : ok({});
  };
  try {
    const first = MyComponent().props.onClick();
    // It is refused meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 50));
    await Promise.all([first, MyComponent().props.onClick()]);
  } finally {
    globalThis.fetch = original;
  }
  // A client of its own would not know that the first call is waiting.
  assert.deepEqual([keys.length, keys[1]], [3, keys[0]]);
});

test('api-route.ts', async () => {
  const { default: handler } = await import('../samples/api-route.js');
  const answers: [number, unknown][] = [];
  const response = { status: (code: number) => ({ json: (body: unknown) => void answers.push([code, body]) }) };
  await handler({ headers: { authorization: `Bearer ${server.jwt}` }, body: { content: 'From a route' } }, response);
  assert.equal(await newest(), 'From a route');
  await handler({ headers: {}, body: { content: 'x' } }, response);
  await handler({ headers: { authorization: 'Bearer none' }, body: { content: 'x' } }, response);
  const original = globalThis.fetch;
  globalThis.fetch = () => Promise.reject(new TypeError('fetch failed'));
  try {
    await handler({ headers: { authorization: `Bearer ${server.jwt}` }, body: { content: 'x' } }, response);
  } finally {
    globalThis.fetch = original;
  }
  assert.deepEqual(answers.map(([code]) => code), [201, 401, 401, 502]);
});

test('rate-limits.ts', async () => {
  const { makeApiCall, showLimits } = await import('../samples/rate-limits.js');
  assert.equal((await makeApiCall(hb, { content: 'Within the limits', type: 'episodic' })).response.status, 201);
  await showLimits(hb);
  assert.match(String(printed[0]), /^\d+ requests at once; \d+ until /);
});

test('rate-limits.ts: the bucket is empty', async () => {
  const { makeApiCall } = await import('../samples/rate-limits.js');
  const free = await startServer('free');
  try {
    const impatient = new HeroBrain({ apiKey: free.apiKey, baseUrl: free.url, retryAttempts: 0 });
    const calls = Array.from({ length: 25 }, () => makeApiCall(impatient, { content: 'Burst', type: 'episodic' }));
    const outcomes = await Promise.allSettled(calls);
    assert.ok(outcomes.some(({ status }) => status === 'rejected'));
    assert.match(String(printed[0]), /Rate limited\. Retry after \d+ seconds/);
  } finally {
    await free.stop();
  }
});

test('environments.ts', async () => {
  const { currentConfig } = await import('../samples/environments.js');
  assert.equal((await new HeroBrain(currentConfig).memories.list({ limit: 1 })).success, true);
});

test('rotation.ts', async () => {
  const { rotateApiKey, rotateInPlace } = await import('../samples/rotation.js');
  const old = await hb.apiKeys.create({ name: 'Old', scopes: ['read:memories', 'write:memories'] });
  const stored: string[] = [];
  const store = async (key: string): Promise<void> => void stored.push(key);
  const id = await rotateApiKey(new HeroBrain({ apiKey: String(old.data.plainKey) }), old.data.id, store);
  assert.equal((await hb.apiKeys.get(old.data.id)).data.status, 'revoked');
  await rotateInPlace(hb, id, store);
  for (const apiKey of stored) assert.equal((await new HeroBrain({ apiKey }).memories.list({ limit: 1 })).success, true);
  assert.equal(new Set(stored).size, 2);
});

test('browser-console.ts', async () => {
  const Clerk = { session: { getToken: async () => server.jwt }, user: { id: server.tenantId } };
  Object.assign(globalThis, { window: { Clerk } });
  await import('../samples/browser-console.js');
  assert.equal(await newest(), 'Test from Clerk JWT');
  assert.match(String(printed[0]), /"success":true/);
});

test('decode-jwt.ts', async () => {
  const { decodeJWT } = await import('../samples/decode-jwt.js');
  assert.equal(decodeJWT(server.jwt).sub, server.tenantId);
  const text = Buffer.from(JSON.stringify({ sub: 'Zoë ÿþ?>~', exp: 0 })).toString('base64url');
  assert.match(text, /[-_]/);
  assert.equal(decodeJWT(`x.${text}.x`).sub, 'Zoë ÿþ?>~');
});

test('migration.ts', async () => {
  const { hb: withSession, withApiKey } = await import('../samples/migration.js');
  for (const client of [withApiKey(), withSession]) {
    assert.equal((await client.memories.create({ content: 'Migrated', type: 'task' })).success, true);
  }
});

test('production.ts', async () => {
  const { hb: client } = await import('../samples/production.js');
  assert.equal((await client.memories.list({ limit: 1 })).success, true);
});
