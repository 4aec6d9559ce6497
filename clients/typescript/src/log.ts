import { HeroBrainError } from './errors.js';
import type { LogFields, Logger } from './options.js';
import type { PreparedRequest } from './request.js';

/** The log entries of one attempt. */
export interface AttemptLog {
  sent(): void;
  received(response: Response): void;
  succeeded(): void;
  failed(error: unknown, retryIn: number | undefined): void;
}

const NO_LOG: AttemptLog = { sent() {}, received() {}, succeeded() {}, failed() {} };

/** Logs an attempt, if there is a logger: never its credential, its query or its body. */
export function attemptLog(logger: Logger | undefined, request: PreparedRequest, attempt: number): AttemptLog {
  if (logger === undefined) return NO_LOG;
  const { operation, method, path } = request;
  const start = performance.now();
  let answered: Partial<LogFields> = {};
  const fields = (more: Partial<LogFields> = {}): LogFields => {
    const duration = Math.round(performance.now() - start);
    return { operation, method, path, attempt, duration, ...answered, ...more };
  };
  return {
    sent: () => logger.debug('herobrain: request', { operation, method, path, attempt }),
    received: (response) => {
      const requestId = response.headers.get('X-Request-Id');
      answered = { status: response.status, ...(requestId === null ? {} : { requestId }) };
    },
    succeeded: () => logger.info('herobrain: response', fields()),
    failed: (error, retryIn) => {
      // The message of an error may quote what was sent; its code does not.
      const code = error instanceof HeroBrainError ? error.code : 'UNKNOWN';
      if (retryIn === undefined) logger.error('herobrain: failed', fields({ code }));
      else logger.warn('herobrain: repeated', fields({ code, retryIn: Math.round(retryIn) }));
    },
  };
}
