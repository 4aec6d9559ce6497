import assert from 'node:assert/strict';
import { test } from 'node:test';

import { AbortError } from '@herobrain/sdk';

import { failure, ok, scriptedClient } from './support.js';

/** A bucket that refuses the first requests, and then gives a token in each interval. Its Retry-After is a whole second. */
function bucket(interval: number): () => Response {
  let nextToken = performance.now() + interval;
  return () => {
    if (performance.now() < nextToken) return failure(429, 'RATE_LIMIT_EXCEEDED', { 'Retry-After': '1' });
    nextToken += interval;
    return ok({ id: 'mem_1' });
  };
}

test('eight concurrent calls on an empty bucket succeed with the default number of attempts', async () => {
  const { hb, sent } = scriptedClient([bucket(600)]);
  const calls = Array.from({ length: 8 }, () => hb.memories.get('mem_1'));
  assert.equal((await Promise.all(calls)).length, 8);
  assert.ok(sent.length <= 8 * 3);
});

test('waiting calls are let through one by one, in the order in which they began', async () => {
  let [running, most, requests] = [0, 0, 0];
  const served: string[] = [];
  const { hb } = scriptedClient([
    async ({ url }) => {
      requests += 1;
      if (requests <= 4) return failure(429, 'RATE_LIMIT_EXCEEDED', { 'Retry-After': '1' });
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running -= 1;
      served.push(String(url.at(-1)));
      return ok({});
    },
  ]);
  await Promise.all(['1', '2', '3', '4'].map((id) => hb.memories.get(id)));
  assert.deepEqual(served, ['1', '2', '3', '4']);
  assert.equal(most, 1);
});

test('after a refusal a busy client comes back to as many calls at the same time as before', async () => {
  let [requests, running, most] = [0, 0, 0];
  const { hb } = scriptedClient([
    async () => {
      if (++requests === 1) return failure(429, 'RATE_LIMIT_EXCEEDED', { 'Retry-After': '1' });
      running += 1;
      if (requests > 100) most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 2));
      running -= 1;
      return ok({});
    },
  ]);
  const calls = Array.from({ length: 200 }, async (_, index) => {
    // All but the first arrive while the gate is closed.
    if (index > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    return hb.memories.get(String(index));
  });
  assert.equal((await Promise.all(calls)).length, 200);
  assert.ok(most >= 8, `${most} at the same time`);
});

test('a call that leaves the queue does not hold up the others', async () => {
  const controller = new AbortController();
  let requests = 0;
  const { hb } = scriptedClient([
    () => (++requests <= 3 ? failure(429, 'RATE_LIMIT_EXCEEDED', { 'Retry-After': '1' }) : ok({})),
  ]);
  const leaving = hb.memories.get('1', { signal: controller.signal });
  const others = ['2', '3'].map((id) => hb.memories.get(id));
  setTimeout(() => controller.abort(), 100);
  await assert.rejects(leaving, AbortError);
  assert.equal((await Promise.all(others)).length, 2);
});

test('a call that fails otherwise lets the next one through', async () => {
  let requests = 0;
  const { hb } = scriptedClient([
    ({ url }) => {
      if (++requests <= 2) return failure(429, 'RATE_LIMIT_EXCEEDED', { 'Retry-After': '1' });
      return url.endsWith('/1') ? failure(404, 'RESOURCE_NOT_FOUND') : ok({});
    },
  ]);
  const [first, second] = await Promise.allSettled([hb.memories.get('1'), hb.memories.get('2')]);
  assert.equal(first?.status, 'rejected');
  assert.equal(second?.status, 'fulfilled');
});

test('what has no rate limit waits for no other', async () => {
  const controller = new AbortController();
  const { hb } = scriptedClient([
    ({ url }) => (url.endsWith('/health') ? ok({}) : failure(429, 'RATE_LIMIT_EXCEEDED', { 'Retry-After': '50' })),
  ]);
  const limited = assert.rejects(hb.memories.get('1', { signal: controller.signal }), AbortError);
  await new Promise((resolve) => setTimeout(resolve, 5));
  // The gate would hold it back until the call is aborted.
  await hb.health.check({ signal: AbortSignal.timeout(10_000) });
  controller.abort();
  await limited;
});

test('without repetitions a call waits for no other', async () => {
  const { hb, sent } = scriptedClient([failure(429, 'RATE_LIMIT_EXCEEDED', { 'Retry-After': '50' })], { retryAttempts: 0 });
  await assert.rejects(hb.memories.get('1'), { status: 429, retryAfter: 50 });
  await assert.rejects(hb.memories.get('2'), { status: 429 });
  assert.equal(sent.length, 2);
});
