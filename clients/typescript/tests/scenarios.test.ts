import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { HeroBrain, HeroBrainError } from '@herobrain/sdk';

import type { Server } from './support.js';
import { startServer } from './support.js';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type Fields = Record<string, Json>;

interface Step {
  call: string;
  path?: Record<string, string>;
  query?: Fields;
  body?: Fields;
  lines?: Json[];
  options?: Fields;
  /** The credential: `session`, or any other as it is. */
  as?: string;
  eventually?: boolean;
  expect: { status: number; data?: Json; items?: Json[]; code?: string; field?: string };
  save?: Record<string, string>;
}

interface Scenario {
  name: string;
  steps: Step[];
}

/** The methods whose query is an argument of its own. That of the others is among the options. */
const WITH_QUERY = new Set([
  ...['memories.list', 'memories.export', 'memories.getByKey', 'memories.putByKey', 'memories.deleteByKey'],
  ...['namespaces.list', 'apiKeys.usage', 'webhooks.deliveries', 'events.list'],
]);

/** The methods with an argument for the body. */
const WITH_BODY = new Set([
  ...['memories.create', 'memories.search', 'memories.query', 'memories.createBulk', 'memories.updateBulk'],
  ...['memories.deleteBulk', 'memories.batchGet', 'memories.putByKey', 'memories.replace', 'memories.update'],
  ...['apiKeys.create', 'apiKeys.rotate', 'apiKeys.revoke', 'webhooks.create', 'webhooks.update'],
  ...['webhooks.recover', 'webhooks.rotateSecret', 'auth.exchange'],
]);

/** How often a step is repeated whose expectation holds eventually, and the milliseconds between two attempts. */
const [MOST_ATTEMPTS, PAUSE] = [600, 50];

let server: Server;
const saved = new Map<string, unknown>([['run', randomBytes(6).toString('hex')]]);

before(async () => {
  server = await startServer();
});
after(() => server.stop());

/** Replaces each `$name` by the saved value. */
function filled<T>(value: T): T {
  const known = (name: string): boolean => saved.has(name);
  return JSON.parse(JSON.stringify(value), (_, part: unknown) => {
    if (typeof part !== 'string') return part;
    if (part.startsWith('$') && known(part.slice(1))) return saved.get(part.slice(1));
    return part.replace(/\$(\w+)/g, (text, name: string) => (known(name) ? String(saved.get(name)) : text));
  }) as T;
}

function clientOf({ as }: Step): HeroBrain {
  const token = as === 'session' ? server.jwt : (as ?? server.apiKey);
  return new HeroBrain({ token, baseUrl: server.url });
}

type Result = Promise<{ data: unknown; response: { status: number } }> & AsyncIterable<unknown>;

/** Calls the method of a step through the public surface of the client. */
function call(step: Step): Result {
  const [group, name] = step.call.split('.') as [keyof HeroBrain, string];
  const resource = clientOf(step)[group] as unknown as Record<string, (...values: unknown[]) => Result>;
  const method = resource[name];
  assert.ok(method !== undefined, `the client has no method ${step.call}`);
  const hasQuery = WITH_QUERY.has(step.call);
  const values: unknown[] = Object.values(step.path ?? {});
  if (hasQuery) values.push(step.query ?? {});
  if (WITH_BODY.has(step.call)) values.push(step.body ?? {});
  if (step.call === 'memories.import') values.push(step.lines ?? []);
  return method.call(resource, ...values, { ...(hasQuery ? {} : step.query), ...step.options });
}

/** Fails unless the actual value has all that is expected. */
function assertSubset(actual: unknown, expected: Json, place: string): void {
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(actual) && actual.length === expected.length, `${place}: ${JSON.stringify(actual)}`);
    expected.forEach((item, index) => assertSubset(actual[index], item, `${place}/${index}`));
  } else if (typeof expected === 'object' && expected !== null) {
    for (const [name, value] of Object.entries(expected)) {
      assertSubset((actual as Record<string, unknown> | null)?.[name], value, `${place}/${name}`);
    }
  } else {
    assert.deepEqual(actual, expected, place);
  }
}

function at(value: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((part, name) => (part as Record<string, unknown>)[name], value);
}

async function runStep(step: Step): Promise<void> {
  const { expect } = step;
  if (expect.code !== undefined || expect.status >= 300) {
    await assert.rejects(async () => call(step), (error) => {
      assert.ok(error instanceof HeroBrainError, String(error));
      assert.equal(error.status, expect.status, `${error.code} ${error.message}`);
      if (expect.code !== undefined) assert.equal(error.code, expect.code);
      if (expect.field !== undefined) assert.ok(error.errors.some(({ field }) => field === expect.field));
      return true;
    });
    return;
  }
  const result = call(step);
  const envelope = await result;
  assert.equal(envelope.response.status, expect.status);
  if (expect.data !== undefined) assertSubset(envelope.data, expect.data, 'data');
  if (expect.items !== undefined) {
    const items = [];
    for await (const item of result) items.push(item);
    assertSubset(items, expect.items, 'items');
  }
  for (const [name, pointer] of Object.entries(step.save ?? {})) saved.set(name, at(envelope, pointer));
}

/** Runs a step, and repeats it if its expectation holds eventually. */
async function runUntilItHolds(step: Step): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await runStep(step);
    } catch (error) {
      if (!step.eventually || attempt === MOST_ATTEMPTS) throw error;
      await delay(PAUSE);
    }
  }
}

const files = readdirSync('scenarios')
  .filter((name) => name.endsWith('.json'))
  .sort();

test('there are scenarios', () => assert.notEqual(files.length, 0));

for (const file of files) {
  const scenario = JSON.parse(readFileSync(`scenarios/${file}`, 'utf8')) as Scenario;
  test(`scenario ${file}: ${scenario.name}`, async (context) => {
    for (const [index, step] of scenario.steps.entries()) {
      await context.test(`${index + 1}. ${step.call}`, () => runUntilItHolds(filled(step)));
    }
  });
}
