import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';

import type { Delivery, Event, Fetch } from '@herobrain/sdk';
import { HeroBrain } from '@herobrain/sdk';

import type { Server } from './support.js';
import { eventually, startServer } from './support.js';

let server: Server;
let hb: HeroBrain;

before(async () => {
  server = await startServer();
  hb = new HeroBrain({ apiKey: server.apiKey, baseUrl: server.url, tenantId: server.tenantId });
});
after(() => server.stop());

test('memories are created, read, changed, replaced and deleted', async () => {
  const created = await hb.memories.create({ content: 'Sails on Sundays', type: 'semantic', userId: 'local-1', metadata: { boat: 'Ada' } });
  assert.equal(created.success, true);
  assert.equal(created.response.status, 201);
  const { id } = created.data;
  const etag = created.response.etag ?? '';
  assert.deepEqual((await hb.memories.get(id)).data, created.data);
  await assert.rejects(hb.memories.get(id, { ifNoneMatch: etag }), { code: 'NOT_MODIFIED' });
  const updated = await hb.memories.update(id, { tags: ['boats'] }, { ifMatch: etag });
  assert.deepEqual(updated.data.tags, ['boats']);
  await assert.rejects(hb.memories.update(id, { tags: [] }, { ifMatch: etag }), { code: 'PRECONDITION_FAILED', status: 412 });
  const replaced = await hb.memories.replace(id, { content: 'Rows', type: 'semantic' });
  assert.deepEqual([replaced.data.tags, replaced.data.userId], [[], undefined]);
  assert.deepEqual((await hb.memories.delete(id)).data, { deleted: true, id });
  await assert.rejects(hb.memories.get(id), { code: 'RESOURCE_NOT_FOUND', status: 404 });
});

test('memories have keys', async () => {
  const key = { key: 'a/b & ~c', namespace: ['users', 'x/y~z'], userId: 'local-2' };
  const put = await hb.memories.putByKey(key, { content: 'One', type: 'semantic' }, { ifNoneMatch: '*' });
  assert.deepEqual(put.data.namespace, key.namespace);
  assert.equal((await hb.memories.getByKey(key)).data.key, key.key);
  const again = { ...key, content: 'Two', type: 'semantic' } as const;
  await assert.rejects(hb.memories.create(again), { code: 'DUPLICATE_RESOURCE', status: 409 });
  assert.equal((await hb.memories.create(again, { onConflict: 'keep' })).data.content, 'One');
  const namespaces = await hb.namespaces.list({ prefix: ['users'], limit: 1 }).toArray();
  assert.deepEqual(namespaces, [key.namespace]);
  assert.equal((await hb.memories.deleteByKey(key)).data.deleted, true);
});

test('bulks, imports, exports and lists agree', async () => {
  const userId = 'local-3';
  const lines = Array.from({ length: 1203 }, (_, index) => ({ content: `Note ${index}`, type: 'episodic', userId }));
  const imported = await hb.memories.import([...lines, { content: 'no type' }]);
  assert.deepEqual([imported.data.imported, imported.data.failed], [1203, 1]);
  assert.deepEqual(imported.data.results.map(({ line }) => line), Array.from({ length: 1204 }, (_, index) => index + 1));
  const bulk = await hb.memories.createBulk({ memories: [{ content: 'A', type: 'task', userId }, { content: ' ', type: 'task', userId }] });
  assert.deepEqual([bulk.data.created, bulk.data.failed], [1, 1]);
  const exported = await hb.memories.export({ userId }).toArray();
  assert.equal(exported.length, 1204);
  const again = await hb.memories.import(exported);
  assert.deepEqual([again.data.existing, again.data.imported], [1204, 0]);
  const listed = await hb.memories.list({ userId, limit: 100 }).toArray();
  assert.deepEqual(new Set(listed.map(({ id }) => id)), new Set(exported.map(({ id }) => id)));
  const filter = { and: [{ userId: { eq: userId } }, { type: { eq: 'task' } }] };
  const [task] = await hb.memories.query({ filter, limit: 1 }).toArray();
  assert.equal(task?.content, 'A');
  const results = await hb.memories.search({ query: 'note 17', userId, limit: 10 }).toArray(20);
  assert.equal(results[0]?.content, 'Note 17');
  assert.equal(results.length, 20);
  const ids = exported.slice(0, 2).map(({ id }) => id);
  assert.deepEqual((await hb.memories.batchGet({ ids: [...ids, 'none'] }).toArray()).map((memory) => memory?.id), [...ids, undefined]);
  const items = ids.map((id) => ({ id, patch: { importance: 1 } }));
  assert.equal((await hb.memories.updateBulk({ items })).data.updated, 2);
  assert.equal((await hb.memories.deleteBulk({ ids })).data.deleted, 2);
  assert.equal((await hb.memories.deleteAll({ filter: { userId } })).data.deleted, 1202);
  assert.equal((await hb.memories.list({ userId })).data.memories.length, 0);
});

test('API keys are created, used, rotated and revoked', async () => {
  const { data } = await hb.apiKeys.create({ name: 'Local', environment: 'development', scopes: ['read:memories'] });
  const own = new HeroBrain({ apiKey: String(data.plainKey), baseUrl: server.url });
  assert.equal((await own.memories.list({ limit: 1 })).data.memories.length, 1);
  await assert.rejects(own.memories.create({ content: 'x', type: 'task' }), { code: 'INSUFFICIENT_SCOPE', status: 403 });
  const rotated = await hb.apiKeys.rotate({ keyId: data.id, gracePeriodSeconds: 60 });
  assert.notEqual(rotated.data.plainKey, data.plainKey);
  assert.equal((await hb.apiKeys.get(data.id)).data.name, 'Local');
  assert.equal((await hb.apiKeys.usage({ keyId: data.id, days: 7 })).data.daily.length, 7);
  assert.equal((await hb.apiKeys.usage(data.id)).data.days, 30);
  assert.equal((await hb.apiKeys.revoke({ keyId: data.id })).data.status, 'revoked');
  assert.equal((await hb.apiKeys.revoke(data.id)).data.status, 'revoked');
  assert.ok((await hb.apiKeys.list()).data.keys.some(({ id, status }) => id === data.id && status === 'revoked'));
  await assert.rejects(own.memories.list({ limit: 1 }), { code: 'AUTH_INVALID', status: 401 });
});

