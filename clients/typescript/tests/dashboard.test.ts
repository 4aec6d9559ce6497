import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { HeroBrain } from '@herobrain/sdk';

import type { Server } from './support.js';
import { startServer } from './support.js';

let server: Server;

before(async () => {
  server = await startServer();
});
after(() => server.stop());

/** Runs the example of the dashboard's page "Connect" with the server's base URL, as a program; returns what it prints. */
async function runExample(): Promise<string> {
  const compiled = readFileSync(new URL('../dashboard/typescript.mjs', import.meta.url), 'utf8');
  // Beside the compiled one, from where the package is found.
  const program = fileURLToPath(new URL('../dashboard/shown.mjs', import.meta.url));
  writeFileSync(program, compiled.replaceAll('BASE_URL', server.url));
  const env = { ...process.env, HEROBRAIN_API_KEY: server.apiKey };
  const { stdout } = await promisify(execFile)(process.execPath, [program], { env, timeout: 30_000 });
  return stdout;
}

test("the dashboard's example finds the memory that it creates", async () => {
  const hb = new HeroBrain({ apiKey: server.apiKey, baseUrl: server.url });
  const contents = async (): Promise<string[]> =>
    (await hb.memories.list({ userId: 'ada' })).data.memories.map(({ content }) => content);
  assert.deepEqual(await contents(), []);
  assert.match(await runExample(), /^[01](\.\d+)? Prefers the window seat\n$/);
  assert.deepEqual(await contents(), ['Prefers the window seat']);
});
