// Runs a receiver of infra/WEBHOOKS.md: `node recipes.mjs KIND RECIPE FILE`. KIND is `lambda` or `request`, RECIPE the file with
// the receiver, FILE a list of {"secret", "headers", "body"}. Prints a list of what the receiver answers to each: the status,
// and for `lambda` also the one for the body in base64.

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [kind, recipe, file] = process.argv.slice(2);
const messages = JSON.parse(readFileSync(file, 'utf8'));
const log = console.log;
console.log = () => {};

const answers = [];
for (const [number, { secret, headers, body }] of messages.entries()) {
  process.env.WEBHOOK_SECRET = secret;
  const { handler } = await import(`${pathToFileURL(recipe)}?${number}`);
  if (kind === 'lambda') {
    const encoded = Buffer.from(body).toString('base64');
    const plain = await handler({ headers, body, isBase64Encoded: false });
    const base64 = await handler({ headers, body: encoded, isBase64Encoded: true });
    answers.push([plain.statusCode, base64.statusCode]);
  } else {
    const request = new Request('https://receiver.example/hook', { method: 'POST', headers, body });
    answers.push([(await handler(request)).status]);
  }
}
log(JSON.stringify(answers));
