// Compiled without the types of browsers: those of Node.js are enough. What is wrong has to be refused.
import type { Memory } from '@herobrain/sdk';
import { HeroBrain } from '@herobrain/sdk';
import { MockHeroBrain } from '@herobrain/sdk/test-utils';

const hb: HeroBrain = new MockHeroBrain({ logging: console });

export const all = async (): Promise<Memory[]> => hb.memories.list({ tags: ['a'] }).toArray();
export const token = new HeroBrain({ token: async () => 'token' });

// @ts-expect-error: `content` is required.
void hb.memories.create({ type: 'task' });
// @ts-expect-error: a memory has no such field.
void hb.memories.create({ type: 'task', content: 'x', colour: 1 });
// @ts-expect-error: there is no such type of memory.
void hb.memories.list({ type: 'none' });
// @ts-expect-error: the mock answers in the form of the API.
void new MockHeroBrain().respond('health.check', { status: 1 });
