import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';

import {
  AbortError,
  ConfigurationError,
  ConnectionError,
  HeroBrain,
  HeroBrainError,
  TimeoutError,
  VERSION,
} from '@herobrain/sdk';

import { failure, ok, scriptedClient } from './support.js';

const MEMORY = { content: 'Sails', type: 'semantic' } as const;
const idempotencyKeys = (sent: { headers: Headers }[]): (string | null)[] =>
  sent.map(({ headers }) => headers.get('Idempotency-Key'));

test('a call is repeated with one idempotency key until it succeeds', async () => {
  const unavailable = failure(503, 'SERVICE_UNAVAILABLE');
  const { hb, sent } = scriptedClient([new TypeError('fetch failed'), unavailable, failure(408, 'X'), ok({ id: 'mem_1' })]);
  assert.equal((await hb.memories.create(MEMORY)).data.id, 'mem_1');
  const keys = idempotencyKeys(sent);
  assert.equal(keys.length, 4);
  assert.equal(new Set(keys).size, 1);
  assert.match(String(keys[0]), /^[0-9a-f]{32}$/);
});

test('each call has a key of its own, and the caller may give one', async () => {
  const { hb, sent } = scriptedClient([ok({})]);
  await hb.memories.create(MEMORY);
  await hb.memories.create(MEMORY);
  await hb.memories.create(MEMORY, { idempotencyKey: 'mine' });
  const keys = idempotencyKeys(sent);
  assert.notEqual(keys[0], keys[1]);
  assert.equal(keys[2], 'mine');
});

test('reads carry no idempotency key', async () => {
  const { hb, sent } = scriptedClient([ok({ results: [], nextCursor: null })]);
  await hb.memories.search({ query: 'boats' });
  assert.deepEqual(idempotencyKeys(sent), [null]);
});

for (const [status, code] of [
  [400, 'VALIDATION_ERROR'],
  [401, 'AUTH_INVALID'],
  [402, 'INSUFFICIENT_QUOTA'],
  [403, 'TENANT_MISMATCH'],
  [404, 'RESOURCE_NOT_FOUND'],
  [409, 'DUPLICATE_RESOURCE'],
  [422, 'IDEMPOTENCY_CONFLICT'],
] as const) {
  test(`${status} ${code} is not repeated`, async () => {
    const { hb, sent } = scriptedClient([failure(status, code, {}, { field: 'name' })]);
    await assert.rejects(hb.memories.create(MEMORY), (error) => {
      assert.ok(error instanceof HeroBrainError);
      assert.equal(error.code, code);
      assert.equal(error.status, status);
      assert.equal(error.requestId, 'req_test');
      assert.deepEqual(error.errors, [{ code, message: `It is ${code}`, field: 'name' }]);
      return true;
    });
    assert.equal(sent.length, 1);
  });
}

test('a request that is still in progress is repeated when the server says so', async () => {
  const { hb, sent } = scriptedClient([failure(409, 'IDEMPOTENCY_CONFLICT', { 'Retry-After': '0' }), ok({})]);
  await hb.memories.create(MEMORY);
  assert.equal(sent.length, 2);
});

test('the number of repetitions is limited, by client and by call', async () => {
  const { hb, sent } = scriptedClient([failure(500, 'DATABASE_ERROR')], { retryAttempts: 2 });
  await assert.rejects(hb.memories.get('mem_1'), { code: 'DATABASE_ERROR' });
  assert.equal(sent.length, 3);
  await assert.rejects(hb.memories.get('mem_1', { retryAttempts: 0 }), { code: 'DATABASE_ERROR' });
  assert.equal(sent.length, 4);
});

for (const header of ['Retry-After', 'X-RateLimit-Retry-After']) {
  test(`the wait is not shorter than ${header}`, async () => {
    const { hb } = scriptedClient([failure(429, 'RATE_LIMIT_EXCEEDED', { [header]: '1' }), ok({})]);
    const start = performance.now();
    await hb.memories.get('mem_1');
    assert.ok(performance.now() - start >= 999);
  });
}

test('a wait above the maximum is an error at once', async () => {
  const { hb, sent } = scriptedClient([failure(429, 'RATE_LIMIT_EXCEEDED', { 'Retry-After': '300' })]);
  await assert.rejects(hb.memories.get('mem_1'), { status: 429, retryAfter: 300 });
  await assert.rejects(hb.memories.get('mem_1'), { status: 429, retryAfter: 300 });
  assert.equal(sent.length, 2);
});

