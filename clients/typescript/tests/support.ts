import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import type { ClientOptions, Fetch, FetchInit } from '@herobrain/sdk';
import { HeroBrain } from '@herobrain/sdk';

/** What a local server prints when it is ready. */
export interface Server {
  readonly url: string;
  readonly tenantId: string;
  readonly apiKey: string;
  readonly jwt: string;
  stop(): Promise<void>;
}

/** Starts a local server on a free port, which keeps nothing. */
export async function startServer(plan: 'free' | 'pro' | 'enterprise' = 'enterprise'): Promise<Server> {
  const binary = process.env['HEROBRAIN_BINARY'];
  if (binary === undefined) throw new Error('HEROBRAIN_BINARY is the path of the server');
  const folder = mkdtempSync(join(tmpdir(), 'herobrain-'));
  const options = ['--port', '0', '--memory', '--json', '--plan', plan];
  const child = spawn(binary, options, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).once('line', resolve);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The server ended with ${code}`)));
  });
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  return { ...(JSON.parse(line) as Omit<Server, 'stop'>), stop };
}

/** Waits until the condition holds. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** A request that a scripted fetch has received. */
export interface Sent extends FetchInit {
  readonly url: string;
}

/** A response to be, or what is thrown in its place. */
export type Planned = Response | Error | ((sent: Sent) => Response | Promise<Response>);

/** A fetch that gives the planned responses one after the other, and the last one for ever. */
export function scripted(...plan: Planned[]): { fetch: Fetch; sent: Sent[] } {
  const sent: Sent[] = [];
  const fetch: Fetch = async (url, init) => {
    sent.push({ url, ...init });
    const next = plan[Math.min(sent.length, plan.length) - 1];
    if (next instanceof Error) throw next;
    if (typeof next === 'function') return next(sent.at(-1) as Sent);
    return (next as Response).clone();
  };
  return { fetch, sent };
}

/** A client over planned responses that repeats without delay. */
export function scriptedClient(plan: Planned[], options: ClientOptions = {}): { hb: HeroBrain; sent: Sent[] } {
  const { fetch, sent } = scripted(...plan);
  return { hb: new HeroBrain({ apiKey: 'hb_dev_test', retryDelay: 0, ...options, fetch }), sent };
}

const METADATA = { request_id: 'req_test', timestamp: '2026-01-01T00:00:00.000Z', version: 'v1' };

/** A successful response. */
export function ok(data: unknown, init: ResponseInit = {}): Response {
  return Response.json({ success: true, data, metadata: METADATA }, init);
}

/** An error response. */
export function failure(status: number, code: string, headers: Record<string, string> = {}, more: object = {}): Response {
  const errors = [{ code, message: `It is ${code}`, ...more }];
  return Response.json({ success: false, errors, metadata: METADATA }, { status, headers });
}

/** Sends what is meant for the public address of the API to a local server, until the returned function is called. */
export function redirectDefault(url: string): () => void {
  const original = globalThis.fetch;
  globalThis.fetch = (input, init) => original(String(input).replace('https://api.herobrain.ai', url), init);
  return () => {
    globalThis.fetch = original;
  };
}
