import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { EdgeVM } from '@edge-runtime/vm';

import { startServer } from './support.js';

/** The client as a script that defines `sdk`, made by `check`. */
const BUNDLE = readFileSync(new URL('../../edge.js', import.meta.url), 'utf8');

/** Runs an async function's body in an edge runtime, where the client is `sdk`, and returns its result. */
async function onTheEdge(body: string): Promise<unknown> {
  const vm = new EdgeVM();
  vm.evaluate(BUNDLE);
  return JSON.parse(await vm.evaluate<Promise<string>>(`(async () => JSON.stringify(await (async () => {${body}})()))()`));
}

test('an edge runtime has no API of Node.js', async () => {
  const present = `return ['process', 'Buffer', 'require', 'window'].filter((name) => name in globalThis)`;
  assert.deepEqual(await onTheEdge(present), []);
});

test('the client creates, finds, lists and deletes in an edge runtime', async (context) => {
  const server = await startServer();
  context.after(() => server.stop());
  const found = await onTheEdge(`
    const hb = new sdk.HeroBrain({ apiKey: '${server.apiKey}', baseUrl: '${server.url}' });
    const { data: { id } } = await hb.memories.create({ content: 'The edge of the map', type: 'semantic' });
    const search = await hb.memories.search({ query: 'edge of the map' });
    let listed = 0;
    for await (const memory of hb.memories.list({ limit: 2 })) listed++;
    await hb.memories.delete(id);
    const gone = await hb.memories.get(id).catch((error) => error);
    return [search.data.results[0].id === id, listed > 2, gone instanceof sdk.HeroBrainError, gone.status, gone.code];
  `);
  assert.deepEqual(found, [true, true, true, 404, 'RESOURCE_NOT_FOUND']);
});

test('a signature is verified in an edge runtime', async () => {
  const time = Math.floor(Date.now() / 1000);
  const body = JSON.stringify({ type: 'memory.created' });
  const key = Buffer.alloc(32, 7);
  const signature = createHmac('sha256', key).update(`evt_1.${time}.${body}`).digest('base64');
  const verified = await onTheEdge(`
    const hb = new sdk.HeroBrain({ apiKey: 'hb_dev_test' });
    const headers = { 'webhook-id': 'evt_1', 'webhook-timestamp': '${time}', 'webhook-signature': 'v1,${signature}' };
    const verify = (body) => hb.webhooks.verify(body, headers, 'whsec_${key.toString('base64')}');
    return [await verify('${body}'), await verify('{}').catch((error) => error.code)];
  `);
  assert.deepEqual(verified, [{ type: 'memory.created' }, 'WEBHOOK_VERIFICATION_FAILED']);
});
