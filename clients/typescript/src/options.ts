import { ConfigurationError } from './errors.js';

/** A credential, or a function that returns the current one. It is called for every attempt; nothing is cached. */
export type Credential = string | (() => CredentialResult | Promise<CredentialResult>);

/** What a function returns for a credential; null while nobody is signed in. */
export type CredentialResult = string | null | undefined;

/** A request before it is sent. Headers and URL may be changed. */
export interface OutgoingRequest {
  readonly operation: string;
  readonly method: string;
  readonly attempt: number;
  url: URL;
  headers: Headers;
  body: string | undefined;
}

/** Sees every attempt before it is sent, with its credential. */
export type RequestInterceptor = (request: OutgoingRequest) => void | Promise<void>;

/** Sees every response before it is read, and may return another one. To read the body, read that of a `clone()`. */
export type ResponseInterceptor = (
  response: Response,
  request: OutgoingRequest,
) => Response | void | Promise<Response | void>;

/** What is logged of an attempt: no credential, no query, no body. */
export interface LogFields {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly attempt: number;
  readonly status?: number;
  readonly duration?: number;
  readonly requestId?: string;
  readonly code?: string;
  readonly retryIn?: number;
}

/** Receives log entries; `console` is one. */
export interface Logger {
  debug(message: string, fields: LogFields): void;
  info(message: string, fields: LogFields): void;
  warn(message: string, fields: LogFields): void;
  error(message: string, fields: LogFields): void;
}

/** What a request is sent with. */
export interface FetchInit {
  method: string;
  headers: Headers;
  body?: string;
  signal: AbortSignal;
  redirect: 'manual';
}

/** The part of the Fetch API that the client uses. */
export type Fetch = (url: string, init: FetchInit) => Promise<Response>;

/** The options of a client. Either `apiKey` or `token` is required. */
export interface ClientOptions {
  /** An API key. Keep it on servers. */
  apiKey?: Credential | undefined;
  /** A session token of Clerk or an access token of HeroBrain; usually a function, because it is valid for minutes. */
  token?: Credential | undefined;
  /** Sent with every call, so that a credential of another tenant is refused with TENANT_MISMATCH. */
  tenantId?: string | undefined;
  /** Default: `https://api.herobrain.ai`. */
  baseUrl?: string | undefined;
  /** Milliseconds for each attempt. Default: 30,000. */
  timeout?: number | undefined;
  /** How often a failed attempt is repeated. Default: 3. */
  retryAttempts?: number | undefined;
  /**
   * The most milliseconds before the first repetition; doubled for each further one, up to 8,000. The wait is a random part of it.
   * Default: 500.
   */
  retryDelay?: number | undefined;
  /** Milliseconds: a response that asks for a longer wait is an error at once. Default: 60,000. */
  maxRetryWait?: number | undefined;
  interceptors?:
    | {
        request?: RequestInterceptor | readonly RequestInterceptor[] | undefined;
        response?: ResponseInterceptor | readonly ResponseInterceptor[] | undefined;
      }
    | undefined;
  /** `true` logs to the console. Default: false. */
  logging?: boolean | Logger | undefined;
  /** Sends the requests in the place of the global `fetch`. */
  fetch?: Fetch | undefined;
}

/** The options of one call. */
export interface CallOptions {
  /** Ends the call, and all its waiting, with an AbortError. */
  signal?: AbortSignal | undefined;
  /** In the place of the client's `timeout`. */
  timeout?: number | undefined;
  /** In the place of the client's `retryAttempts`. */
  retryAttempts?: number | undefined;
}

/** The options of a call that changes something. */
export interface WriteOptions extends CallOptions {
  /** 1 to 255 visible ASCII characters without a comma. Default: a new one for each call. */
  idempotencyKey?: string | undefined;
}

/** The options of a call that depends on the version of a resource, as the header `ETag` names it. */
export interface ConditionalOptions {
  /** Only if the resource has this version; else PRECONDITION_FAILED. */
  ifMatch?: string | undefined;
  /** Only if the resource does not have this version: a read is NOT_MODIFIED then. `*` is any version. */
  ifNoneMatch?: string | undefined;
}

/** Options with their defaults. */
export interface Settings {
  readonly credential: Credential;
  readonly tenantId: string | undefined;
  readonly baseUrl: string;
  readonly timeout: number;
  readonly retryAttempts: number;
  readonly retryDelay: number;
  readonly maxRetryWait: number;
  readonly requestInterceptors: readonly RequestInterceptor[];
  readonly responseInterceptors: readonly ResponseInterceptor[];
  readonly logger: Logger | undefined;
  readonly fetch: Fetch;
}

/** The longest delay of a timer; a longer one would end at once. */
const MAX_DELAY = 2 ** 31 - 1;

/** Checks the options and adds the defaults. */
export function settings(options: ClientOptions): Settings {
  // Programs in JavaScript are told what is wrong here, where it was given, and not by a later call.
  if (!isObject(options)) throw new ConfigurationError('The options must be an object, as { apiKey }');
  const { apiKey, token, interceptors, logging } = options;
  if (apiKey != null && token != null) {
    throw new ConfigurationError('Give either apiKey or token, not both');
  }
  const credential = apiKey ?? token;
  if (credential == null || credential === '') {
    throw new ConfigurationError('Give apiKey, or token: for example apiKey: process.env.HEROBRAIN_API_KEY on a server');
  }
  if (typeof credential !== 'string' && typeof credential !== 'function') {
    throw new ConfigurationError('apiKey and token must be a text, or a function that returns one');
  }
  if (typeof logging === 'string' || typeof logging === 'number') {
    throw new ConfigurationError('logging must be true, false or a logger, as console');
  }
  return {
    credential,
    tenantId: options.tenantId,
    baseUrl: parseBaseUrl(options.baseUrl ?? 'https://api.herobrain.ai'),
    timeout: milliseconds('timeout', options.timeout, 30_000, 1),
    retryAttempts: attempts(options.retryAttempts, 3),
    retryDelay: milliseconds('retryDelay', options.retryDelay, 500, 0),
    maxRetryWait: milliseconds('maxRetryWait', options.maxRetryWait, 60_000, 0),
    requestInterceptors: list(interceptors?.request).map(asFunction('interceptors.request')),
    responseInterceptors: list(interceptors?.response).map(asFunction('interceptors.response')),
    logger: logging === true ? console : logging || undefined,
    // A fetch that is taken from the global object has to be called on it.
    fetch: asFunction('fetch')(options.fetch ?? ((url, init) => globalThis.fetch(url, init))),
  };
}

/** A number of repetitions. */
export function attempts(value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (!Number.isInteger(value) || value < 0) throw new ConfigurationError('retryAttempts must be an integer from 0 on');
  return value;
}

/** A number of milliseconds that a timer can wait for. */
export function milliseconds(name: string, value: number | undefined, fallback: number, least: number): number {
  if (value === undefined) return fallback;
  if (!(value >= least && value <= MAX_DELAY)) {
    throw new ConfigurationError(`${name} must be a number of milliseconds from ${least} to ${MAX_DELAY}`);
  }
  return value;
}

function parseBaseUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new ConfigurationError('baseUrl must be an absolute URL');
  }
  if (!/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new ConfigurationError('baseUrl must be an http or https URL without user name, password, query and fragment');
  }
  return (url.origin + url.pathname).replace(/\/+$/, '');
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function asFunction(name: string): <T>(value: T) => T {
  return (value) => {
    if (typeof value !== 'function') throw new ConfigurationError(`${name} must be a function`);
    return value;
  };
}

function list<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value as T];
}
