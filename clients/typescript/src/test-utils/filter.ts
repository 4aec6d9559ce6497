import type { Item } from './matching.js';
import { isObject } from './matching.js';
import { MockError } from './mock-error.js';

type Operator = (own: unknown, value: unknown) => boolean;

const OPERATORS: Readonly<Record<string, Operator>> = {
  eq: equals,
  ne: (own, value) => !equals(own, value),
  in: (own, values) => isOneOf(own, values),
  nin: (own, values) => !isOneOf(own, values),
  gt: (own, value) => compare(own, value) > 0,
  gte: (own, value) => compare(own, value) >= 0,
  lt: (own, value) => compare(own, value) < 0,
  lte: (own, value) => compare(own, value) <= 0,
  exists: (own, value) => (own !== undefined) === value,
  contains: (own, value) => (typeof own === 'string' ? own.includes(String(value)) : isOneOf(value, own)),
  prefix: hasPrefix,
};

const TIMES = ['createdAt', 'updatedAt', 'expiresAt'];

/** Whether a memory meets a filter with operators. */
export function meetsFilter(memory: Item, filter: unknown): boolean {
  const [member, ...others] = isObject(filter) ? Object.entries(filter) : [];
  if (member === undefined || others.length > 0) throw invalidFilter('A filter has one member');
  const [name, value] = member;
  if (name === 'and') return (value as unknown[]).every((part) => meetsFilter(memory, part));
  if (name === 'or') return (value as unknown[]).some((part) => meetsFilter(memory, part));
  if (name === 'not') return !meetsFilter(memory, value);
  if (!isObject(value)) throw invalidFilter(`${name} must be an object of operators`);
  const own = valueAt(memory, name);
  return Object.entries(value).every(([operator, operand]) => {
    const meets = OPERATORS[operator];
    if (meets === undefined) throw invalidFilter(`${operator} is not an operator`);
    return TIMES.includes(name) && operator !== 'exists' ? meets(timeOf(own), timeOf(operand)) : meets(own, operand);
  });
}

function invalidFilter(message: string): MockError {
  return new MockError({ status: 400, code: 'VALIDATION_ERROR', message, field: 'filter' });
}

/** The value at a path as `metadata.a.b`. A backslash stands before a dot that belongs to a name. */
function valueAt(memory: Item, path: string): unknown {
  const names = path.split(/(?<!\\)\./).map((name) => name.replace(/\\(.)/g, '$1'));
  return names.reduce<unknown>((value, name) => (isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined), memory);
}

/** Times are compared in milliseconds. A number is in seconds below 10^11. */
function timeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(timeOf);
  if (typeof value === 'number') return value < 1e11 ? value * 1000 : value;
  return value === undefined ? undefined : Date.parse(String(value));
}

function equals(own: unknown, value: unknown): boolean {
  return own !== undefined && JSON.stringify(own) === JSON.stringify(value);
}

function isOneOf(value: unknown, values: unknown): boolean {
  return Array.isArray(values) && values.some((other) => equals(value, other));
}

/** Values of different kinds are neither greater nor less. */
function compare(own: unknown, value: unknown): number {
  if (typeof own === 'number' && typeof value === 'number') return own - value;
  if (typeof own !== 'string' || typeof value !== 'string') return NaN;
  return own === value ? 0 : own < value ? -1 : 1;
}

function hasPrefix(own: unknown, value: unknown): boolean {
  if (Array.isArray(own) && Array.isArray(value)) return value.every((segment, index) => own[index] === segment);
  return typeof own === 'string' && typeof value === 'string' && own.startsWith(value);
}
