import type { MockFailure } from './server.js';

/** An error response of the mock. */
export class MockError extends Error {
  readonly failure: MockFailure;

  constructor(failure: MockFailure) {
    super(failure.message ?? failure.code);
    this.failure = failure;
  }
}

/** A 404. */
export function notFound(): MockError {
  return new MockError({ status: 404, code: 'RESOURCE_NOT_FOUND', message: 'No such resource' });
}

/** A 400 for a field. */
export function invalid(field: string): MockError {
  return new MockError({ status: 400, code: 'VALIDATION_ERROR', message: `${field} is required`, field });
}
