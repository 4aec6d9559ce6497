/** The fields of an object of the mock. */
export type Fields = Record<string, unknown>;

/** A memory of the mock. */
export type Item = Fields & { id: string };

const EXACT = ['type', 'userId', 'agentId', 'sessionId'];

/** Whether a memory meets the simple conditions of a list, a search or a deletion. */
export function isSelected(memory: Item, conditions: Fields): boolean {
  const expiresAt = memory['expiresAt'];
  if (typeof expiresAt === 'string' && Date.parse(expiresAt) <= Date.now()) return false;
  const tags = listOf(conditions['tags'], ',');
  const [namespace, prefix] = [listOf(conditions['namespace'], '/'), listOf(conditions['namespacePrefix'], '/')];
  const own = listOf(memory['namespace'], '/');
  return (
    EXACT.every((field) => conditions[field] === undefined || conditions[field] === memory[field]) &&
    tags.every((tag) => (memory['tags'] as string[]).includes(tag)) &&
    (namespace.length === 0 || JSON.stringify(namespace) === JSON.stringify(own)) &&
    prefix.every((segment, index) => own[index] === segment)
  );
}

function listOf(value: unknown, separator: string): string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'string' && value !== '' ? value.split(separator) : [];
}

/** Orders memories as a list does. Those of the same time are in the order of their creation. */
export function sorted(memories: Item[], { sort = 'createdAt', order = 'desc' }: Fields): Item[] {
  const direction = order === 'asc' ? 1 : -1;
  const value = (memory: Item): string | number => memory[String(sort)] as string | number;
  return [...memories].sort((a, b) => {
    if (value(a) !== value(b)) return value(a) < value(b) ? -direction : direction;
    return a.id < b.id ? -direction : direction;
  });
}

/** What makes a key unique. */
export function identity({ key, namespace, userId, agentId }: Fields): string {
  return JSON.stringify([key, listOf(namespace, '/'), userId ?? null, agentId ?? null]);
}

/** The share of the words of a query that a memory has; null without a query. */
export function relevanceOf(memory: Item, query: string): number | null {
  const words = wordsOf(query);
  if (words.length === 0) return null;
  const own = new Set(wordsOf(String(memory['content'])));
  return words.filter((word) => own.has(word)).length / words.length;
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** A memory with the changes of a patch: null removes a field; metadata is merged (RFC 7396) unless it is to be replaced. */
export function applyPatch(memory: Item, { metadataMode, ...patch }: Fields): Item {
  const metadata =
    metadataMode === 'replace' || patch['metadata'] == null ? patch['metadata'] : merge(memory['metadata'], patch['metadata']);
  return { ...memory, ...patch, ...('metadata' in patch ? { metadata } : {}), id: memory.id };
}

function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, merge(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}

/** Whether a value is an object of JSON. */
export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
