import { MockError } from './mock-error.js';

/** What has become of an item of a bulk or a line of an import. */
export interface ItemResult {
  readonly outcome: string;
  readonly view: object;
}

/** Handles an item: an error of the service is its result. */
export function attempt(place: object, run: () => ItemResult): ItemResult {
  try {
    const { outcome, view } = run();
    return { outcome, view: { ...place, ...view } };
  } catch (error) {
    if (!(error instanceof MockError)) throw error;
    const { code, message, field } = error.failure;
    return { outcome: 'failed', view: { ...place, errors: [{ code, message, ...(field === undefined ? {} : { field }) }] } };
  }
}

/** The number of items with an outcome. */
export function count(results: readonly ItemResult[], outcome: string): number {
  return results.filter((result) => result.outcome === outcome).length;
}

/** What creations and imports tell besides the number of new memories. */
export function summary(results: readonly ItemResult[]): object {
  return {
    existing: count(results, 'exists'),
    replaced: count(results, 'replaced'),
    failed: count(results, 'failed'),
    results: results.map(({ view }) => view),
  };
}