test('an answer of a proxy is a clear error and is repeated', async () => {
  const html = new Response('<html>Bad gateway</html>', { status: 502, headers: { 'Content-Type': 'text/html' } });
  const { hb, sent } = scriptedClient([html]);
  await assert.rejects(hb.memories.get('mem_1'), (error) => {
    assert.ok(error instanceof HeroBrainError);
    assert.equal(error.code, 'INVALID_RESPONSE');
    assert.equal(error.status, 502);
    assert.match(error.message, /status 502, text\/html/);
    return true;
  });
  assert.equal(sent.length, 4);
});

test('a success that is not JSON is an error', async () => {
  const { hb, sent } = scriptedClient([new Response('<html>', { headers: { 'Content-Type': 'text/html' } })]);
  await assert.rejects(hb.memories.get('mem_1'), { code: 'INVALID_RESPONSE', status: 200 });
  assert.equal(sent.length, 1);
});

for (const body of ['', 'null', '[]', '{"message":"sign in"}', '{"success":false,"errors":[]}', '{"success":true,"data":null}', '<html>']) {
  test(`a success that is ${body || 'empty'} is no result`, async () => {
    const { hb } = scriptedClient([new Response(body, { headers: { 'Content-Type': 'text/html' } })]);
    const invalid = { code: 'INVALID_RESPONSE', status: 200 };
    await assert.rejects(hb.memories.get('mem_1'), invalid);
    await assert.rejects(hb.memories.list().toArray(), invalid);
    await assert.rejects(hb.memories.export().toArray(), invalid);
    await assert.rejects(hb.memories.import([{ content: 'x' }]), invalid);
    await assert.rejects(hb.memories.deleteAll({ filter: { userId: 'u' } }), invalid);
  });
}

test('an export of other lines than objects is an error', async () => {
  const headers = { 'Content-Type': 'application/x-ndjson' };
  const { hb } = scriptedClient([new Response('{"id":"1"}\n{"id":', { headers })]);
  await assert.rejects(hb.memories.export().toArray(), { code: 'INVALID_RESPONSE' });
  assert.deepEqual(await scriptedClient([new Response('', { headers })]).hb.memories.export().toArray(), []);
});

test('a document without an envelope is its data', async () => {
  const { hb } = scriptedClient([Response.json({ keys: [] }, { headers: { 'X-Request-Id': 'req_1' } })]);
  const { data, metadata } = await hb.auth.jwks();
  assert.deepEqual([data, metadata.request_id], [{ keys: [] }, 'req_1']);
});

test('an unchanged resource is NOT_MODIFIED', async () => {
  const { hb, sent } = scriptedClient([new Response(null, { status: 304 })]);
  await assert.rejects(hb.memories.get('mem_1', { ifNoneMatch: '"v1"' }), { code: 'NOT_MODIFIED', status: 304 });
  assert.equal(sent[0]?.headers.get('If-None-Match'), '"v1"');
});

test('an attempt ends at its timeout and is repeated', async () => {
  const never = (): Promise<Response> => new Promise(() => {});
  const { hb, sent } = scriptedClient([never, ok({ id: 'mem_1' })], { timeout: 20 });
  assert.equal((await hb.memories.get('mem_1')).data.id, 'mem_1');
  assert.equal(sent.length, 2);
  assert.equal(sent[0]?.signal.aborted, true);
  const silent = scriptedClient([never]).hb;
  await assert.rejects(silent.memories.get('mem_1', { timeout: 20, retryAttempts: 0 }), TimeoutError);
});

