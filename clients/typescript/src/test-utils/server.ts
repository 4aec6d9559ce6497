import type { FetchInit } from '../options.js';
import type { ClientOperation, Route } from '../routes.js';
import { ROUTES } from '../routes.js';
import type { DataOf } from '../types.js';
import { ApiKeyStore } from './api-keys.js';
import { MemoryStore } from './memories.js';
import { MockError } from './mock-error.js';

/** A request that the mock has received. */
export interface MockCall {
  readonly operation: ClientOperation;
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** The parsed JSON, the text of lines, or undefined. */
  readonly body: unknown;
  readonly headers: Headers;
}

/** Makes the `data` of the response to a call. */
export type MockResponder<O extends ClientOperation> = (call: MockCall) => DataOf<O> | Promise<DataOf<O>>;

/** An error response. */
export interface MockFailure {
  readonly status: number;
  readonly code: string;
  readonly message?: string;
  /** The field that is invalid. */
  readonly field?: string;
  /** Seconds, for the header `Retry-After`. */
  readonly retryAfter?: number;
  /** How many requests fail. Default: all. */
  readonly times?: number;
}

/** Handles the calls of some operations. */
export type Handlers = Partial<Record<ClientOperation, (call: MockCall) => unknown>>;

/** A response in another form than an envelope with status 200. */
export class MockReply {
  readonly init: ResponseInit;
  readonly body: unknown;

  constructor(body: unknown, init: ResponseInit) {
    this.body = body;
    this.init = init;
  }
}

/** A path with an id comes after those that it would match as well. */
const PATTERNS = Object.entries(ROUTES)
  .sort(([, a], [, b]) => Number(a.path.includes('{')) - Number(b.path.includes('{')))
  .map(([operation, route]: [string, Route]) => ({
    operation: operation as ClientOperation,
    method: route.method,
    pattern: new RegExp(`^${route.path.replaceAll('.', '\\.').replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
  }));

/** The service of a mock: a `fetch` that answers by itself. */
export class MockServer {
  readonly calls: MockCall[] = [];
  readonly #responders = new Map<ClientOperation, unknown>();
  readonly #failures = new Map<ClientOperation, { failure: MockFailure; left: number }>();
  #handlers: Handlers = {};
  #requests = 0;

  constructor() {
    this.reset();
  }

  reset(): void {
    this.calls.length = 0;
    this.#responders.clear();
    this.#failures.clear();
    this.#handlers = { ...new MemoryStore().handlers, ...new ApiKeyStore().handlers };
  }

  respond(operation: ClientOperation, data: unknown): void {
    this.#failures.delete(operation);
    this.#responders.set(operation, data);
  }

  fail(operation: ClientOperation, failure: MockFailure): void {
    this.#failures.set(operation, { failure, left: failure.times ?? Infinity });
  }

  async fetch(address: string, init: FetchInit): Promise<Response> {
    const call = callOf(new URL(address), init);
    this.calls.push(call);
    try {
      return this.#reply(await this.#answer(call));
    } catch (error) {
      if (error instanceof MockError) return this.#error(error.failure);
      throw error;
    }
  }

  async #answer(call: MockCall): Promise<unknown> {
    const { operation } = call;
    const planned = this.#failures.get(operation);
    if (planned !== undefined) {
      planned.left -= 1;
      if (planned.left <= 0) this.#failures.delete(operation);
      throw new MockError(planned.failure);
    }
    if (this.#responders.has(operation)) {
      const responder = this.#responders.get(operation);
      return typeof responder === 'function' ? await responder(call) : structuredClone(responder);
    }
    const handler = this.#handlers[operation];
    if (handler === undefined) throw new MockError(unanswered(operation));
    return handler(call);
  }

  #reply(answer: unknown): Response {
    if (!(answer instanceof MockReply)) return this.#envelope({ success: true, data: answer }, { status: 200 });
    // A response without a body, as a 304, has not even an empty one.
    if (typeof answer.body === 'string') return new Response(answer.body || null, answer.init);
    return this.#envelope({ success: true, data: answer.body }, answer.init);
  }

  #error({ status, code, message = code, field, retryAfter }: MockFailure): Response {
    const errors = [{ code, message, ...(field === undefined ? {} : { field }) }];
    const headers: Record<string, string> = retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) };
    return this.#envelope({ success: false, errors }, { status, headers });
  }

  #envelope(content: object, init: ResponseInit): Response {
    this.#requests += 1;
    const metadata = { request_id: `req_mock${this.#requests}`, timestamp: new Date().toISOString(), version: 'v1' };
    return Response.json({ ...content, metadata }, init);
  }
}

function callOf(url: URL, init: FetchInit): MockCall {
  for (const { operation, method, pattern } of PATTERNS) {
    const match = method === init.method ? pattern.exec(url.pathname) : null;
    if (match === null) continue;
    const isJson = init.headers.get('Content-Type') === 'application/json';
    return {
      operation,
      path: Object.fromEntries(Object.entries(match.groups ?? {}).map(([name, text]) => [name, decodeURIComponent(text)])),
      query: Object.fromEntries(url.searchParams),
      body: isJson && init.body !== undefined ? JSON.parse(init.body) : init.body,
      headers: init.headers,
    };
  }
  throw new Error(`No operation is ${init.method} ${url.pathname}`);
}

function unanswered(operation: ClientOperation): MockFailure {
  const message = `MockHeroBrain has no response for ${operation}: set one with mock.respond('${operation}', …)`;
  return { status: 501, code: 'MOCK_WITHOUT_RESPONSE', message };
}
