let last = 0;

/** A new id. Later ids are greater. */
export function newId(prefix: string, length: number): string {
  last += 1;
  return `${prefix}_${last.toString(36).padStart(length, '0')}`;
}
