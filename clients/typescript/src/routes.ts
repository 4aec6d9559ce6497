import type { operations } from './schema.js';

/** The name of an operation of the API, as `memories.create`. */
export type OperationId = keyof operations;

/** How an operation is requested. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Whether it takes an `Idempotency-Key`, which makes its repetition safe. */
  readonly idempotencyKey: boolean;
  /** Whether it needs no credential. */
  readonly isPublic: boolean;
}

const read = (method: Route['method'], path: string): Route => ({ method, path, idempotencyKey: false, isPublic: false });
const write = (method: Route['method'], path: string): Route => ({ method, path, idempotencyKey: true, isPublic: false });
const open = (path: string): Route => ({ method: 'GET', path, idempotencyKey: false, isPublic: true });

/** The operations that have a method of the client. */
export const ROUTES = {
  'memories.list': read('GET', '/api/v1/memories'),
  'memories.create': write('POST', '/api/v1/memories'),
  'memories.search': read('POST', '/api/v1/memories/search'),
  'memories.query': read('POST', '/api/v1/memories/query'),
  'memories.createBulk': write('POST', '/api/v1/memories/bulk'),
  'memories.updateBulk': write('POST', '/api/v1/memories/bulk-update'),
  'memories.deleteBulk': write('POST', '/api/v1/memories/bulk-delete'),
  'memories.batchGet': read('POST', '/api/v1/memories/batch-get'),
  'memories.export': read('GET', '/api/v1/memories/export'),
  'memories.import': write('POST', '/api/v1/memories/import'),
  'memories.getByKey': read('GET', '/api/v1/memories/by-key'),
  'memories.putByKey': write('PUT', '/api/v1/memories/by-key'),
  'memories.deleteByKey': read('DELETE', '/api/v1/memories/by-key'),
  'memories.get': read('GET', '/api/v1/memories/{id}'),
  'memories.replace': write('PUT', '/api/v1/memories/{id}'),
  'memories.update': write('PATCH', '/api/v1/memories/{id}'),
  'memories.delete': read('DELETE', '/api/v1/memories/{id}'),
  'namespaces.list': read('GET', '/api/v1/namespaces'),
  'apiKeys.list': read('GET', '/api/v1/api-keys'),
  'apiKeys.create': write('POST', '/api/v1/api-keys'),
  'apiKeys.get': read('GET', '/api/v1/api-keys/{id}'),
  'apiKeys.rotate': write('POST', '/api/v1/api-keys/rotate'),
  'apiKeys.revoke': write('POST', '/api/v1/api-keys/revoke'),
  'apiKeys.usage': read('GET', '/api/v1/api-keys/usage'),
  'webhooks.list': read('GET', '/api/v1/webhooks'),
  'webhooks.create': write('POST', '/api/v1/webhooks'),
  'webhooks.get': read('GET', '/api/v1/webhooks/{id}'),
  'webhooks.update': write('PATCH', '/api/v1/webhooks/{id}'),
  'webhooks.delete': read('DELETE', '/api/v1/webhooks/{id}'),
  'webhooks.test': write('POST', '/api/v1/webhooks/{id}/test'),
  'webhooks.rotateSecret': write('POST', '/api/v1/webhooks/{id}/rotate-secret'),
  'webhooks.recover': write('POST', '/api/v1/webhooks/{id}/recover'),
  'webhooks.deliveries': read('GET', '/api/v1/webhooks/{id}/deliveries'),
  'webhooks.resend': write('POST', '/api/v1/webhooks/{id}/deliveries/{eventId}/resend'),
  'events.list': read('GET', '/api/v1/events'),
  'usage.rateLimit': read('GET', '/api/v1/rate-limit'),
  'auth.exchange': read('POST', '/auth/clerk-token'),
  'auth.jwks': open('/.well-known/jwks.json'),
  'health.check': open('/health'),
  'openapi.get': open('/openapi.json'),
} as const satisfies Partial<Record<OperationId, Route>>;

/** The name of an operation that has a method of the client. */
export type ClientOperation = keyof typeof ROUTES;
