import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { HeroBrain } from '@herobrain/sdk';

import { failure, ok, scriptedClient } from './support.js';

const page = (memories: unknown[], nextCursor: string | null): Response => ok({ memories, nextCursor });
const listed = (ids: string[], nextCursor: string | null): Response =>
  ok({ memories: ids.map((id) => ({ id })), pagination: { nextCursor } });

test('awaiting a list gives its first page', async () => {
  const { hb, sent } = scriptedClient([listed(['1', '2'], 'next')]);
  const { data } = await hb.memories.list({ limit: 2, tags: ['a', 'b'], namespace: ['users', 'a/b~c'] });
  assert.equal(data.memories.length, 2);
  assert.equal(sent.length, 1);
  const query = new URL(String(sent[0]?.url)).searchParams;
  assert.deepEqual(Object.fromEntries(query), { limit: '2', tags: 'a,b', namespace: 'users/a~1b~0c' });
});

test('iterating goes over all pages, also short and empty ones', async () => {
  const { hb, sent } = scriptedClient([listed(['1'], 'a'), listed([], 'b'), listed(['2', '3'], null)]);
  const ids = [];
  for await (const memory of hb.memories.list({ page: 1, limit: 2 })) ids.push(memory.id);
  assert.deepEqual(ids, ['1', '2', '3']);
  const cursors = sent.map(({ url }) => new URL(url).searchParams);
  assert.deepEqual(
    cursors.map((query) => [query.get('cursor'), query.get('page'), query.get('limit')]),
    [
      [null, '1', '2'],
      ['a', null, '2'],
      ['b', null, '2'],
    ],
  );
});

test('the first page is requested once, and the others when they are needed', async () => {
  const { hb, sent } = scriptedClient([listed(['1'], 'a'), listed(['2'], 'b')]);
  const list = hb.memories.list();
  assert.equal(sent.length, 0);
  await list;
  assert.deepEqual(await list.toArray(2), [{ id: '1' }, { id: '2' }]);
  assert.equal(sent.length, 2);
});

test('a query continues in its body', async () => {
  const { hb, sent } = scriptedClient([page([{ id: '1' }], 'a'), page([{ id: '2' }], null)]);
  assert.equal((await hb.memories.query({ sort: 'updatedAt' }).toArray()).length, 2);
  assert.deepEqual(
    sent.map(({ body }) => JSON.parse(String(body))),
    [{ sort: 'updatedAt' }, { sort: 'updatedAt', cursor: 'a' }],
  );
});

test('API keys and webhooks are lists of one page', async () => {
  const { hb, sent } = scriptedClient([ok({ keys: [{ id: 'key_1' }] }), ok({ webhooks: [{ id: 'whk_1' }] })]);
  const keys = hb.apiKeys.list();
  assert.deepEqual((await keys).data.keys, await keys.toArray());
  for await (const webhook of hb.webhooks.list()) assert.equal(webhook.id, 'whk_1');
  assert.equal(sent.length, 2);
});

test('a failed page ends the iteration', async () => {
  const { hb } = scriptedClient([listed(['1'], 'a'), failure(400, 'VALIDATION_ERROR')]);
  const ids: string[] = [];
  await assert.rejects(async () => {
    for await (const memory of hb.memories.list()) ids.push(memory.id);
  }, /VALIDATION_ERROR/);
  assert.deepEqual(ids, ['1']);
});

test('an export goes over the pages in its links', async () => {
  const lines = (ids: string[], link?: string): Response =>
    new Response(ids.map((id) => `{"id":"${id}"}\n`).join(''), {
      headers: { 'Content-Type': 'application/x-ndjson', ...(link ? { Link: link } : {}) },
    });
  const { hb, sent } = scriptedClient([
    lines(['1'], '</api/v1/memories/export?cursor=a%2Bb&userId=u>; rel="next"'),
    lines([], '<https://example.com/api/v1/memories/export?userId=u&cursor=c>; rel="next"'),
    lines(['2'], '<https://example.com/api/v1/memories/export?cursor=x>; rel="prev"'),
  ]);
  assert.deepEqual(await hb.memories.export({ userId: 'u' }).toArray(), [{ id: '1' }, { id: '2' }]);
  assert.deepEqual(
    sent.map(({ url }) => new URL(url).searchParams.get('cursor')),
    [null, 'a+b', 'c'],
  );
});

