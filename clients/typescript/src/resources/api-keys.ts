import type { CallOptions, WriteOptions } from '../options.js';
import { Pages } from '../pages.js';
import type { Transport } from '../transport.js';
import type { ApiKey, BodyOf, EnvelopeOf, NewApiKey, QueryOf } from '../types.js';

/** The API keys of the tenant. */
export class ApiKeys {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Creates a key. `plainKey` is in this response only: store it. It is null if a response with it was lost and the call was
   * repeated; rotate the key then.
   */
  create(key: NewApiKey, options: WriteOptions = {}): Promise<EnvelopeOf<'apiKeys.create'>> {
    return this.#transport.call('apiKeys.create', { body: key }, options);
  }

  /** Lists the keys. They are all on one page. */
  list(options: CallOptions = {}): Pages<EnvelopeOf<'apiKeys.list'>, ApiKey> {
    return new Pages(
      () => this.#transport.call('apiKeys.list', {}, options),
      ({ data }) => ({ items: data.keys, next: null }),
    );
  }

  /** Gets a key. */
  get(id: string, options: CallOptions = {}): Promise<EnvelopeOf<'apiKeys.get'>> {
    return this.#transport.call('apiKeys.get', { path: { id } }, options);
  }

  /** Gives a key a new secret, which is returned as by `create`. The previous one is valid for `gracePeriodSeconds`. */
  rotate(key: string | BodyOf<'apiKeys.rotate'>, options: WriteOptions = {}): Promise<EnvelopeOf<'apiKeys.rotate'>> {
    return this.#transport.call('apiKeys.rotate', { body: byId(key) }, options);
  }

  /** Revokes a key. */
  revoke(key: string | BodyOf<'apiKeys.revoke'>, options: WriteOptions = {}): Promise<EnvelopeOf<'apiKeys.revoke'>> {
    return this.#transport.call('apiKeys.revoke', { body: byId(key) }, options);
  }

  /** Counts the requests of a key by day. */
  usage(key: string | QueryOf<'apiKeys.usage'>, options: CallOptions = {}): Promise<EnvelopeOf<'apiKeys.usage'>> {
    return this.#transport.call('apiKeys.usage', { query: byId(key) }, options);
  }
}

function byId<T extends object>(key: string | T): T | { keyId: string } {
  return typeof key === 'string' ? { keyId: key } : key;
}
