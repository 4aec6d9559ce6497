import type { CallOptions } from '../options.js';
import { Pages } from '../pages.js';
import type { Transport } from '../transport.js';
import type { DataOf, EnvelopeOf, QueryOf } from '../types.js';

/** The namespaces of the memories. */
export class Namespaces {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Lists the distinct namespaces. */
  list(
    query: QueryOf<'namespaces.list'> = {},
    options: CallOptions = {},
  ): Pages<EnvelopeOf<'namespaces.list'>, DataOf<'namespaces.list'>['namespaces'][number]> {
    return new Pages(
      (cursor) => {
        const next = cursor === undefined ? query : { ...query, cursor };
        return this.#transport.call('namespaces.list', { query: next }, options);
      },
      ({ data }) => ({ items: data.namespaces, next: data.nextCursor }),
    );
  }
}