test('deleteAll repeats a deletion until nothing is left', async () => {
  const { hb, sent } = scriptedClient([ok({ deleted: 5, nextCursor: 'a' }), ok({ deleted: 2, nextCursor: null })]);
  const { data } = await hb.memories.deleteAll({ filter: { userId: 'u' } });
  assert.deepEqual(data, { deleted: 7, nextCursor: null });
  assert.deepEqual(JSON.parse(String(sent[1]?.body)), { filter: { userId: 'u' }, cursor: 'a' });
});

for (const [name, call] of [
  ['list', (hb) => hb.memories.list().toArray()],
  ['query', (hb) => hb.memories.query().toArray()],
  ['events.list', (hb) => hb.events.list().toArray()],
  ['events.follow', (hb) => hb.events.follow({ cursor: null })[Symbol.asyncIterator]().next()],
  ['deleteAll', (hb) => hb.memories.deleteAll({ filter: { userId: 'u' } })],
] as [string, (hb: HeroBrain) => Promise<unknown>][]) {
  test(`a cursor that does not move ends ${name} with an error`, async () => {
    const data = { deleted: 1, events: [], memories: [], nextCursor: 'a', hasMore: true, pagination: { nextCursor: 'a' } };
    const page = ok(data, { headers: { 'X-Request-Id': 'req_7' } });
    const { hb, sent } = scriptedClient([page, page, failure(400, 'VALIDATION_ERROR')]);
    await assert.rejects(call(hb), { code: 'INVALID_RESPONSE', requestId: 'req_7', message: /cursor/ });
    assert.equal(sent.length, 2);
  });
}

test('events are listed to the end of the feed, and followed beyond it', async () => {
  const events = (ids: string[], nextCursor: string, hasMore: boolean): Response =>
    ok({ events: ids.map((id) => ({ id })), nextCursor, hasMore });
  const plan = [events(['1', '2'], 'a', true), events([], 'b', true), events(['3'], 'c', false), events(['4'], 'd', false)];
  const list = scriptedClient(plan);
  assert.equal((await list.hb.events.list().toArray()).length, 3);
  const { hb, sent } = scriptedClient(plan);
  const feed = hb.events.follow({ types: ['memory.*', 'webhook.*'], pollInterval: 0 });
  const seen = [];
  for await (const event of feed) {
    seen.push([event.id, feed.cursor]);
    if (event.id === '4') break;
  }
  assert.deepEqual(seen, [
    ['1', 'latest'],
    ['2', 'a'],
    ['3', 'c'],
    ['4', 'd'],
  ]);
  assert.deepEqual(
    sent.map(({ url }) => new URL(url).searchParams.get('cursor')),
    ['latest', 'a', 'b', 'c'],
  );
  assert.equal(new URL(String(sent[0]?.url)).searchParams.get('types'), 'memory.*,webhook.*');
  const oldest = scriptedClient(plan);
  for await (const _ of oldest.hb.events.follow({ cursor: null })) break;
  assert.equal(new URL(String(oldest.sent[0]?.url)).searchParams.get('cursor'), null);
});

test('a signal ends the following of the feed while it waits', async () => {
  const controller = new AbortController();
  const plan = [
    (): Response => {
      setTimeout(() => controller.abort(), 5);
      return ok({ events: [], nextCursor: 'a', hasMore: false });
    },
  ];
  const feed = scriptedClient(plan).hb.events.follow({ signal: controller.signal, pollInterval: 60_000 });
  await assert.rejects(
    async () => {
      for await (const _ of feed);
    },
    { name: 'AbortError' },
  );
});

test('a signal ends the following of the feed within a page', async () => {
  const controller = new AbortController();
  const events = [{ id: '1' }, { id: '2' }];
  const { hb } = scriptedClient([ok({ events, nextCursor: 'b', hasMore: true })]);
  const feed = hb.events.follow({ cursor: 'a', signal: controller.signal });
  const seen: string[] = [];
  await assert.rejects(
    async () => {
      for await (const event of feed) {
        seen.push(event.id);
        controller.abort();
      }
    },
    { name: 'AbortError' },
  );
  assert.deepEqual([seen, feed.cursor], [['1'], 'a']);
});
