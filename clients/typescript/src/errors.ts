import type { ImportResult } from './types.js';

/** One entry of the `errors` list of a response. */
export interface ErrorDetail {
  /** What went wrong, for programs. A newer server may have codes that this version does not know. */
  readonly code: string;
  /** What went wrong, for people. */
  readonly message: string;
  /** The field that is invalid. */
  readonly field?: string;
}

/** What is known about a failed call. */
export interface ErrorInit {
  code: string;
  status?: number | undefined;
  requestId?: string | undefined;
  retryAfter?: number | undefined;
  errors?: readonly ErrorDetail[];
  cause?: unknown;
}

/** A failed call. All errors of this client are of this class. */
export class HeroBrainError extends Error {
  override name = 'HeroBrainError';
  /** The code of the first error of the response, or a code of this client, as `CONNECTION_ERROR`. */
  readonly code: string;
  /** The status of the response; undefined without one. */
  readonly status: number | undefined;
  /** Identifies the request to the operator of the service; undefined without a response. */
  readonly requestId: string | undefined;
  /** The number of seconds after which the call may be repeated, if the server has said so. */
  readonly retryAfter: number | undefined;
  /** All errors of the response: every invalid field has one. */
  readonly errors: readonly ErrorDetail[];
  /** What an import has done before it failed, with the line numbers of the whole input; undefined for any other call. */
  imported: ImportResult | undefined;

  constructor(message: string, init: ErrorInit) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = init.code;
    this.status = init.status;
    this.requestId = init.requestId;
    this.retryAfter = init.retryAfter;
    this.errors = init.errors ?? [{ code: init.code, message }];
  }
}

/** The server could not be reached, or the connection was closed before the response was complete. */
export class ConnectionError extends HeroBrainError {
  override name = 'ConnectionError';

  constructor(cause: unknown) {
    super('The connection to the HeroBrain API failed', { code: 'CONNECTION_ERROR', cause });
  }
}

/** An attempt took longer than `timeout`. */
export class TimeoutError extends HeroBrainError {
  override name = 'TimeoutError';

  constructor(milliseconds: number) {
    super(`The HeroBrain API did not respond within ${milliseconds} ms`, { code: 'TIMEOUT' });
  }
}

/** The call was aborted by its `signal`; `cause` is the reason of the signal. */
export class AbortError extends HeroBrainError {
  override name = 'AbortError';

  constructor(reason: unknown) {
    super('The call was aborted', { code: 'ABORTED', cause: reason });
  }
}

/** The options of the client, its credential or the secret of a webhook cannot be used. */
export class ConfigurationError extends HeroBrainError {
  override name = 'ConfigurationError';

  constructor(message: string) {
    super(message, { code: 'CONFIGURATION_ERROR' });
  }
}

/** A webhook request was not signed with the secret, or too long ago. */
export class WebhookVerificationError extends HeroBrainError {
  override name = 'WebhookVerificationError';

  constructor(message: string) {
    super(message, { code: 'WEBHOOK_VERIFICATION_FAILED' });
  }
}
