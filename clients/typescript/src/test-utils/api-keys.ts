import { newId } from './ids.js';
import { invalid, notFound } from './mock-error.js';
import type { Handlers, MockCall } from './server.js';
import { MockReply } from './server.js';

interface Key {
  id: string;
  name: string;
  keyPrefix: string;
  environment: string;
  scopes: string[];
  status: string;
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
  revokedAt: string | null;
}

const ALL_SCOPES = ['read:memories', 'write:memories', 'read:intelligence', 'write:webhooks'];
const RATE_LIMIT = { requestsPerMinute: 100, requestsPerMonth: 100_000, burst: 200 };

/** The API keys of a mock. */
export class ApiKeyStore {
  readonly #keys = new Map<string, Key>();

  readonly handlers: Handlers = {
    'apiKeys.list': () => ({ keys: [...this.#keys.values()].reverse() }),
    'apiKeys.get': ({ path }) => this.#find(path['id']),
    'apiKeys.create': (call) => this.#create(call),
    'apiKeys.rotate': ({ body }) => this.#withSecret(this.#find(keyIdOf(body))),
    'apiKeys.revoke': ({ body }) => this.#revoke(keyIdOf(body)),
    'apiKeys.usage': ({ query }) => this.#usage(query),
  };

  #find(id: unknown): Key {
    const key = this.#keys.get(String(id));
    if (key === undefined) throw notFound();
    return key;
  }

  #create({ body }: MockCall): MockReply {
    const { name, environment = 'production', scopes = ALL_SCOPES, expiresAt = null } = body as Partial<Key>;
    if (name === undefined) throw invalid('name');
    const id = newId('key', 12);
    const key: Key = {
      id,
      name,
      keyPrefix: `hb_${environment === 'production' ? 'prod' : 'dev'}_${id.slice(-6)}`,
      environment,
      scopes,
      status: 'active',
      createdAt: new Date().toISOString(),
      expiresAt,
      lastUsedAt: null,
      revokedAt: null,
    };
    this.#keys.set(id, key);
    return new MockReply(this.#withSecret(key), { status: 201 });
  }

  #withSecret(key: Key): object {
    const { id, name, keyPrefix, environment, scopes, expiresAt, createdAt } = key;
    const plainKey = keyPrefix + newId('', 20).slice(1);
    return { id, name, keyPrefix, plainKey, environment, scopes, rateLimit: RATE_LIMIT, expiresAt, createdAt };
  }

  #revoke(id: unknown): object {
    const key = this.#find(id);
    key.status = 'revoked';
    key.revokedAt ??= new Date().toISOString();
    return { id: key.id, status: key.status, revokedAt: key.revokedAt };
  }

  #usage(query: MockCall['query']): object {
    const { id, scopes } = this.#find(query['keyId']);
    const days = Number(query['days'] ?? 30);
    const daily = Array.from({ length: days }, (_, index) => {
      const date = new Date(Date.now() - (days - 1 - index) * 86_400_000).toISOString().slice(0, 10);
      return { date, requests: 0, errors: 0, limited: 0 };
    });
    const needed = ALL_SCOPES.filter((scope) => scopes.includes(scope)).map((scope) => ({ scope, requests: 0 }));
    return { keyId: id, days, total: 0, errors: 0, limited: 0, daily, scopes: needed };
  }
}

function keyIdOf(body: unknown): unknown {
  return (body as { keyId?: unknown }).keyId;
}
