import type { CallOptions } from './options.js';
import { milliseconds } from './options.js';
import { unmovedCursor } from './response.js';
import type { EnvelopeOf, Event, QueryOf } from './types.js';
import { throwIfAborted, wait } from './wait.js';

/** How the feed is followed. */
export interface FollowOptions extends CallOptions {
  /** Only events of these types, as `memory.*`. */
  types?: QueryOf<'events.list'>['types'];
  /** Where to continue; null is the oldest event that is kept. Default: `latest`, the end of the feed. */
  cursor?: string | null | undefined;
  /** The most events of one request, 1 to 100. */
  limit?: number | undefined;
  /** Milliseconds between two requests at the end of the feed. Default: 5,000. */
  pollInterval?: number | undefined;
}

/** The feed of events without an end. Stop with `break`, or abort `signal`, which throws an AbortError. */
export class EventFeed implements AsyncIterable<Event> {
  readonly #load: (cursor: string | undefined) => Promise<EnvelopeOf<'events.list'>>;
  readonly #pollInterval: number;
  readonly #signal: AbortSignal | undefined;
  #cursor: string | null;

  /** @internal */
  constructor(
    load: (cursor: string | undefined) => Promise<EnvelopeOf<'events.list'>>,
    cursor: string | null,
    pollInterval: number | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.#load = load;
    this.#cursor = cursor;
    this.#pollInterval = milliseconds('pollInterval', pollInterval, 5_000, 0);
    this.#signal = signal;
  }

  /**
   * Where to continue after the event at hand: store it when the event is done. The server has one cursor for each page. Within a page
   * this is its start, so that some events may come again after a restart, each with the same id, and none is missed.
   */
  get cursor(): string | null {
    return this.#cursor;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined> {
    for (;;) {
      const cursor = this.#cursor;
      const { data, response } = await this.#load(cursor ?? undefined);
      const { events, hasMore, nextCursor } = data;
      for (const [index, event] of events.entries()) {
        if (index === events.length - 1) this.#cursor = nextCursor;
        yield event;
        throwIfAborted(this.#signal);
      }
      this.#cursor = nextCursor;
      if (hasMore && nextCursor === cursor) throw unmovedCursor(response);
      if (!hasMore) await wait(this.#pollInterval, this.#signal);
    }
  }
}
