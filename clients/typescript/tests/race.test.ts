import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { HeroBrain, HeroBrainError } from '@herobrain/sdk';

import type { Server } from './support.js';
import { startServer } from './support.js';

let server: Server;

before(async () => {
  server = await startServer('pro');
});
after(() => server.stop());

test('eight concurrent calls on an empty bucket all succeed', async () => {
  const impatient = new HeroBrain({ apiKey: server.apiKey, baseUrl: server.url, retryAttempts: 0 });
  const drain = async (): Promise<void> => {
    for (;;) {
      try {
        await impatient.apiKeys.list();
      } catch (error) {
        assert.ok(error instanceof HeroBrainError);
        assert.deepEqual([error.status, error.code], [429, 'RATE_LIMIT_EXCEEDED']);
        assert.ok(Number(error.retryAfter) >= 1);
        return;
      }
    }
  };
  await Promise.all([drain(), drain(), drain(), drain()]);
  let refused = 0;
  const hb = new HeroBrain({
    apiKey: server.apiKey,
    baseUrl: server.url,
    interceptors: { response: ({ status }) => void (refused += Number(status === 429)) },
  });
  const calls = Array.from({ length: 8 }, (_, index) => hb.memories.create({ content: `Race ${index}`, type: 'event' }));
  const ids = (await Promise.all(calls)).map(({ data }) => data.id);
  assert.equal(new Set(ids).size, 8);
  assert.ok(refused > 0, 'the bucket was not empty');
});
