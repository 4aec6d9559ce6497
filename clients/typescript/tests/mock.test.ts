import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { HeroBrain } from '@herobrain/sdk';
import { HeroBrainError } from '@herobrain/sdk';
import { MockHeroBrain } from '@herobrain/sdk/test-utils';

/** What an application has: a function that takes a client. */
async function remember(hb: HeroBrain, content: string): Promise<string> {
  return (await hb.memories.create({ content, type: 'episodic', tags: ['note'] })).data.id;
}

test('memories are kept', async () => {
  const mock = new MockHeroBrain();
  const id = await remember(mock, 'Sails on Sundays');
  await remember(mock, 'Bakes bread');
  const { data, response } = await mock.memories.get(id);
  assert.equal(data.content, 'Sails on Sundays');
  assert.equal(data.importance, 0.5);
  const patched = await mock.memories.update(id, { metadata: { boat: 'Ada' }, userId: 'u' }, { ifMatch: response.etag ?? '' });
  assert.deepEqual(patched.data.metadata, { boat: 'Ada' });
  await assert.rejects(mock.memories.update(id, {}, { ifMatch: response.etag ?? '' }), { code: 'PRECONDITION_FAILED' });
  assert.equal((await mock.memories.search({ query: 'sails' })).data.results[0]?.id, id);
  assert.deepEqual((await mock.memories.list({ limit: 1 }).toArray()).map(({ content }) => content), ['Bakes bread', 'Sails on Sundays']);
  assert.deepEqual((await mock.memories.list({ userId: 'u' })).data.pagination.total, 1);
  assert.equal((await mock.memories.export().toArray())[0]?.id, id);
  assert.deepEqual((await mock.memories.delete(id)).data, { deleted: true, id });
  await assert.rejects(mock.memories.get(id), { code: 'RESOURCE_NOT_FOUND', status: 404 });
});

test('keys, bulks and imports are kept', async () => {
  const mock = new MockHeroBrain();
  const key = { key: 'profile', userId: 'u', namespace: ['users', 'u'] };
  assert.equal((await mock.memories.putByKey(key, { content: 'One', type: 'semantic' })).response.status, 201);
  assert.equal((await mock.memories.putByKey(key, { content: 'Two', type: 'semantic' })).response.status, 200);
  assert.equal((await mock.memories.getByKey(key)).data.content, 'Two');
  const duplicate = { ...key, content: 'Three', type: 'semantic' } as const;
  await assert.rejects(mock.memories.create(duplicate), { code: 'DUPLICATE_RESOURCE' });
  const bulk = await mock.memories.createBulk({ memories: [duplicate, { content: 'Four', type: 'semantic' }] });
  assert.deepEqual([bulk.data.created, bulk.data.failed], [1, 1]);
  const imported = await mock.memories.import([duplicate, { type: 'semantic' }]);
  assert.deepEqual([imported.data.existing, imported.data.failed], [1, 1]);
  assert.deepEqual((await mock.namespaces.list()).data.namespaces, [['users', 'u']]);
  assert.equal((await mock.memories.deleteAll({ filter: { userId: 'u' } })).data.deleted, 1);
});

test('queries, searches and deletions understand filters, and have pages', async () => {
  const mock = new MockHeroBrain();
  for (let index = 0; index < 7; index++) {
    const metadata = { order: { total: index }, ...(index === 3 ? { 'a.b': null } : {}) };
    await mock.memories.create({ content: `Order ${index}`, type: 'event', userId: `u${index}`, tags: ['odd'].slice(index % 2 ? 0 : 1), metadata });
  }
  const found = async (filter: object): Promise<string> =>
    (await mock.memories.query({ filter: filter as never }).toArray()).map(({ userId }) => userId).reverse().join(' ');
  assert.equal(await found({ 'metadata.order.total': { gte: 5 } }), 'u5 u6');
  assert.equal(await found({ and: [{ tags: { contains: 'odd' } }, { not: { userId: { in: ['u1', 'u5'] } } }] }), 'u3');
  assert.equal(await found({ or: [{ userId: { prefix: 'u6' } }, { 'metadata.a\\.b': { exists: true } }] }), 'u3 u6');
  assert.equal(await found({ createdAt: { gt: Date.now() + 60_000 } }), '');
  assert.equal(await found({ createdAt: { gt: '2020-01-01' }, }), 'u0 u1 u2 u3 u4 u5 u6');
  await assert.rejects(found({ userId: { like: 'u' } }), { code: 'VALIDATION_ERROR', status: 400 });
  assert.equal((await mock.memories.query({ limit: 3 })).data.memories.length, 3);
  assert.equal((await mock.memories.query({ limit: 3 }).toArray()).length, 7);
  assert.equal((await mock.memories.search({ query: 'order', limit: 3 }).toArray()).length, 7);
  await assert.rejects(async () => mock.memories.list({ limit: 101 }), { code: 'VALIDATION_ERROR', status: 400 });
  assert.equal((await mock.memories.deleteAll({ filter: { importance: { gt: 0.9 } } })).data.deleted, 0);
  assert.equal((await mock.memories.deleteAll({ filter: { 'metadata.order.total': { lt: 2 } } })).data.deleted, 2);
});

