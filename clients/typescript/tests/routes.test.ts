import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import type { HeroBrain } from '@herobrain/sdk';
import { MockHeroBrain } from '@herobrain/sdk/test-utils';

interface Document {
  paths: Record<string, Record<string, { operationId?: string; parameters?: { $ref?: string }[]; security?: object[] }>>;
}

/** Operations that need no method: `auth.exchange` is the same with another HTTP method. */
const WITHOUT_METHOD = ['auth.exchangeByGet'];

const document = JSON.parse(readFileSync('openapi.json', 'utf8')) as Document;
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).flatMap(([method, { operationId, parameters = [] }]) =>
    operationId === undefined ? [] : [{ path, method: method.toUpperCase(), operationId, parameters }],
  ),
);

/** Arguments that each method accepts. */
const ARGUMENTS: Record<string, unknown[]> = {
  'webhooks.resend': ['whk_1', 'evt_1'],
  'memories.import': ['{}'],
};

test('every operation of the API has a method', () => {
  const hb = new MockHeroBrain() as unknown as Record<string, Record<string, unknown>>;
  const missing = operations
    .map(({ operationId }) => operationId)
    .filter((id) => !WITHOUT_METHOD.includes(id))
    .filter((id) => {
      const [group, name] = id.split('.') as [string, string];
      return typeof hb[group]?.[name] !== 'function';
    });
  assert.deepEqual(missing, [], 'add a method of the client for each of these operations');
});

for (const { path, method, operationId, parameters } of operations) {
  if (WITHOUT_METHOD.includes(operationId)) continue;
  test(`${operationId} is ${method} ${path}`, async () => {
    const mock = new MockHeroBrain().fail(operationId as never, { status: 418, code: 'STOP' });
    const [group, name] = operationId.split('.') as [keyof HeroBrain, string];
    const call = (mock[group] as unknown as Record<string, (...values: unknown[]) => Promise<unknown>>)[name];
    const values = ARGUMENTS[operationId] ?? (path.includes('{id}') ? ['id_1', {}] : [{}, {}]);
    await assert.rejects(async () => call?.apply(mock[group], values), { code: 'STOP' });
    assert.equal(mock.calls[0]?.operation, operationId);
    const takesKey = parameters.some(({ $ref }) => $ref?.endsWith('/IdempotencyKey'));
    assert.equal(mock.calls[0]?.headers.has('Idempotency-Key'), takesKey, 'whether it sends an Idempotency-Key');
  });
}