test('no listener is left on a signal, even by a fetch that never ends', async () => {
  const { signal } = new AbortController();
  const { hb } = scriptedClient([() => new Promise(() => {}), failure(503, 'X'), ok({})], { timeout: 20 });
  await hb.memories.get('mem_1', { signal });
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('a timeout also ends the reading of a body', async () => {
  const stalled = (): Response => new Response(new ReadableStream({ start: (body) => body.enqueue(new Uint8Array([123])) }));
  const { hb } = scriptedClient([stalled], { timeout: 20, retryAttempts: 0 });
  await assert.rejects(hb.memories.get('mem_1'), TimeoutError);
});

test('a signal ends a request', async () => {
  const controller = new AbortController();
  const { hb, sent } = scriptedClient([() => new Promise(() => controller.abort('enough'))]);
  await assert.rejects(hb.memories.get('mem_1', { signal: controller.signal }), (error) => {
    assert.ok(error instanceof AbortError);
    assert.equal(error.cause, 'enough');
    return true;
  });
  assert.equal(sent.length, 1);
});

for (const status of [429, 503]) {
  test(`a signal ends the waiting after ${status}`, async () => {
    const controller = new AbortController();
    const refused = failure(status, 'X', { 'Retry-After': '50' });
    const { hb, sent } = scriptedClient([refused], {
      logging: { debug() {}, info() {}, error() {}, warn: () => setTimeout(() => controller.abort(), 5) },
    });
    const start = performance.now();
    await assert.rejects(hb.memories.get('mem_1', { signal: controller.signal }), AbortError);
    assert.equal(sent.length, 1);
    assert.ok(performance.now() - start < 50_000, 'it ended with the waiting, not before');
  });
}

test('an aborted signal sends nothing', async () => {
  const { hb, sent } = scriptedClient([ok({})]);
  await assert.rejects(hb.memories.get('mem_1', { signal: AbortSignal.abort() }), AbortError);
  assert.equal(sent.length, 0);
});

test('a token is requested for every attempt', async () => {
  let count = 0;
  const token = async (): Promise<string> => `token-${++count}`;
  const { hb, sent } = scriptedClient([failure(500, 'DATABASE_ERROR'), ok({})], { apiKey: undefined, token });
  await hb.memories.get('mem_1');
  assert.deepEqual(
    sent.map(({ headers }) => headers.get('Authorization')),
    ['Bearer token-1', 'Bearer token-2'],
  );
});

test('without a session nothing is sent', async () => {
  const { hb, sent } = scriptedClient([ok({})], { apiKey: undefined, token: async () => null });
  await assert.rejects(hb.memories.get('mem_1'), { code: 'NO_CREDENTIAL' });
  assert.equal(sent.length, 0);
});

test('an error of the application’s own functions is passed on as it is', async () => {
  const own = new RangeError('mine');
  const token = (): string => {
    throw own;
  };
  await assert.rejects(scriptedClient([ok({})], { apiKey: undefined, token }).hb.memories.get('mem_1'), own);
  const request = (): void => {
    throw own;
  };
  await assert.rejects(scriptedClient([ok({})], { interceptors: { request } }).hb.memories.get('mem_1'), own);
});

test('options are checked', () => {
  for (const options of [
    {},
    { apiKey: undefined },
    { apiKey: 'a', token: 'b' },
    { apiKey: 'a', baseUrl: 'api.herobrain.ai' },
    { apiKey: 'a', baseUrl: 'https://user:password@example.com' },
    { apiKey: 'a', timeout: Infinity },
    { apiKey: 'a', timeout: 0 },
    { apiKey: 'a', retryAttempts: 1.5 },
    { apiKey: 'a', retryDelay: -1 },
    undefined,
    null,
    { apiKey: 5 },
    { token: Promise.resolve('a') },
    { apiKey: 'a', fetch: 5 },
    { apiKey: 'a', logging: 'debug' },
    { apiKey: 'a', interceptors: { request: [5] } },
  ]) {
    assert.throws(() => new HeroBrain(options as never), ConfigurationError);
  }
  assert.ok(new HeroBrain({ apiKey: null, token: () => 'a' } as never));
});

test('what no header or path can contain is refused by its name', async () => {
  const { hb, sent } = scriptedClient([ok({})]);
  const refused = (name: string): object => ({ code: 'CONFIGURATION_ERROR', message: new RegExp(`^${name} `) });
  await assert.rejects(hb.memories.create(MEMORY, { idempotencyKey: '😀' }), refused('idempotencyKey'));
  await assert.rejects(hb.memories.get('mem_1', { ifMatch: '"a\n"' }), refused('ifMatch'));
  await assert.rejects(hb.memories.get('mem_1', { ifNoneMatch: '"é"' }), refused('ifNoneMatch'));
  await assert.rejects(hb.memories.get('\ud83d'), refused('id'));
  assert.equal(sent.length, 0);
});

test('the tenant is sent with authenticated calls, and a slash behind the base URL is tolerated', async () => {
  const options = { tenantId: 'user_1', baseUrl: 'https://example.com/base/' };
  const { hb, sent } = scriptedClient([ok({})], options);
  await hb.memories.create(MEMORY);
  await hb.health.check();
  assert.deepEqual(
    sent.map(({ url }) => url),
    ['https://example.com/base/api/v1/memories?tenantId=user_1', 'https://example.com/base/health'],
  );
  assert.equal(sent[1]?.headers.get('Authorization'), null);
});

test('ids cannot lead to another path', async () => {
  const { hb, sent } = scriptedClient([ok({})]);
  await hb.memories.get('a/../b?c');
  assert.match(String(sent[0]?.url), /\/api\/v1\/memories\/a%2F\.\.%2Fb%3Fc$/);
  await assert.rejects(async () => hb.memories.get('..'), ConfigurationError);
  await assert.rejects(async () => hb.memories.delete(''), ConfigurationError);
});

test('interceptors see and change requests and responses', async () => {
  const seen: string[] = [];
  const { hb, sent } = scriptedClient([ok({ id: 'mem_1' })], {
    interceptors: {
      request: [
        ({ headers, url }) => {
          headers.set('traceparent', '00-1');
          url.searchParams.set('limit', '1');
        },
        async ({ operation, attempt }) => void seen.push(`${operation} ${attempt}`),
      ],
      response: (response, { method }) => {
        seen.push(`${method} ${response.status}`);
        return ok({ id: 'mem_2' });
      },
    },
  });
  assert.equal((await hb.memories.get('mem_1')).data.id, 'mem_2');
  assert.equal(sent[0]?.headers.get('traceparent'), '00-1');
  assert.match(String(sent[0]?.url), /limit=1/);
  assert.deepEqual(seen, ['memories.get 1', 'GET 200']);
});

test('unknown fields and values of a newer server are kept', async () => {
  const memory = { id: 'mem_1', type: 'telepathic', aura: { hue: 7 } };
  const body = { success: true, data: memory, metadata: { request_id: 'r', region: 'x' }, warnings: ['new'] };
  const { hb } = scriptedClient([Response.json(body, { status: 203 })]);
  const envelope = await hb.memories.get('mem_1');
  assert.deepEqual({ ...envelope }, body);
  const error = { success: false, errors: [{ code: 'NEW_CODE', message: 'new', hint: 1 }], links: [] };
  const newer = scriptedClient([Response.json(error, { status: 418 })]).hb;
  await assert.rejects(newer.memories.get('mem_1'), { code: 'NEW_CODE', status: 418 });
});

test('servers are told the version of the client, and browsers are left their own user agent', async () => {
  const { version } = JSON.parse(readFileSync('node_modules/@herobrain/sdk/package.json', 'utf8')) as { version: string };
  assert.equal(VERSION, version);
  const { hb, sent } = scriptedClient([ok({})]);
  await hb.health.check();
  Object.assign(globalThis, { document: {} });
  await hb.health.check().finally(() => Reflect.deleteProperty(globalThis, 'document'));
  assert.deepEqual(
    sent.map(({ headers }) => headers.get('User-Agent')),
    [`herobrain-typescript/${version}`, null],
  );
});

test('redirects are not followed', async () => {
  let reached = 0;
  const other = createServer((_, response) => {
    reached += 1;
    response.end('{}');
  });
  const redirecting = createServer((_, response) => {
    response.writeHead(307, { Location: `http://127.0.0.1:${(other.address() as AddressInfo).port}/` }).end();
  });
  const listen = (server: typeof other): Promise<void> => new Promise((done) => server.listen(0, '127.0.0.1', done));
  await Promise.all([listen(other), listen(redirecting)]);
  try {
    const baseUrl = `http://127.0.0.1:${(redirecting.address() as AddressInfo).port}`;
    const hb = new HeroBrain({ apiKey: 'hb_dev_test', baseUrl, retryDelay: 0 });
    await assert.rejects(hb.memories.create(MEMORY), { code: 'UNEXPECTED_REDIRECT', status: 307 });
    assert.equal(reached, 0);
  } finally {
    for (const server of [other, redirecting]) {
      server.closeAllConnections();
      server.close();
    }
  }
});

test('a refused connection is a ConnectionError', async () => {
  const hb = new HeroBrain({ apiKey: 'hb_dev_test', baseUrl: 'http://127.0.0.1:1', retryDelay: 0, retryAttempts: 1 });
  await assert.rejects(hb.health.check(), (error) => {
    assert.ok(error instanceof ConnectionError);
    return error.code === 'CONNECTION_ERROR';
  });
});
