import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';

import type { ClientOptions, LogFields } from '@herobrain/sdk';
import { HeroBrain, HeroBrainError } from '@herobrain/sdk';

import { failure, ok, scriptedClient } from './support.js';

const SECRET = 'hb_prod_abc123def456789012345678901234567890';

function rendered(value: unknown): string {
  const depth = { depth: null, showHidden: true };
  return `${inspect(value, depth)} ${JSON.stringify(value)} ${String(value)}`;
}

test('a client does not show its credential', () => {
  for (const options of [{ apiKey: SECRET }, { token: SECRET }, { token: () => SECRET }]) {
    assert.ok(!rendered(new HeroBrain(options)).includes('abc123'));
  }
});

test('no log entry contains a credential, a query or a body, and each has the named fields', async () => {
  const entries: [string, string, LogFields][] = [];
  const log =
    (level: string) =>
    (message: string, fields: LogFields): void =>
      void entries.push([level, message, fields]);
  const logging = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
  const plan = [new TypeError(`failed for ${SECRET}`), ok({}, { headers: { 'X-Request-Id': 'req_1' } }), failure(400, 'X')];
  const { hb } = scriptedClient(plan, { apiKey: SECRET, logging, tenantId: 'tenant-of-mine' });
  await hb.memories.putByKey({ key: 'key-of-mine' }, { content: 'content of mine', type: 'semantic' });
  await assert.rejects(hb.memories.create({ content: 'content of mine', type: 'semantic' }));
  assert.deepEqual(
    entries.map(([level]) => level),
    ['debug', 'warn', 'debug', 'info', 'debug', 'error'],
  );
  const { duration, ...fields } = entries[3]?.[2] ?? ({} as LogFields);
  assert.equal(typeof duration, 'number');
  assert.deepEqual(fields, {
    operation: 'memories.putByKey',
    method: 'PUT',
    path: '/api/v1/memories/by-key',
    attempt: 2,
    status: 200,
    requestId: 'req_1',
  });
  for (const text of ['abc123', 'of mine', 'of-mine']) assert.ok(!rendered(entries).includes(text), text);
});

test('`logging: true` logs to the console', async (context) => {
  const info = context.mock.method(console, 'info', () => {});
  context.mock.method(console, 'debug', () => {});
  await scriptedClient([ok({})], { logging: true }).hb.memories.get('mem_1');
  assert.equal(info.mock.callCount(), 1);
});

test('no error contains the credential', async () => {
  const unusable = [`${SECRET}\n`, `${SECRET} `, `${SECRET}é`, `${SECRET}€`, `${SECRET}\n.`];
  const cases: ClientOptions[] = [...unusable.map((apiKey) => ({ apiKey })), { apiKey: SECRET, baseUrl: 'http://127.0.0.1:1' }];
  for (const options of cases) {
    const hb = new HeroBrain({ retryAttempts: 0, ...options });
    await assert.rejects(hb.memories.get('mem_1'), (error) => {
      assert.ok(error instanceof HeroBrainError);
      assert.ok(!rendered(error).includes('abc123'), inspect(error));
      return true;
    });
  }
  const refused = scriptedClient([failure(401, 'AUTH_INVALID')], { apiKey: SECRET }).hb;
  await assert.rejects(refused.memories.get('mem_1'), (error) => !rendered(error).includes('abc123'));
});
