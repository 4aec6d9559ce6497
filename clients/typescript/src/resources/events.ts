import type { FollowOptions } from '../follow.js';
import { EventFeed } from '../follow.js';
import type { CallOptions } from '../options.js';
import { Pages } from '../pages.js';
import type { Transport } from '../transport.js';
import type { EnvelopeOf, Event, QueryOf } from '../types.js';

/** The feed of events. */
export class Events {
  readonly #transport: Transport;

  /** @internal */
  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Lists what has happened, the oldest event first, up to the end of the feed. */
  list(query: QueryOf<'events.list'> = {}, options: CallOptions = {}): Pages<EnvelopeOf<'events.list'>, Event> {
    return new Pages(
      (cursor) => {
        const next = cursor === undefined ? query : { ...query, cursor };
        return this.#transport.call('events.list', { query: next }, options);
      },
      // The feed always has a next cursor, for what happens later.
      ({ data }) => ({ items: data.events, next: data.hasMore ? data.nextCursor : null }),
    );
  }

  /** Follows the feed without an end, from `cursor` on, or else from now on. Repeat it with the cursor that was stored last. */
  follow(options: FollowOptions = {}): EventFeed {
    const { types, limit, pollInterval, cursor, ...call } = options;
    return new EventFeed(
      (position) => this.#transport.call('events.list', { query: { types, limit, cursor: position } }, call),
      cursor === undefined ? 'latest' : cursor,
      pollInterval,
      call.signal,
    );
  }
}
