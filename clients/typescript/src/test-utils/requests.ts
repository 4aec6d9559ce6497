import type { Fields } from './matching.js';
import { isObject } from './matching.js';
import { invalid, MockError } from './mock-error.js';

/** Whether a condition names this version; `*` is any version of a memory that exists. */
export function isVersion(condition: string, etag: string | undefined): boolean {
  return etag !== undefined && (condition === '*' || condition === etag);
}

/** A field that is an object or a list; else the error of the service. */
export function required(body: unknown, field: string): object {
  const value = isObject(body) ? body[field] : undefined;
  if (typeof value !== 'object' || value === null) throw invalid(field);
  return value;
}

/** The object in a line of an import. */
export function parseLine(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // It is as invalid as JSON that is no object.
  }
  throw new MockError({ status: 400, code: 'VALIDATION_ERROR', message: 'The line is not a JSON object' });
}

/** The number of items that a page may have. */
export function limitOf(request: Fields, fallback: number): number {
  const limit = Number(request['limit'] ?? fallback);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 100) return limit;
  const message = 'limit must be a whole number from 1 to 100';
  throw new MockError({ status: 400, code: 'VALIDATION_ERROR', message, field: 'limit' });
}

/** The items from the cursor on, which is their number. */
export function pageOf<T>(all: readonly T[], request: Fields, fallback: number): { items: T[]; nextCursor: string | null } {
  const start = Number(request['cursor'] ?? 0);
  const end = start + limitOf(request, fallback);
  return { items: all.slice(start, end), nextCursor: end < all.length ? String(end) : null };
}
