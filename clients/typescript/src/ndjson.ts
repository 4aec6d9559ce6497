import { ConfigurationError } from './errors.js';
import type { ImportedLine, ImportResult } from './types.js';

/** The most lines and bytes of one import. */
export interface ImportLimits {
  readonly lines: number;
  readonly bytes: number;
}

/** The limits of the service. */
export const IMPORT_LIMITS: ImportLimits = { lines: 1_000, bytes: 4 * 1024 * 1024 };

/** The lines of one request of an import. */
export interface ImportPart {
  readonly text: string;
  /** The number of lines before it. */
  readonly offset: number;
}

/** What can be imported: memories, lines of NDJSON, or its whole text. */
export type Importable = string | Iterable<object | string> | AsyncIterable<object | string>;

/** Splits an input into requests that the service accepts. */
export async function* importParts(
  input: Importable,
  limits: ImportLimits = IMPORT_LIMITS,
): AsyncGenerator<ImportPart, void, undefined> {
  if (!isImportable(input)) throw new ConfigurationError('An import is a text of NDJSON, or an iterable of memories or lines');
  const encoder = new TextEncoder();
  let [lines, bytes, offset]: [string[], number, number] = [[], 0, 0];
  for await (const item of typeof input === 'string' ? textLines(input) : input) {
    const line = lineOf(item);
    const size = encoder.encode(line).length + 1;
    if (lines.length > 0 && (lines.length >= limits.lines || bytes + size > limits.bytes)) {
      if (!isBlank(lines)) yield { text: lines.join('\n'), offset };
      [lines, bytes, offset] = [[], 0, offset + lines.length];
    }
    lines.push(line);
    bytes += size;
  }
  if (!isBlank(lines)) yield { text: lines.join('\n'), offset };
}

/** The service refuses a request without a memory. */
function isBlank(lines: readonly string[]): boolean {
  return lines.every((line) => line.trim() === '');
}

function isImportable(input: unknown): boolean {
  if (typeof input === 'string') return true;
  if (typeof input !== 'object' || input === null || ArrayBuffer.isView(input)) return false;
  return Symbol.iterator in input || Symbol.asyncIterator in input;
}

/** A line without its end. Two lines in one, or a part of a stream, would shift the numbers of all that follow. */
function lineOf(item: unknown): string {
  const line = typeof item === 'string' ? item.replace(/\r?\n$/, '') : JSON.stringify(item);
  if (line === undefined || line.includes('\n') || ArrayBuffer.isView(item)) {
    throw new ConfigurationError('Each item of an import must be a memory or one line of NDJSON, not a part of a stream');
  }
  return line;
}

function textLines(text: string): string[] {
  const lines = text.split('\n');
  // A line break ends the last line; it does not begin another one.
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** The result of an import without lines. */
export function nothingImported(): ImportResult {
  return { imported: 0, existing: 0, replaced: 0, failed: 0, results: [] };
}

/** Adds the result of a part to the result of the parts before it, with the line numbers of the whole input. */
export function mergeImport(whole: ImportResult, part: ImportResult, offset: number): ImportResult {
  const results = part.results.map((result: ImportedLine) => ({ ...result, line: result.line + offset }));
  return {
    ...part,
    imported: whole.imported + part.imported,
    existing: whole.existing + part.existing,
    replaced: whole.replaced + part.replaced,
    failed: whole.failed + part.failed,
    results: [...whole.results, ...results],
  };
}

/** The cursor of the next page, from the `Link` header of this one. */
export function nextCursorOf(link: string | null): string | null {
  const target = /<([^>]*)>\s*;\s*rel="?next"?/.exec(link ?? '')?.[1];
  if (target === undefined) return null;
  // The base is needed for a relative link only; the cursor is all that is used.
  return new URL(target, 'http://localhost').searchParams.get('cursor');
}
