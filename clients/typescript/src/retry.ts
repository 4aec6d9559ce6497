import { ConnectionError, HeroBrainError, TimeoutError } from './errors.js';

/** The longest random delay between two attempts, in milliseconds. */
const MAX_BACKOFF = 8_000;

/** Whether the attempt that ended with this error may be repeated. */
export function isRetryable(error: unknown): error is HeroBrainError {
  if (error instanceof ConnectionError || error instanceof TimeoutError) return true;
  if (!(error instanceof HeroBrainError) || error.status === undefined) return false;
  const { status, code, retryAfter } = error;
  if (status === 408 || status === 429 || status >= 500) return true;
  // An attempt whose response was lost is still in progress.
  return status === 409 && code === 'IDEMPOTENCY_CONFLICT' && retryAfter !== undefined;
}

/** A random delay before the repetition of an attempt ("full jitter"), so that clients do not repeat together. */
export function backoff(attempt: number, retryDelay: number, random: () => number = Math.random): number {
  return random() * Math.min(MAX_BACKOFF, retryDelay * 2 ** (attempt - 1));
}

/** The seconds that a response asks to wait: the longest of its headers, each a number or a date. */
export function retryAfterOf(headers: Headers, now: number = Date.now()): number | undefined {
  const seconds = ['Retry-After', 'X-RateLimit-Retry-After']
    .map((name) => parseRetryAfter(headers.get(name), now))
    .filter((value) => value !== undefined);
  return seconds.length > 0 ? Math.max(...seconds) : undefined;
}

function parseRetryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  if (/^\s*\d+(\.\d+)?\s*$/.test(value)) return Number(value);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1000);
}
