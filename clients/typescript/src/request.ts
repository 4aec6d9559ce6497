import { ConfigurationError } from './errors.js';
import type { ConditionalOptions, Settings, WriteOptions } from './options.js';
import type { ClientOperation } from './routes.js';
import { ROUTES } from './routes.js';
import { isServerRuntime } from './runtime.js';
import { USER_AGENT } from './version.js';

/** The values of a call. */
export interface CallInput {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  readonly body?: unknown;
  /** A body of lines of JSON, in the place of `body`. */
  readonly lines?: string;
}

/** What is the same in all attempts of a call; the credential is not. */
export interface PreparedRequest {
  readonly operation: ClientOperation;
  readonly method: string;
  /** For logs: it contains ids, but no query. */
  readonly path: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string | undefined;
  readonly isPublic: boolean;
}

/** Query parameters that are text in a list separated by commas. Other lists are the segments of a namespace. */
const COMMA_SEPARATED = new Set(['tags', 'types', 'scopes']);

/** Builds the request of a call. */
export function prepare(
  operation: ClientOperation,
  input: CallInput,
  options: WriteOptions & ConditionalOptions,
  settings: Settings,
): PreparedRequest {
  const route = ROUTES[operation];
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => segment(name, input.path?.[name]));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (value !== undefined && value !== null) query.set(name, queryValue(name, value));
  }
  if (settings.tenantId !== undefined && !route.isPublic) query.set('tenantId', settings.tenantId);
  const text = String(query);
  return {
    operation,
    method: route.method,
    path,
    url: settings.baseUrl + path + (text && `?${text}`),
    headers: headersOf(input, options, route.idempotencyKey),
    body: input.lines ?? (input.body === undefined ? undefined : JSON.stringify(input.body)),
    isPublic: route.isPublic,
  };
}

function headersOf(input: CallInput, options: WriteOptions & ConditionalOptions, takesIdempotencyKey: boolean): Headers {
  const headers = new Headers({ Accept: 'application/json' });
  if (input.lines !== undefined) headers.set('Content-Type', 'application/x-ndjson');
  else if (input.body !== undefined) headers.set('Content-Type', 'application/json');
  const given: Record<string, [option: string, value: string | undefined]> = {
    'Idempotency-Key': ['idempotencyKey', takesIdempotencyKey ? (options.idempotencyKey ?? randomKey()) : undefined],
    'If-Match': ['ifMatch', options.ifMatch],
    'If-None-Match': ['ifNoneMatch', options.ifNoneMatch],
  };
  for (const [header, [option, value]] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!/^[\x20-\x7e]*$/.test(value)) throw new ConfigurationError(`${option} must be visible ASCII characters`);
    headers.set(header, value);
  }
  // Browsers have a user agent of their own, and would ask the server whether this header is allowed.
  if (isServerRuntime()) headers.set('User-Agent', USER_AGENT);
  return headers;
}

/** An id in a path. `.` and `..` would lead to another path, even percent-encoded. */
function segment(name: string, value: string | undefined): string {
  // A half of a surrogate pair cannot be encoded.
  if (typeof value !== 'string' || ['', '.', '..'].includes(value) || /\p{Surrogate}/u.test(value)) {
    throw new ConfigurationError(`${name} must be the id of a resource`);
  }
  return encodeURIComponent(value);
}

function queryValue(name: string, value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (!Array.isArray(value)) return String(value);
  if (COMMA_SEPARATED.has(name)) return value.join(',');
  return namespaceText(value);
}

/** The text form of a namespace in a query, as in a JSON Pointer (RFC 6901). */
function namespaceText(segments: readonly unknown[]): string {
  return segments.map((text) => String(text).replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
}

/** 128 random bits. `crypto.randomUUID` is absent in pages without https. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