test('an invalid request is an error of the service, and an invalid line a result', async () => {
  const mock = new MockHeroBrain();
  const required = { code: 'VALIDATION_ERROR', status: 400 };
  await assert.rejects(mock.memories.createBulk({} as never), required);
  await assert.rejects(mock.memories.updateBulk({} as never), required);
  await assert.rejects(mock.memories.deleteBulk({} as never), required);
  await assert.rejects(async () => mock.memories.batchGet({} as never), required);
  const { data } = await mock.memories.import('{"content":\nnull\n{"content":"x","type":"event"}');
  assert.deepEqual([data.imported, data.failed, data.results[0]?.line], [1, 2, 1]);
});

test('conditional requests depend on the version', async () => {
  const mock = new MockHeroBrain();
  const [key, memory, stale] = [{ key: 'profile' }, { content: 'x', type: 'semantic' }, '"0"'] as const;
  const failed = { code: 'PRECONDITION_FAILED', status: 412 };
  await assert.rejects(mock.memories.putByKey(key, memory, { ifMatch: '*' }), failed);
  const { response, data } = await mock.memories.putByKey(key, memory, { ifNoneMatch: '*' });
  await assert.rejects(mock.memories.putByKey(key, memory, { ifNoneMatch: '*' }), failed);
  await assert.rejects(mock.memories.putByKey(key, memory, { ifMatch: stale }), failed);
  await assert.rejects(mock.memories.deleteByKey(key, { ifMatch: stale }), failed);
  const unchanged = { code: 'NOT_MODIFIED', status: 304 };
  await assert.rejects(mock.memories.get(data.id, { ifNoneMatch: String(response.etag) }), unchanged);
  await assert.rejects(mock.memories.getByKey(key, { ifNoneMatch: '*' }), unchanged);
  assert.equal((await mock.memories.get(data.id, { ifNoneMatch: stale })).data.content, 'x');
  await mock.memories.deleteByKey(key, { ifMatch: String(response.etag) });
});

test('API keys are kept', async () => {
  const mock = new MockHeroBrain();
  const { data } = await mock.apiKeys.create({ name: 'CI', scopes: ['read:memories'] });
  assert.match(String(data.plainKey), /^hb_prod_/);
  assert.equal((await mock.apiKeys.revoke({ keyId: data.id })).data.status, 'revoked');
  assert.equal((await mock.apiKeys.list()).data.keys[0]?.status, 'revoked');
  const usage = (await mock.apiKeys.usage({ keyId: data.id, days: 7 })).data;
  assert.equal(usage.daily.length, 7);
  assert.deepEqual(usage.scopes, [{ scope: 'read:memories', requests: 0 }]);
  await assert.rejects(mock.apiKeys.create({} as never), { code: 'VALIDATION_ERROR', status: 400 });
});

test('responses are planned', async () => {
  const mock = new MockHeroBrain().respond('health.check', { status: 'ok' });
  assert.equal((await mock.health.check()).data.status, 'ok');
  const results = [{ id: 'mem_1', content: 'Sails' }] as never;
  mock.respond('memories.search', ({ body }) => ({ results, query: (body as { query: string }).query, latency: 1, nextCursor: null }));
  const { data } = await mock.memories.search({ query: 'boats' });
  assert.deepEqual([data.query, data.results[0]?.id], ['boats', 'mem_1']);
  await assert.rejects(mock.webhooks.list(), /mock\.respond\('webhooks\.list'/);
});

test('failures are planned', async () => {
  const mock = new MockHeroBrain().fail('memories.create', { status: 429, code: 'RATE_LIMIT_EXCEEDED', retryAfter: 6 });
  await assert.rejects(remember(mock, 'x'), (error) => {
    assert.ok(error instanceof HeroBrainError);
    assert.deepEqual([error.status, error.code, error.retryAfter], [429, 'RATE_LIMIT_EXCEEDED', 6]);
    return true;
  });
  mock.fail('memories.create', { status: 503, code: 'SERVICE_UNAVAILABLE', times: 1 });
  await assert.rejects(remember(mock, 'x'), { status: 503 });
  await remember(mock, 'x');
});

test('calls are recorded, and forgotten', async () => {
  const mock = new MockHeroBrain({ tenantId: 'user_1' });
  await remember(mock, 'x');
  const [call] = mock.calls;
  assert.equal(call?.operation, 'memories.create');
  assert.deepEqual(call?.query, { tenantId: 'user_1' });
  assert.deepEqual(call?.body, { content: 'x', type: 'episodic', tags: ['note'] });
  mock.reset();
  assert.equal(mock.calls.length, 0);
  assert.equal((await mock.memories.list()).data.pagination.total, 0);
});
