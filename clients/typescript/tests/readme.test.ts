import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { HeroBrain } from '@herobrain/sdk';

import type { Server } from './support.js';
import { redirectDefault, startServer } from './support.js';

let server: Server;
let restoreFetch: () => void;
const printed: string[] = [];
const { log, debug, info, error } = console;

before(async () => {
  server = await startServer();
  restoreFetch = redirectDefault(server.url);
  Object.assign(process.env, { HEROBRAIN_API_KEY: server.apiKey, WEBHOOK_SECRET: 'a secret of at least 24 bytes' });
  console.log = (...values: unknown[]) => void printed.push(values.join(' '));
  console.debug = console.info = console.error = () => {};
});
after(async () => {
  Object.assign(console, { log, debug, info, error });
  restoreFetch();
  await server.stop();
});

/** Runs an example of the README, by its place there. */
const snippet = (number: number): Promise<Record<string, unknown>> =>
  import(new URL(`../readme/snippet-${number}.js`, import.meta.url).href) as Promise<Record<string, unknown>>;

test('the README has four examples', () => {
  assert.equal(readdirSync(new URL('../readme/', import.meta.url)).length, 4);
});

test('the first example writes, finds and lists a memory', async () => {
  await snippet(1);
  assert.equal(printed[0], 'Sails on Sundays');
  assert.match(String(printed[1]), /^mem_\w+ 1$/);
});

test('the second example prints an error', async () => {
  printed.length = 0;
  await snippet(2);
  assert.match(String(printed[0]), /^RESOURCE_NOT_FOUND 404 req_\w+ $/);
});

test('the third example receives a webhook and follows the feed', async () => {
  printed.length = 0;
  const { receive, follow } = await snippet(3);
  const time = String(Math.floor(Date.now() / 1000));
  const body = '{"id":"evt_1"}';
  const signature = createHmac('sha256', 'a secret of at least 24 bytes').update(`evt_1.${time}.${body}`).digest('base64');
  const headers = { 'webhook-id': 'evt_1', 'webhook-timestamp': time, 'webhook-signature': `v1,${signature}` };
  const request = new Request('https://example.com/hook', { method: 'POST', body, headers });
  assert.deepEqual(await ((await (receive as Function)(request)) as Response).json(), { received: 'evt_1' });

  const hb = new HeroBrain({ apiKey: server.apiKey });
  await hb.webhooks.create({ name: 'Feed', url: `${server.url}/hook`, events: ['memory.*'], status: 'inactive' });
  const { nextCursor } = (await hb.events.list({ cursor: 'latest' })).data;
  await hb.memories.create({ content: 'Announced', type: 'event' });
  const controller = new AbortController();
  const feed = hb.events.follow({ types: 'memory.*', cursor: nextCursor, pollInterval: 20, signal: controller.signal });
  const save = async (): Promise<void> => controller.abort();
  await assert.rejects((follow as Function)(feed, save), { name: 'AbortError' });
  // Of this memory, or of one before, which may be recorded with the first endpoint, too.
  assert.deepEqual(printed, ['memory.created']);
});

test('the fourth example counts the calls of a mock', async () => {
  printed.length = 0;
  await snippet(4);
  assert.deepEqual(printed, ['1']);
});
