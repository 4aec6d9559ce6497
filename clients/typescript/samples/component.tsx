'use client';

import { getToken } from '@clerk/nextjs';
import { HeroBrain } from '@herobrain/sdk';

// One client for all components and renderings: its calls wait for each other after a 429. The session token is valid for a
// minute: the client gets a fresh one for every attempt.
const hb = new HeroBrain({ token: () => getToken() });

export function MyComponent() {
  const createMemory = async () => {
    const result = await hb.memories.create({ content: 'User created memory', type: 'episodic' });
    console.log(result.data);
  };

  return <button onClick={createMemory}>Create Memory</button>;
}
