import { ConfigurationError, WebhookVerificationError } from './errors.js';
import type { Event } from './types.js';

/** The headers of a request: `Headers`, or an object as Node.js has it. */
export type HeadersLike = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

/** The options of a verification. */
export interface VerifyOptions {
  /** The seconds that the time of the request may differ from the clock. Default: 300. */
  tolerance?: number | undefined;
}

const encoder = new TextEncoder();

/**
 * Verifies that HeroBrain has sent a webhook request, and returns its event. Throws a WebhookVerificationError otherwise.
 *
 * @param body The body as it arrived. JSON that was parsed and written again is not the same bytes.
 * @param secret The secret of the endpoint; several during a rotation.
 */
export async function verifyWebhook(
  body: string | Uint8Array | ArrayBuffer,
  headers: HeadersLike,
  secret: string | readonly string[],
  options: VerifyOptions = {},
): Promise<Event> {
  const [id, time, signature] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => get(headers, name));
  if (!id || !time || !signature) throw new WebhookVerificationError('A header of the signature is missing');
  const age = /^\d{1,12}$/.test(time) ? Math.abs(Date.now() / 1000 - Number(time)) : NaN;
  if (!(age <= (options.tolerance ?? 300))) throw new WebhookVerificationError('The request was sent too long ago');
  const content = bytesOf(body);
  const signed = concat(encoder.encode(`${id}.${time}.`), content);
  const secrets = Array.isArray(secret) ? (secret as readonly string[]) : [secret as string];
  // With an empty key anybody could sign.
  if (secrets.length === 0 || secrets.some((key) => typeof key !== 'string' || key.replace('whsec_', '') === '')) {
    throw new ConfigurationError('The secret of a webhook is not set, or empty');
  }
  for (const key of await Promise.all(secrets.map(importKey))) {
    for (const candidate of signature.split(' ')) {
      if (await matches(key, candidate, signed)) return parse(content);
    }
  }
  throw new WebhookVerificationError('No signature is of the secret');
}

function get(headers: HeadersLike, name: string): string | undefined {
  if (typeof headers['get'] === 'function') return (headers as Headers).get(name) ?? undefined;
  const entry = Object.entries(headers).find(([key]) => key.toLowerCase() === name);
  const value: unknown = entry?.[1];
  return Array.isArray(value) ? value.join(' ') : (value as string | undefined);
}

/** The key of `whsec_…` is what follows in base64, and that of any other secret its own bytes. */
function importKey(secret: string): Promise<CryptoKey> {
  const bytes = secret.startsWith('whsec_') ? fromBase64(secret.slice(6)) : encoder.encode(secret);
  if (bytes === undefined) throw new ConfigurationError('The secret of a webhook is not base64 after whsec_');
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
}

/** Compares in constant time. */
async function matches(key: CryptoKey, candidate: string, signed: Uint8Array<ArrayBuffer>): Promise<boolean> {
  if (!candidate.startsWith('v1,')) return false;
  const bytes = fromBase64(candidate.slice(3));
  return bytes !== undefined && (await crypto.subtle.verify('HMAC', key, bytes, signed));
}

function parse(content: Uint8Array): Event {
  try {
    return JSON.parse(new TextDecoder().decode(content)) as Event;
  } catch {
    throw new WebhookVerificationError('The body is not JSON');
  }
}

function bytesOf(body: string | Uint8Array | ArrayBuffer): Uint8Array {
  if (typeof body === 'string') return encoder.encode(body);
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (ArrayBuffer.isView(body)) return body;
  throw new WebhookVerificationError('The body must be the text or the bytes that arrived, not parsed JSON');
}

function concat(start: Uint8Array, end: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(start.length + end.length);
  bytes.set(start);
  bytes.set(end, start.length);
  return bytes;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
