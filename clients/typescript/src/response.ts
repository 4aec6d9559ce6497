import type { ErrorDetail } from './errors.js';
import { ConnectionError, HeroBrainError } from './errors.js';
import { retryAfterOf } from './retry.js';

/** The metadata of a response. */
export interface EnvelopeMetadata {
  readonly request_id: string;
  readonly timestamp: string;
  readonly version: string;
}

/** What a response has besides its body. */
export interface ResponseInfo {
  readonly status: number;
  readonly headers: Headers;
  /** The version of the resource, for `ifMatch` and `ifNoneMatch`; null if it has none. */
  readonly etag: string | null;
}

/** A successful response, as the server sent it. */
export interface Envelope<Data> {
  readonly success: true;
  readonly data: Data;
  readonly metadata: EnvelopeMetadata;
  /** The status and the headers. It is not enumerable: JSON and comparisons of an envelope do not contain it. */
  readonly response: ResponseInfo;
}

/** A response that has been read. */
export interface Answer {
  readonly info: ResponseInfo;
  readonly text: string;
}

/** Reads a response; an error response is thrown. */
export async function readAnswer(response: Response): Promise<Answer> {
  const { status, headers } = response;
  // A browser hides the status of a redirect.
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400 && status !== 304)) {
    throw new HeroBrainError('The server redirects to another address; redirects are not followed', {
      code: 'UNEXPECTED_REDIRECT',
      status: status || undefined,
    });
  }
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    throw new ConnectionError(error);
  }
  if (!response.ok) throw errorOf(response, text);
  return { info: { status, headers, etag: headers.get('ETag') }, text };
}

/** The envelope of a successful response. A document of an operation that has no envelope, as a set of keys, is its data. */
export function envelopeOf(answer: Answer, mayBeDocument = false): Envelope<unknown> {
  const { status, headers } = answer.info;
  const body = parseJson(answer.text);
  if (isObject(body) && isEnvelope(body)) return withInfo(body, answer.info);
  if (!mayBeDocument || !isObject(body)) throw invalidResponse(status, headers);
  return withInfo({ success: true as const, data: body, metadata: metadataOf(headers) }, answer.info);
}

/** The envelope of a call that needs no request. */
export function emptyEnvelope(): Envelope<unknown> {
  const headers = new Headers();
  return withInfo({ success: true as const, data: {}, metadata: metadataOf(headers) }, { status: 200, headers, etag: null });
}

/** The objects of a successful response of lines. Without its content type an empty body would be taken for no lines. */
export function linesOf(answer: Answer): Record<string, unknown>[] {
  const { status, headers } = answer.info;
  const objects = answer.text.split('\n').filter((line) => line.trim() !== '').map(parseJson);
  const isLines = headers.get('Content-Type')?.includes('ndjson') === true;
  if (!isLines || !objects.every(isObject)) throw invalidResponse(status, headers);
  return objects;
}

/** Adds what a response has besides its body. */
export function withInfo<T extends object>(body: T, info: ResponseInfo): T & { readonly response: ResponseInfo } {
  return Object.defineProperty(body, 'response', { value: info, enumerable: false }) as T & { response: ResponseInfo };
}

function isEnvelope(body: Record<string, unknown>): body is Record<string, unknown> & Omit<Envelope<unknown>, 'response'> {
  return body['success'] === true && isObject(body['data']);
}

/** The metadata of a response without an envelope, from its headers. */
export function metadataOf(headers: Headers): EnvelopeMetadata {
  return { request_id: headers.get('X-Request-Id') ?? '', timestamp: new Date().toISOString(), version: 'v1' };
}

function errorOf(response: Response, text: string): HeroBrainError {
  const { status, headers } = response;
  if (status === 304) {
    return new HeroBrainError('The resource has the version in ifNoneMatch', {
      code: 'NOT_MODIFIED',
      status,
      requestId: headers.get('X-Request-Id') ?? undefined,
    });
  }
  const body = parseJson(text);
  const errors = isObject(body) && Array.isArray(body['errors']) ? body['errors'].filter(isDetail) : [];
  const [first] = errors;
  if (first === undefined) return invalidResponse(status, headers);
  const metadata = isObject(body) && isObject(body['metadata']) ? body['metadata'] : {};
  const id = metadata['request_id'] ?? headers.get('X-Request-Id');
  return new HeroBrainError(errors.map((error) => error.message).join('; '), {
    code: first.code,
    status,
    requestId: typeof id === 'string' ? id : undefined,
    retryAfter: retryAfterOf(headers),
    errors,
  });
}

/** A response that is not from the service itself: of a proxy, a gateway or another server. */
function invalidResponse(status: number, headers: Headers): HeroBrainError {
  const type = headers.get('Content-Type')?.split(';')[0] ?? 'no content type';
  return new HeroBrainError(
    `The response is not one of the HeroBrain API: status ${status}, ${type}. It may come from a proxy or a wrong baseUrl`,
    {
      code: 'INVALID_RESPONSE',
      status,
      requestId: headers.get('X-Request-Id') ?? undefined,
      retryAfter: retryAfterOf(headers),
    },
  );
}

/** A page that is followed by itself: it would be requested without end. */
export function unmovedCursor({ status, headers }: ResponseInfo): HeroBrainError {
  return new HeroBrainError('The cursor of the next page is that of this page', {
    code: 'INVALID_RESPONSE',
    status,
    requestId: headers.get('X-Request-Id') ?? undefined,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDetail(value: unknown): value is ErrorDetail {
  return isObject(value) && typeof value['code'] === 'string' && typeof value['message'] === 'string';
}
