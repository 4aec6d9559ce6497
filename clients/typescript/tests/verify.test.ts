import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';

import { ConfigurationError, HeroBrain, verifyWebhook, WebhookVerificationError } from '@herobrain/sdk';

const BODY = '{"id":"evt_1","event":"memory.created","data":{"content":"né"},"metadata":{}}';
const SECRET = `whsec_${Buffer.from('a key of at least 24 bytes').toString('base64')}`;
const PLAIN = 'a plain secret of 24 bytes or more';

function key(secret: string): Buffer {
  return secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
}

function signed(secret: string, { body = BODY, age = 0 } = {}): Record<string, string> {
  const [id, time] = ['evt_1', String(Math.floor(Date.now() / 1000) - age)];
  const signature = createHmac('sha256', key(secret)).update(`${id}.${time}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': `v1,${signature}` };
}

for (const [name, body] of [
  ['text', BODY],
  ['bytes', new TextEncoder().encode(BODY)],
  ['a Buffer', Buffer.from(BODY)],
  ['an ArrayBuffer', new TextEncoder().encode(BODY).buffer],
] as const) {
  test(`a signed body is accepted as ${name}`, async () => {
    const { webhooks } = new HeroBrain({ apiKey: 'hb_dev_test' });
    assert.equal((await webhooks.verify(body, signed(SECRET), SECRET)).event, 'memory.created');
  });
}

test('a plain secret is its own bytes', async () => {
  assert.equal((await verifyWebhook(BODY, new Headers(signed(PLAIN)), PLAIN)).id, 'evt_1');
});

test('one of several secrets and one of several signatures have to match', async () => {
  const headers = signed(SECRET);
  const both = { ...headers, 'webhook-signature': `v1,AAAA v2,x v1,%% ${headers['webhook-signature']}` };
  assert.equal((await verifyWebhook(BODY, both, [PLAIN, SECRET])).id, 'evt_1');
  const list = { 'Webhook-Id': ['evt_1'], 'Webhook-Timestamp': headers['webhook-timestamp'], 'Webhook-Signature': headers['webhook-signature'] };
  assert.equal((await verifyWebhook(BODY, list, SECRET)).id, 'evt_1');
});

const without = (name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(signed(SECRET)).filter(([header]) => header !== name));

for (const [name, body, headers] of [
  ['another body', `${BODY} `, signed(SECRET)],
  ['another secret', BODY, signed(PLAIN)],
  ['another id', BODY, { ...signed(SECRET), 'webhook-id': 'evt_2' }],
  ['an old time', BODY, signed(SECRET, { age: 310 })],
  ['a time of the future', BODY, signed(SECRET, { age: -310 })],
  ['a time that is no number', BODY, { ...signed(SECRET), 'webhook-timestamp': '1e9' }],
  ['no id', BODY, without('webhook-id')],
  ['no time', BODY, without('webhook-timestamp')],
  ['no signature', BODY, without('webhook-signature')],
  ['a signature of another version', BODY, { ...signed(SECRET), 'webhook-signature': signed(SECRET)['webhook-signature']!.replace('v1,', 'v2,') }],
  ['a body that is not JSON', 'x', signed(SECRET, { body: 'x' })],
] as const) {
  test(`${name} is refused`, async () => {
    await assert.rejects(verifyWebhook(body, headers, SECRET), WebhookVerificationError);
  });
}

test('the tolerance can be changed', async () => {
  const headers = signed(SECRET, { age: 310 });
  assert.equal((await verifyWebhook(BODY, headers, SECRET, { tolerance: 400 })).id, 'evt_1');
  await assert.rejects(verifyWebhook(BODY, headers, SECRET, { tolerance: NaN }), WebhookVerificationError);
});

test('a parsed body and an empty secret are refused', async () => {
  const parsed = JSON.parse(BODY) as string;
  await assert.rejects(verifyWebhook(parsed, signed(SECRET), SECRET), WebhookVerificationError);
  for (const secret of ['', [], [''], 'whsec_', undefined, [undefined]]) {
    await assert.rejects(verifyWebhook(BODY, signed(''), secret as string), ConfigurationError);
  }
  await assert.rejects(verifyWebhook(BODY, signed(SECRET), 'whsec_%'), ConfigurationError);
});
