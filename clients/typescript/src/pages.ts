import type { ResponseInfo } from './response.js';
import { unmovedCursor } from './response.js';

/** What a page contains, and where the next one begins. */
export interface PageContent<Item> {
  readonly items: readonly Item[];
  /** null or undefined: this is the last page. A page may be short, or empty, and still be followed by others. */
  readonly next: string | null | undefined;
}

/**
 * The pages of a list. `await` gives the first page, `for await` goes over the items of all pages, and `pages()` over the pages.
 *
 * Nothing is requested before. The first page is requested once, also if it is awaited and iterated over.
 */
export class Pages<Page extends { readonly response: ResponseInfo }, Item> implements Promise<Page>, AsyncIterable<Item> {
  readonly #load: (cursor: string | undefined) => Promise<Page>;
  readonly #read: (page: Page) => PageContent<Item>;
  #first: Promise<Page> | undefined;

  constructor(load: (cursor: string | undefined) => Promise<Page>, read: (page: Page) => PageContent<Item>) {
    this.#load = load;
    this.#read = read;
  }

  get [Symbol.toStringTag](): string {
    return 'Pages';
  }

  then<A = Page, B = never>(
    onfulfilled?: ((page: Page) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#firstPage().then(onfulfilled, onrejected);
  }

  catch<B = never>(onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<Page | B> {
    return this.#firstPage().catch(onrejected);
  }

  finally(onfinally?: (() => void) | null): Promise<Page> {
    return this.#firstPage().finally(onfinally);
  }

  /** Goes over the pages. */
  async *pages(): AsyncGenerator<Page, void, undefined> {
    let page = await this.#firstPage();
    let cursor: string | undefined;
    for (;;) {
      yield page;
      const { next } = this.#read(page);
      if (next === null || next === undefined) return;
      if (next === cursor) throw unmovedCursor(page.response);
      cursor = next;
      page = await this.#load(cursor);
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.pages()) yield* this.#read(page).items;
  }

  /** The items of all pages, or of as many as contain `limit` items. */
  async toArray(limit: number = Infinity): Promise<Item[]> {
    const items: Item[] = [];
    if (limit <= 0) return items;
    for await (const item of this) {
      items.push(item);
      if (items.length >= limit) break;
    }
    return items;
  }

  #firstPage(): Promise<Page> {
    this.#first ??= this.#load(undefined);
    return this.#first;
  }
}