test('webhooks are delivered, verified, followed and sent again', async () => {
  let secrets: string[] = [];
  const received: Event[] = [];
  const refused: unknown[] = [];
  const receiver = createServer(async (request, response) => {
    const body = Buffer.concat((await request.toArray()) as Buffer[]);
    try {
      received.push(await hb.webhooks.verify(body, request.headers, secrets));
    } catch (error) {
      refused.push(error);
    }
    response.end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  try {
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
    const { data } = await hb.webhooks.create({ name: 'Local', url, events: ['memory.*'] });
    const plain = 'a plain secret of more than 24 bytes';
    secrets = [String(data.secret)];
    assert.equal((await hb.webhooks.test(data.id)).data.delivered, true);
    assert.equal(received[0]?.metadata.test, true);
    await hb.webhooks.rotateSecret(data.id, { secret: plain, gracePeriodSeconds: 0 });
    secrets.push(plain);
    const feed = hb.events.follow({ types: 'memory.*', pollInterval: 20, cursor: (await hb.events.list({ cursor: 'latest' })).data.nextCursor });
    const created = await hb.memories.create({ content: 'Announced', type: 'event' });
    // What happened just before may be recorded with the first endpoint, too.
    let eventId = '';
    for await (const event of feed) {
      if (event.event !== 'memory.created' || event.data.id !== created.data.id) continue;
      eventId = event.id;
      break;
    }
    await eventually(() => received.some(({ id }) => id === eventId));
    assert.deepEqual(refused, []);
    const logged = (): Promise<Delivery[]> => hb.webhooks.deliveries(data.id, { limit: 1 }).toArray();
    await eventually(async () => (await logged()).some((delivery) => delivery.eventId === eventId));
    assert.equal((await hb.webhooks.resend(data.id, eventId)).data.eventId, eventId);
    const since = new Date(Date.now() - 60_000).toISOString();
    assert.equal((await hb.webhooks.recover(data.id, { since })).data.status, 'pending');
    const { response } = await hb.webhooks.get(data.id);
    await hb.webhooks.update(data.id, { status: 'inactive' }, { ifMatch: response.etag ?? '' });
    assert.equal((await hb.webhooks.list()).data.webhooks[0]?.status, 'inactive');
    assert.equal((await hb.webhooks.delete(data.id)).data.id, data.id);
  } finally {
    receiver.closeAllConnections();
    receiver.close();
  }
});

test('the standing, the health and the keys of tokens are read', async () => {
  assert.equal((await hb.usage.rateLimit()).data.plan, 'enterprise');
  assert.equal((await hb.health.check()).data.status, 'ok');
  assert.ok((await hb.auth.jwks()).data.keys.length > 0);
});

test('a session is exchanged for a token', async () => {
  const session = new HeroBrain({ token: async () => server.jwt, baseUrl: server.url });
  const { data } = await session.auth.exchange({ scopes: ['read:memories'] });
  assert.equal(data.tenantId, server.tenantId);
  const own = new HeroBrain({ token: data.token, baseUrl: server.url });
  assert.equal((await own.memories.list({ limit: 1 })).data.memories.length, 1);
});

test('a foreign tenant is refused', async () => {
  const foreign = new HeroBrain({ apiKey: server.apiKey, baseUrl: server.url, tenantId: 'somebody-else' });
  await assert.rejects(foreign.memories.list(), { code: 'TENANT_MISMATCH', status: 403 });
});

test('every invalid field is named', async () => {
  await assert.rejects(hb.memories.create({ content: '', type: 'none', importance: 2 } as never), (error) => {
    const fields = (error as { errors: { field?: string }[] }).errors.map(({ field }) => field);
    assert.deepEqual(fields.sort(), ['content', 'importance', 'type']);
    return true;
  });
});

test('a call whose answer is lost creates one memory', async () => {
  let requests = 0;
  const losing: Fetch = async (url, init) => {
    const response = await fetch(url, init);
    if (++requests > 1) return response;
    await response.arrayBuffer();
    throw new TypeError('terminated');
  };
  const unreliable = new HeroBrain({ apiKey: server.apiKey, baseUrl: server.url, fetch: losing, retryDelay: 1 });
  const { data, response } = await unreliable.memories.create({ content: 'Once', type: 'event', userId: 'local-4' });
  assert.equal(requests, 2);
  assert.equal(response.headers.get('Idempotent-Replayed'), 'true');
  assert.deepEqual((await hb.memories.list({ userId: 'local-4' }).toArray()).map(({ id }) => id), [data.id]);
});

test('the secret of a key whose answer was lost is null', async () => {
  let requests = 0;
  const losing: Fetch = async (url, init) => {
    const response = await fetch(url, init);
    if (++requests === 1) throw new TypeError('terminated');
    return response;
  };
  const unreliable = new HeroBrain({ apiKey: server.apiKey, baseUrl: server.url, fetch: losing, retryDelay: 1 });
  const { data } = await unreliable.apiKeys.create({ name: 'Lost' });
  assert.equal(data.plainKey, null);
});
