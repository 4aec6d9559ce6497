import assert from 'node:assert/strict';
import { test } from 'node:test';

import { HeroBrainError } from '@herobrain/sdk';

import { failure, ok, scriptedClient } from './support.js';

test('an import is split by bytes, and keeps blank lines, which the service counts', async () => {
  const imported = (line: number): Response =>
    ok({ existing: 0, replaced: 0, imported: 1, failed: 0, results: [{ line, id: 'mem_1' }] });
  const { hb, sent } = scriptedClient([imported(2), imported(1), imported(1)]);
  const big = JSON.stringify({ content: 'é'.repeat(1024 * 1024), type: 'semantic' });
  const { data } = await hb.memories.import(`\n${big}\n${big}\n${big}\n`);
  assert.deepEqual(
    data.results.map(({ line }) => line),
    [2, 3, 4],
  );
  assert.deepEqual(
    sent.map(({ body }) => body),
    [`\n${big}`, big, big],
  );
});

test('the lines of an import may have their ends', async () => {
  const { hb, sent } = scriptedClient([ok({ existing: 0, replaced: 0, imported: 2, failed: 0, results: [] })]);
  await hb.memories.import(['{"content":"a"}\n', '{"content":"b"}\r\n']);
  assert.equal(sent[0]?.body, '{"content":"a"}\n{"content":"b"}');
});

test('what is no import is refused', async () => {
  const { hb, sent } = scriptedClient([ok({})]);
  const bytes = new TextEncoder().encode('{"content":"a"}');
  for (const input of [undefined, null, 5, { content: 'a' }, bytes, [bytes], [undefined], ['{"content":"a"}\n{"content":"b"}']]) {
    await assert.rejects(hb.memories.import(input as never), { code: 'CONFIGURATION_ERROR' });
  }
  assert.equal(sent.length, 0);
});

test('an import merges the results of its requests', async () => {
  const counts = { existing: 0, replaced: 0 };
  const failed = { line: 1, errors: [{ code: 'VALIDATION_ERROR', message: 'no' }] };
  const { hb, sent } = scriptedClient([
    ok({ ...counts, imported: 1000, failed: 0, results: [{ line: 1, id: 'mem_1' }] }),
    ok({ ...counts, imported: 0, failed: 1, results: [failed] }),
  ]);
  async function* memories(): AsyncGenerator<object> {
    for (let index = 0; index < 1001; index++) yield { content: `Note ${index}`, type: 'semantic' };
  }
  const { data } = await hb.memories.import(memories(), { idempotencyKey: 'night', onConflict: 'replace' });
  assert.deepEqual(data, {
    ...counts,
    imported: 1000,
    failed: 1,
    results: [
      { line: 1, id: 'mem_1' },
      { ...failed, line: 1001 },
    ],
  });
  assert.deepEqual(
    sent.map(({ headers, body }) => [headers.get('Idempotency-Key'), String(body).split('\n').length]),
    [
      ['night', 1000],
      ['night-1000', 1],
    ],
  );
  assert.match(String(sent[1]?.url), /onConflict=replace/);
});

test('an import that fails has the results of the requests before', async () => {
  const first = { existing: 0, replaced: 0, imported: 999, failed: 1, results: [{ line: 1, id: 'mem_1' }] };
  const second = { existing: 1, replaced: 0, imported: 999, failed: 0, results: [{ line: 1, id: 'mem_2' }] };
  const { hb } = scriptedClient([ok(first), ok(second), failure(402, 'QUOTA_EXCEEDED')]);
  const memories = Array.from({ length: 2001 }, () => ({ content: 'Note' }));
  await assert.rejects(hb.memories.import(memories), (error) => {
    assert.ok(error instanceof HeroBrainError);
    assert.equal(error.code, 'QUOTA_EXCEEDED');
    assert.deepEqual(error.imported, {
      existing: 1,
      replaced: 0,
      imported: 1998,
      failed: 1,
      results: [
        { line: 1, id: 'mem_1' },
        { line: 1001, id: 'mem_2' },
      ],
    });
    return true;
  });
});

test('an import of nothing sends no request', async () => {
  const { hb, sent } = scriptedClient([failure(400, 'VALIDATION_ERROR')]);
  for (const nothing of ['', '\n \n', []]) {
    const { data, response } = await hb.memories.import(nothing);
    assert.deepEqual(data, { imported: 0, existing: 0, replaced: 0, failed: 0, results: [] });
    assert.equal(response.status, 200);
  }
  assert.equal(sent.length, 0);
});

test('a part of an import that is blank is not sent', async () => {
  const { hb, sent } = scriptedClient([
    ok({ existing: 0, replaced: 0, imported: 1, failed: 0, results: [{ line: 1, id: 'mem_1' }] }),
  ]);
  const { data } = await hb.memories.import(`${'\n'.repeat(1000)}{"content":"a"}\n`);
  assert.deepEqual([sent.length, data.results[0]?.line], [1, 1001]);
});
