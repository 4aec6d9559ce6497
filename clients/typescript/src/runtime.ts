interface Runtime {
  readonly document?: unknown;
  readonly process?: { readonly versions?: { readonly node?: string } };
  readonly navigator?: { readonly userAgent?: string };
}

/** Whether the program runs on a server: Node.js, Deno, Bun or Cloudflare Workers. */
export function isServerRuntime(runtime: Runtime = globalThis as Runtime): boolean {
  if (runtime.document !== undefined) return false;
  return runtime.process?.versions?.node !== undefined || runtime.navigator?.userAgent === 'Cloudflare-Workers';
}
